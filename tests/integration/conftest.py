# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests: the lab, its servers, and applications to deploy."""

from __future__ import annotations

from tests.support.container_app import application, board
from tests.support.lab import lab
from tests.support.release_world import world
from tests.support.servers import lab_server, module_lab_server, session_lab_server
from tests.support.vpn import vpn

__all__ = [
    "application",
    "board",
    "lab",
    "lab_server",
    "module_lab_server",
    "session_lab_server",
    "vpn",
    "world",
]
