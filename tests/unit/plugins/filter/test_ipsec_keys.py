# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of connections are refused by name, and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.strategic.service_store.plugins.filter.ipsec_connections import ipsec_connections

KEY, OTHER, WEAK = "k7Vq2mXwR9tBz4LpN8sYc3HdJ6fGe5Ua", "Hw5nJx1KtR8gBvD4mQs2LpY9cUe6XiMa", "canary"


def site(name: str, address: str = "198.51.100.1", **local: str) -> dict[str, Any]:
    return {
        "name": name,
        "local": {"address": "192.0.2.1", **local},
        "remote": {"address": address},
        "sources": [{"address": "10.1.0.11"}],
        "targets": [{"address": "10.2.0.10", "port": 5000}],
    }


@pytest.mark.parametrize(
    ("secrets", "also", "told"),
    [
        pytest.param({"acme": KEY}, {"acme": WEAK}, "ipsec_secrets_also.acme: .*fewer than 20", id="weak"),
        pytest.param({"acme": KEY}, {"acne": KEY}, "ipsec_secrets_also.acne: .*for no connection", id="misspelt"),
        pytest.param({"acme": WEAK}, {}, "ipsec_secrets.acme: .*fewer than 20", id="weak one in use"),
        pytest.param({}, {"acme": KEY}, "ipsec_secrets.acme: .*is not given", id="a second one alone"),
    ],
)
def test_a_bad_key_is_named_and_not_shown(secrets: dict[str, str], also: dict[str, str], told: str) -> None:
    with pytest.raises(AnsibleFilterError, match=told) as failed:
        ipsec_connections([site("acme")], secrets=secrets, also=also)
    assert KEY not in str(failed.value) and WEAK not in str(failed.value)


@pytest.mark.parametrize("also", [{}, {"acme": ""}, {"acme": OTHER}], ids=["none", "empty", "one"])
def test_a_second_key_is_no_part_of_what_is_returned(also: dict[str, str]) -> None:
    (view,) = ipsec_connections([site("acme")], secrets={"acme": KEY}, also=also)
    assert OTHER not in str(view) and view == ipsec_connections([site("acme")], secrets={"acme": KEY})[0]


def test_two_keys_for_one_identity_of_the_other_end_are_refused() -> None:
    both = [site("acme"), site("globex", id="other.store.example")]
    with pytest.raises(AnsibleFilterError, match="ipsec_secrets.globex: .*has another key than acme.*198.51.100.1"):
        ipsec_connections(both, secrets={"acme": KEY, "globex": OTHER})
    assert len(ipsec_connections(both, secrets={"acme": KEY, "globex": KEY})) == 2
    apart = [site("acme"), site("globex", "198.51.100.2")]
    assert len(ipsec_connections(apart, secrets={"acme": KEY, "globex": OTHER})) == 2
