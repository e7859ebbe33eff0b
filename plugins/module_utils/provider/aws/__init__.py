# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon Web Services: security groups, prefix lists and network ACLs as allowlists, IAM as source restriction, VPN."""

from __future__ import annotations

from ...model.credential import Credential
from ..base import KeyAdapter, Permissions, Provider, SourceRestrictionAdapter, Vpn
from .allowlist import BARE_KINDS, KINDS, NOTE_CHARS, allowlists, fits
from .credential import SERVICES
from .session import AwsSession

# A task needs one capability, and each module is compiled anew in every task: the others are not loaded.


def _source_restriction(session: AwsSession, store: str) -> SourceRestrictionAdapter:
    from .source_restriction import SourcePolicy

    return SourcePolicy(session, store)


def _keys(session: AwsSession, credential: Credential) -> KeyAdapter:
    from .keys import AccessKeys

    return AccessKeys(session, credential)


def _vpn() -> Vpn:
    from .vpn import VPN

    return VPN


def _permissions() -> Permissions:
    from .granted import UserPermissions
    from .need import ADMINISTRATOR, HOW, NEEDS, READING

    return Permissions(NEEDS, UserPermissions, HOW, READING, ADMINISTRATOR)


PROVIDER = Provider(
    name="aws",
    open=AwsSession,
    scope_kinds=KINDS,
    bare_kinds=BARE_KINDS,
    allowlist=allowlists,
    source_restriction=_source_restriction,
    vpn=_vpn,
    keys=_keys,
    permissions=_permissions,
    probe_services=SERVICES,
    mark_chars=NOTE_CHARS,
    fits=fits,
)
