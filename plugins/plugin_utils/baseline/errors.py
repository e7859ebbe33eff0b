# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of a baseline that cannot be used."""

from __future__ import annotations


class BaselineInvalid(Exception):
    """Says which file and line, what is wrong there, and what would be right."""
