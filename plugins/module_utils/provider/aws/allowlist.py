# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of allowlist that an AWS account has."""

from __future__ import annotations

from ...model.entry import Entry
from ..by_kind import ByKind
from . import acl_rule
from .network_acl import NetworkAcls
from .prefix_list import PrefixLists
from .security_group import SecurityGroups
from .session import AwsSession

KINDS = ("security_group", "prefix_list", "network_acl")
#: Lists of addresses to which rules elsewhere refer.
BARE_KINDS = ("prefix_list",)
#: Descriptions of rules and of a prefix list's entries have 255 characters, a tag's value 256.
NOTE_CHARS = 255


def fits(kind: str, entry: Entry) -> None:
    """Refuse an entry that a kind of scope cannot express."""
    if kind == "network_acl":
        acl_rule.fits(entry)


def allowlists(session: AwsSession, store: str) -> ByKind:
    """Return the adapter for all of them."""
    return ByKind(
        {
            "security_group": SecurityGroups(session, store),
            "prefix_list": PrefixLists(session, store),
            "network_acl": NetworkAcls(session, store),
        }
    )
