# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of baseline and baseline_info; the action plugin and both modules share them."""

from __future__ import annotations

from ..core.spec import Spec

SELECTION = Spec(
    {
        "baseline": {"type": "str", "default": "debian12"},
        "files": {"type": "list", "elements": "path", "default": []},
        "controls": {"type": "list", "elements": "str", "default": []},
        "skip": {"type": "list", "elements": "str", "default": []},
        "values": {"type": "dict", "default": {}},
        "bundle": {
            "type": "dict",
            "options": {
                "sha256": {"type": "str", "required": True},
                "path": {"type": "path"},
                "cache": {"type": "str", "required": True},
                "user": {"type": "str"},
                "over_ssh": {"type": "bool", "default": False},
                "with_password": {"type": "bool", "default": False, "no_log": False},
                "sudo_password": {"type": "bool", "default": False, "no_log": False},
            },
        },
    }
)

INFO = SELECTION

APPLY = SELECTION.merge(
    Spec(
        {
            "state": {"type": "str", "choices": ["applied"], "default": "applied"},
            "fix_packages": {"type": "bool", "default": False},
            "fix_disruptive": {"type": "bool", "default": True},
        }
    )
)
