# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudStack, and BT Cloud, which speaks its API. SDK: the library cs."""

from __future__ import annotations

from ..base import Permissions, Provider
from .allowlist import KINDS, allowlists
from .granted import RoleCommands
from .keys import UserKeys
from .marks import MARK_CHARS
from .need import ADMINISTRATOR, HOW, NEEDS, READING
from .rules import fits
from .session import CloudStackSession
from .source_restriction import CloudStackSourceRestriction

PROVIDER = Provider(
    name="cloudstack",
    open=CloudStackSession,
    scope_kinds=KINDS,
    allowlist=allowlists,
    source_restriction=CloudStackSourceRestriction,
    keys=UserKeys,
    permissions=Permissions(NEEDS, RoleCommands, HOW, READING, ADMINISTRATOR),
    probe_services=("api",),
    mark_chars=MARK_CHARS,
    fits=fits,
)
