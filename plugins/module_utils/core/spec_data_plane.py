# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option ``data_plane``, shared by api_source_restriction, api_source_restriction_info and access_probe."""

from __future__ import annotations

from typing import Any

from ..model.data_plane import KINDS

DATA_PLANE: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "kind": {"type": "str", "required": True, "choices": list(KINDS)},
        "resource_group": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
    },
}
