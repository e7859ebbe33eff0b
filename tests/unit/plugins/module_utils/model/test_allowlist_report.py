# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rollout report is told of allowlists."""

from __future__ import annotations

from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.allowlist_report import applied, drift

GROUP = {"kind": "security_group", "id": "", "name": "api", "parent": ""}
LIST = {"kind": "prefix_list", "id": "pl-1", "name": "", "parent": ""}
NOTHING: dict[str, Any] = {"missing": [], "undeclared": [], "wider": [], "expired": []}


def test_what_came_and_went_is_counted_by_scope() -> None:
    rows = [
        {"scope": GROUP, "entries": 3, "added": ["a", "b"], "removed": []},
        {"scope": LIST, "entries": 2, "added": [], "removed": ["c"]},
    ]
    assert applied(rows) == {
        "kind": "allowlist",
        "entries": 5,
        "scopes": [
            {"scope": "security_group api", "entries": 3, "added": 2, "removed": 0},
            {"scope": "prefix_list pl-1", "entries": 2, "added": 0, "removed": 1},
        ],
    }


def test_each_entry_is_told_once_by_what_matters_most() -> None:
    wide, old, strange = "192.0.2.0/24 tcp/443", "192.0.2.1/32 tcp/443", "192.0.2.2/32 tcp/22"
    row = {
        "scope": GROUP,
        "missing": ["192.0.2.3/32 tcp/443"],
        "undeclared": [wide, old, strange],
        "wider": [wide],
        "expired": [old],
    }
    told = drift([row, {"scope": LIST, **NOTHING}])
    assert told["kind"] == "drift" and {item["scope"] for item in told["rows"]} == {"security_group api"}
    assert [(item["entry"], item["state"]) for item in told["rows"]] == [
        ("192.0.2.3/32 tcp/443", "missing"),
        (old, "expired"),
        (wide, "wider"),
        (strange, "undeclared"),
    ]
    assert drift([{"scope": LIST, **NOTHING}]) == {"kind": "drift", "rows": []}
