# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of an allowlist, shared by access_allowlist and access_allowlist_info."""

from __future__ import annotations

from typing import Any

WAIVER: dict[str, Any] = {"type": "dict"}
SCOPE: dict[str, Any] = {
    "type": "dict",
    "required": True,
    "options": {
        "kind": {"type": "str", "required": True},
        "id": {"type": "str"},
        "name": {"type": "str"},
        "parent": {"type": "str"},
    },
}
#: Addresses from which the store moves away; their entries stay where they are.
KEEP: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
ENTRY: dict[str, Any] = {
    "cidr": {"type": "str", "required": True},
    "protocol": {"type": "str"},
    "ports": {"type": "str"},
    "owner": {"type": "str"},
    "ticket": {"type": "str"},
    "expires": {"type": "str"},
    "reason": {"type": "str"},
    "waiver": WAIVER,
}


def allowlists(entries_required: bool) -> dict[str, Any]:
    """Return the option ``allowlists``; an info module needs no entries."""
    entries: dict[str, Any] = {"type": "list", "elements": "dict", "options": ENTRY}
    if entries_required:
        entries["required"] = True
    options: dict[str, Any] = {"scope": SCOPE, "entries": entries, "aggregate": {"type": "bool", "default": False}}
    if entries_required:
        options["purge"] = {"type": "str", "choices": ["none", "own", "all"], "default": "own"}
    return {"type": "list", "elements": "dict", "required": True, "options": options}
