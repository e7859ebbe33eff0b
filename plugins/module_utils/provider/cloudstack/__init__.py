# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudStack, and BT Cloud, which speaks its API. SDK: the library cs."""

from __future__ import annotations

from ...model.credential import Credential
from ..base import KeyAdapter, Permissions, Provider, SourceRestrictionAdapter, Vpn
from .allowlist import KINDS, allowlists
from .marks import MARK_CHARS
from .rules import fits
from .session import CloudStackSession

# A task needs one capability, and each module is compiled anew in every task: the others are not loaded.


def _source_restriction(session: CloudStackSession, store: str) -> SourceRestrictionAdapter:
    from .source_restriction import CloudStackSourceRestriction

    return CloudStackSourceRestriction(session, store)


def _keys(session: CloudStackSession, credential: Credential) -> KeyAdapter:
    from .keys import UserKeys

    return UserKeys(session, credential)


def _vpn() -> Vpn:
    from .vpn import VPN

    return VPN


def _permissions() -> Permissions:
    from .granted import RoleCommands
    from .need import ADMINISTRATOR, HOW, NEEDS, READING

    return Permissions(NEEDS, RoleCommands, HOW, READING, ADMINISTRATOR)


PROVIDER = Provider(
    name="cloudstack",
    open=CloudStackSession,
    scope_kinds=KINDS,
    allowlist=allowlists,
    source_restriction=_source_restriction,
    vpn=_vpn,
    keys=_keys,
    permissions=_permissions,
    probe_services=("api",),
    mark_chars=MARK_CHARS,
    fits=fits,
)
