# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access rules decide as keystonemiddleware does."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.access_rules import (
    AccessRule,
    parse_rules,
    permits,
)


@pytest.mark.parametrize(
    ("pattern", "path", "allowed"),
    [
        ("/v2.0/security-groups", "/v2.0/security-groups", True),
        ("/v2.0/security-groups", "/v2.0/security-groups/x", False),
        ("/v2.0/security-group-rules/*", "/v2.0/security-group-rules/4f1b", True),
        ("/v2.0/security-group-rules/*", "/v2.0/security-group-rules/a/b", False),
        ("/v2.0/security-group-rules/{id}", "/v2.0/security-group-rules/4f1b", True),
        ("/v2.0/**", "/v2.0/a/b/c", True),
        ("/v2.0/s*s", "/v2.0/security-groups", True),
        ("/v2.0/a.b", "/v2x0/a.b", False),
    ],
)
def test_a_path_is_matched_by_its_segments(pattern: str, path: str, allowed: bool) -> None:
    assert AccessRule("network", "GET", pattern).allows("network", "GET", path) is allowed


def test_service_and_method_count() -> None:
    rules = parse_rules([{"service": "network", "method": "GET", "path": "/a", "id": "1"}])
    assert rules is not None
    assert permits(rules, "network", "GET", "/a")
    assert not permits(rules, "network", "POST", "/a")
    assert not permits(rules, "compute", "GET", "/a")


def test_no_list_is_not_an_empty_list() -> None:
    assert parse_rules(None) is None
    assert parse_rules([]) == ()
