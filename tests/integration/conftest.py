# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests: the lab and its servers."""

from __future__ import annotations

from tests.support.lab import lab
from tests.support.servers import lab_server, module_lab_server, session_lab_server
from tests.support.vpn import vpn

__all__ = ["lab", "lab_server", "module_lab_server", "session_lab_server", "vpn"]
