# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenStack: Neutron's security groups and address groups as allowlists, its VPNaaS, application credentials."""

from __future__ import annotations

from ...model.credential import Credential
from ..base import KeyAdapter, Permissions, Provider, SourceRestrictionAdapter, Vpn
from .allowlist import BARE_KINDS, KINDS, NOTE_CHARS, allowlists
from .credential import SERVICES
from .session import OpenStackSession

# A task needs one capability, and each module is compiled anew in every task: the others are not loaded.


def _source_restriction(session: OpenStackSession, store: str) -> SourceRestrictionAdapter:
    from .source_restriction import ApiFront

    return ApiFront(session, store)


def _keys(session: OpenStackSession, credential: Credential) -> KeyAdapter:
    from .keys import ApplicationCredentials

    return ApplicationCredentials(session, credential)


def _vpn() -> Vpn:
    from .vpn import vpn

    return vpn()


def _permissions() -> Permissions:
    from .granted import TokenPermissions
    from .need import ADMINISTRATOR, HOW, NEEDS

    return Permissions(NEEDS, TokenPermissions, HOW, administrator=ADMINISTRATOR)


PROVIDER = Provider(
    name="openstack",
    open=OpenStackSession,
    scope_kinds=KINDS,
    bare_kinds=BARE_KINDS,
    allowlist=allowlists,
    source_restriction=_source_restriction,
    vpn=_vpn,
    keys=_keys,
    permissions=_permissions,
    probe_services=SERVICES,
    mark_chars=NOTE_CHARS,
)
