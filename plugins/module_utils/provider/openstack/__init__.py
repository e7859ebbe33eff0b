# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenStack: Neutron's security groups as allowlists, Keystone's application credentials as keys."""

from __future__ import annotations

from ..base import Permissions, Provider
from .allowlist import LIMITS, SecurityGroups
from .credential import SERVICES
from .granted import TokenPermissions
from .keys import ApplicationCredentials
from .need import ADMINISTRATOR, HOW, NEEDS
from .session import OpenStackSession
from .source_restriction import ApiFront

PROVIDER = Provider(
    name="openstack",
    open=OpenStackSession,
    scope_kinds=("security_group",),
    allowlist=SecurityGroups,
    source_restriction=ApiFront,
    keys=ApplicationCredentials,
    permissions=Permissions(NEEDS, TokenPermissions, HOW, administrator=ADMINISTRATOR),
    probe_services=SERVICES,
    mark_chars=LIMITS.note_chars,
)
