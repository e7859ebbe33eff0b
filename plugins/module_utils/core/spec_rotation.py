# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a key is replaced, and how long the one before is kept; model/key_age.py says what follows from it."""

from __future__ import annotations

from .spec import Spec

ROTATION_POLICY = Spec(
    {
        "policy": {
            "type": "dict",
            "default": {},
            "options": {
                "max_age_days": {"type": "int", "default": 90},
                "warn_before_days": {"type": "int", "default": 14},
                "grace_days": {"type": "int", "default": 7},
                "lifetime_days": {"type": "int"},
                "expires_at": {"type": "str"},
            },
        },
    }
)
