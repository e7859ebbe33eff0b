# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of allowlist that an Azure subscription has."""

from __future__ import annotations

from ...model.entry import Entry
from ..base import AllowlistAdapter
from ..by_kind import ByKind
from . import rules
from .session import AzureSession

KINDS = ("network_security_group", "ip_group")
#: Lists of addresses to which rules elsewhere refer.
BARE_KINDS = ("ip_group",)
#: The least of both: descriptions of rules have 140 characters, a tag's value 256.
NOTE_CHARS = 140


def fits(kind: str, entry: Entry) -> None:
    """Refuse an entry that a kind of scope cannot express."""
    if kind == "network_security_group":
        rules.fits(entry)


def allowlists(session: AzureSession, store: str) -> ByKind:
    """Return the adapter for all of them."""

    def security_groups() -> AllowlistAdapter:
        from .security_group import NetworkSecurityGroups

        return NetworkSecurityGroups(session, store)

    def ip_groups() -> AllowlistAdapter:
        from .ip_group import IpGroups

        return IpGroups(session, store)

    return ByKind({"network_security_group": security_groups, "ip_group": ip_groups})
