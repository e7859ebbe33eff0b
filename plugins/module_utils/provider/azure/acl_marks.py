# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules of a storage account or key vault are this store's own: named in tags of the resource.

A rule has no description, and one tag per rule would be too many: ``svcstore:<store>:<n>`` holds as many addresses as
a tag's value takes. Rules and tags go in one write, so that no rule of ours is ever without its mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...core.errors import ProviderError
from ...model import mark

#: "Limitations of tags".
MOST_TAGS = 50
VALUE_CHARS = 256


def read(tags: Mapping[str, str] | None, store: str) -> frozenset[str]:
    """Return the prefixes that a store has marked."""
    found = [text for name, value in (tags or {}).items() if _is_mark(name, store) for text in str(value).split()]
    return frozenset(text if "/" in text else f"{text}/32" for text in found)


def write(tags: Mapping[str, str] | None, store: str, addresses: Iterable[str], doing: str) -> dict[str, str]:
    """Return all tags of the resource with these addresses marked; raises ProviderError (quota) for too many tags."""
    found = {name: value for name, value in (tags or {}).items() if not _is_mark(name, store)}
    values: list[str] = []
    for address in map(spelled, addresses):
        if values and len(values[-1]) + 1 + len(address) <= VALUE_CHARS:
            values[-1] += f" {address}"
        else:
            values.append(address)
    found.update({f"{_prefix(store)}{number}": value for number, value in enumerate(values, 1)})
    if values and len(found) > MOST_TAGS:
        why = f"it would have {len(found)} tags, by which rules are marked, and Azure takes {MOST_TAGS}"
        raise ProviderError("azure", doing, why, "quota", hint="remove tags, or aggregate the prefixes")
    return found


def spelled(cidr: str) -> str:
    """Return a prefix as both services and the marks take it: a single address without its length."""
    return cidr.removesuffix("/32")


def _prefix(store: str) -> str:
    return f"{mark.PREFIX}{store}:"


def _is_mark(name: str, store: str) -> bool:
    # Azure compares names of tags without regard to case, and may give them back in another.
    return name.lower().startswith(_prefix(store)) and name[len(_prefix(store)) :].isdecimal()
