# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of a resource, within the limits of "Use tags to organize your Azure resources"."""

from __future__ import annotations

from lab.clouds.azure.wire import AzureError, Json

MAX_TAGS, MAX_NAME, MAX_VALUE = 50, 512, 256
RESERVED = "<>%&\\?/"


def check(tags: Json | None, max_name: int = MAX_NAME) -> dict[str, str]:
    """The tags as they are stored, or an AzureError. Names are compared without regard to case.

    max_name: storage accounts take shorter names.
    """
    found = {str(name): str(value) for name, value in (tags or {}).items()}
    if len(found) > MAX_TAGS:
        raise AzureError(
            400, "InvalidTags", f"The number of tags on the resource is {len(found)}; at most {MAX_TAGS} are allowed."
        )
    if len({name.lower() for name in found}) < len(found):
        raise AzureError(400, "InvalidTags", "Tag names must be unique; they are case-insensitive.")
    for name, value in found.items():
        if set(name) & set(RESERVED):
            raise AzureError(
                400, "InvalidTagNameCharacters", f"The tag name '{name}' has reserved characters '{RESERVED}'."
            )
        if not name or len(name) > max_name or len(value) > MAX_VALUE:
            raise AzureError(
                400, "InvalidTags", f"Tag '{name[:60]}': a name has 1 to {max_name} characters, a value {MAX_VALUE}."
            )
    return found
