# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Azure: network security groups and IP groups, Conditional Access and firewalls as restriction, VPN."""

from __future__ import annotations

from ...model.credential import Credential
from ..base import DataPlane, KeyAdapter, Permissions, Provider, SourceRestrictionAdapter, Vpn
from .allowlist import BARE_KINDS, KINDS, NOTE_CHARS, allowlists, fits
from .credential import SERVICES
from .session import AzureSession

# A task needs one capability, and each module is compiled anew in every task: the others are not loaded.


def _source_restriction(session: AzureSession, store: str) -> SourceRestrictionAdapter:
    from .source_restriction import TokenPolicy

    return TokenPolicy(session, store)


def _data_plane() -> DataPlane:
    from .data_plane import DATA_PLANE

    return DATA_PLANE


def _vpn() -> Vpn:
    from .vpn import VPN

    return VPN


def _keys(session: AzureSession, credential: Credential) -> KeyAdapter:
    from .keys import ClientSecrets

    return ClientSecrets(session, credential)


def _permissions() -> Permissions:
    from .granted import ApplicationPermissions
    from .need import ADMINISTRATOR, HOW, NEEDS, READING

    return Permissions(NEEDS, ApplicationPermissions, HOW, READING, ADMINISTRATOR)


PROVIDER = Provider(
    name="azure",
    open=AzureSession,
    scope_kinds=KINDS,
    bare_kinds=BARE_KINDS,
    allowlist=allowlists,
    source_restriction=_source_restriction,
    data_plane=_data_plane,
    vpn=_vpn,
    keys=_keys,
    permissions=_permissions,
    probe_services=SERVICES,
    rotator_probe="graph",
    mark_chars=NOTE_CHARS,
    fits=fits,
)
