# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon Web Services: security groups, prefix lists and network ACLs as allowlists, IAM as source restriction."""

from __future__ import annotations

from ..base import Permissions, Provider
from .allowlist import BARE_KINDS, KINDS, NOTE_CHARS, allowlists, fits
from .credential import SERVICES
from .granted import UserPermissions
from .keys import AccessKeys
from .need import ADMINISTRATOR, HOW, NEEDS, READING
from .session import AwsSession
from .source_restriction import SourcePolicy

PROVIDER = Provider(
    name="aws",
    open=AwsSession,
    scope_kinds=KINDS,
    bare_kinds=BARE_KINDS,
    allowlist=allowlists,
    source_restriction=SourcePolicy,
    keys=AccessKeys,
    permissions=Permissions(NEEDS, UserPermissions, HOW, READING, ADMINISTRATOR),
    probe_services=SERVICES,
    mark_chars=NOTE_CHARS,
    fits=fits,
)
