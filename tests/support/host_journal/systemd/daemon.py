# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of systemd.daemon that ansible-core asks."""

from __future__ import annotations


def booted() -> bool:
    """Say that there is a journal."""
    return True
