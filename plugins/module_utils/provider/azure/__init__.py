# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Azure: network security groups as allowlists, Conditional Access as API source restriction."""

from __future__ import annotations

from ..base import Permissions, Provider
from .allowlist import LIMITS, NetworkSecurityGroups
from .credential import SERVICES
from .granted import ApplicationPermissions
from .keys import ClientSecrets
from .need import ADMINISTRATOR, HOW, NEEDS, READING
from .rules import fits
from .session import AzureSession
from .source_restriction import TokenPolicy

PROVIDER = Provider(
    name="azure",
    open=AzureSession,
    scope_kinds=("network_security_group",),
    allowlist=NetworkSecurityGroups,
    source_restriction=TokenPolicy,
    keys=ClientSecrets,
    permissions=Permissions(NEEDS, ApplicationPermissions, HOW, READING, ADMINISTRATOR),
    probe_services=SERVICES,
    rotator_probe="graph",
    mark_chars=LIMITS.note_chars,
    fits=fits,
)
