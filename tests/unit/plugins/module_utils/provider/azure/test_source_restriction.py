# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token policy: made once, enforced at the token endpoint, honest about Resource Manager."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.session import AzureSession
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.source_restriction import (
    LOCATIONS,
    POLICIES,
    TokenPolicy,
)
from lab.faults import FaultProxy
from tests.support.servers import LabServer, StartServer

from .conftest import APPLICATION, CLIENT, CONFIG, STORE, session

HERE, ELSEWHERE = "127.0.0.1/32", "192.0.2.1/32"


@pytest.fixture
def made(server: LabServer) -> AzureSession:
    return session(server.url, server.ca_file)


def names(made: AzureSession, path: str) -> list[Any]:
    return [item["displayName"] for item in made.pages("list", "graph", path, {})]


def test_a_restriction_comes_back_as_it_was_put(made: AzureSession) -> None:
    adapter = TokenPolicy(made, STORE)
    now = adapter.read_restriction()
    assert (now.addresses, now.applied_by) == ((), "store")
    assert "Resource Manager" in now.not_enforced
    assert {name: n for name, n in made.calls.by_name().items() if name.startswith("graph")} == {
        "graph.GET identity/conditionalAccess/namedLocations": 1,
        "graph.GET identity/conditionalAccess/policies": 1,
    }
    for wanted in ((HERE,), (HERE, "2001:db8::/48"), (HERE, ELSEWHERE)):
        adapter.apply_restriction(adapter.read_restriction(), wanted)
        assert adapter.read_restriction().addresses == wanted
    assert names(made, POLICIES) == names(made, LOCATIONS) == [f"svcstore:{STORE} {CLIENT}"]
    for _twice in range(2):
        adapter.apply_restriction(adapter.read_restriction(), ())
        assert adapter.read_restriction().addresses == ()
    assert names(made, LOCATIONS) == []


def test_the_token_endpoint_refuses_and_a_token_once_issued_works_on(server: LabServer, made: AzureSession) -> None:
    adapter = TokenPolicy(made, STORE)
    adapter.apply_restriction(adapter.read_restriction(), (HERE,))
    assert made.probe().principal
    assert session(server.url, server.ca_file).probe().principal
    adapter.apply_restriction(adapter.read_restriction(), (ELSEWHERE,))
    for service in ("", "entra"):
        with pytest.raises(ProviderError) as refused:
            session(server.url, server.ca_file).probe(service)
        assert refused.value.kind == "ip_blocked"
    assert made.probe("arm").principal


def test_a_policy_somebody_disabled_is_no_restriction_and_is_mended(made: AzureSession) -> None:
    adapter = TokenPolicy(made, STORE)
    adapter.apply_restriction(adapter.read_restriction(), (HERE,))
    [policy] = made.pages("list", "graph", POLICIES, {})
    made.send("disable", "PATCH", "graph", f"{POLICIES}/{policy['id']}", {"state": "disabled"})
    assert adapter.read_restriction().addresses == ()
    adapter.apply_restriction(adapter.read_restriction(), (HERE,))
    assert adapter.read_restriction().addresses == (HERE,)
    assert len(names(made, POLICIES)) == 1


@pytest.mark.parametrize("mode", ["lost", "reset"])
@pytest.mark.parametrize("what", ["namedLocations", "policies"])
def test_a_lost_answer_makes_nothing_twice(server: LabServer, faults: FaultProxy, mode: str, what: str) -> None:
    adapter = TokenPolicy(session(faults.url, server.ca_file), STORE)
    now = adapter.read_restriction()
    faults.add(mode=mode, operation=f"POST *{what}")
    adapter.apply_restriction(now, (HERE,))
    direct = session(server.url, server.ca_file)
    assert (len(names(direct, LOCATIONS)), len(names(direct, POLICIES))) == (1, 1)
    assert adapter.read_restriction().addresses == (HERE,)


def test_an_application_that_may_not_read_the_policy_leaves_it_to_the_customer(server: LabServer) -> None:
    adapter = TokenPolicy(session(server.url, server.ca_file, client=CLIENT[:-1] + "3"), STORE)
    now = adapter.read_restriction()
    assert (now.applied_by, now.addresses, now.own) == ("customer", (), ())
    assert now.not_enforced.startswith(
        "unknown: this application may not read Conditional Access; besides Azure Resource"
    )
    sheet = adapter.render_restriction(now, (ELSEWHERE,))
    assert ELSEWHERE in sheet and "Or grant the application Policy.ReadWrite.ConditionalAccess" in sheet


def test_a_missing_permission_is_named(lab_server: StartServer) -> None:
    (tenant,) = CONFIG["tenants"]
    reader = {**APPLICATION, "graph_permissions": ["Policy.Read.All"]}
    server = lab_server("azure", {**CONFIG, "tenants": [{**tenant, "applications": [reader]}]})
    adapter = TokenPolicy(session(server.url, server.ca_file), STORE)
    now = adapter.read_restriction()
    with pytest.raises(ProviderError, match=r"Policy\.ReadWrite\.ConditionalAccess") as refused:
        adapter.apply_restriction(now, (HERE,))
    assert refused.value.kind == "no_permission"


def test_what_is_rendered_says_what_stays_open(made: AzureSession) -> None:
    adapter = TokenPolicy(made, STORE)
    text = adapter.render_restriction(adapter.read_restriction(), (ELSEWHERE,))
    assert ELSEWHERE in text
    assert "does not restrict: Azure Resource Manager" in text
