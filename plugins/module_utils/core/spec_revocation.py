# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a revocation, documented in the doc fragment ``revocation``."""

from __future__ import annotations

from .spec import Spec

REVOCATION = Spec(
    {
        "rotator": {"type": "str"},
        "revocation": {
            "type": "dict",
            "default": {},
            "options": {
                "disable": {"type": "bool", "default": False},
                "verify_every_s": {"type": "float", "default": 1.0},
                "verify_timeout_s": {"type": "float", "default": 60.0},
            },
        },
    }
)
