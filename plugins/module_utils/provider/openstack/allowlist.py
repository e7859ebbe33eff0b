# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of allowlist that an OpenStack project has."""

from __future__ import annotations

from ..base import AllowlistAdapter
from ..by_kind import ByKind
from .rules import MARK_CHARS
from .session import OpenStackSession

KINDS = ("security_group", "address_group")
#: Lists of addresses to which rules elsewhere refer.
BARE_KINDS = ("address_group",)
NOTE_CHARS = MARK_CHARS


def allowlists(session: OpenStackSession, store: str) -> ByKind:
    """Return the adapter for all of them."""

    def security_groups() -> AllowlistAdapter:
        from .security_group import SecurityGroups

        return SecurityGroups(session, store)

    def address_groups() -> AllowlistAdapter:
        from .address_group import AddressGroups

        return AddressGroups(session, store)

    return ByKind({"security_group": security_groups, "address_group": address_groups})
