# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of allowlist that an AWS account has."""

from __future__ import annotations

from ...model.entry import Entry
from ..base import AllowlistAdapter
from ..by_kind import ByKind
from .session import AwsSession

KINDS = ("security_group", "prefix_list", "network_acl")
#: Lists of addresses to which rules elsewhere refer.
BARE_KINDS = ("prefix_list",)
#: Descriptions of rules and of a prefix list's entries have 255 characters, a tag's value 256.
NOTE_CHARS = 255


def fits(kind: str, entry: Entry) -> None:
    """Refuse an entry that a kind of scope cannot express."""
    if kind == "network_acl":
        from . import acl_rule

        acl_rule.fits(entry)


def allowlists(session: AwsSession, store: str) -> ByKind:
    """Return the adapter for all of them."""

    def security_groups() -> AllowlistAdapter:
        from .security_group import SecurityGroups

        return SecurityGroups(session, store)

    def prefix_lists() -> AllowlistAdapter:
        from .prefix_list import PrefixLists

        return PrefixLists(session, store)

    def network_acls() -> AllowlistAdapter:
        from .network_acl import NetworkAcls

        return NetworkAcls(session, store)

    return ByKind({"security_group": security_groups, "prefix_list": prefix_lists, "network_acl": network_acls})
