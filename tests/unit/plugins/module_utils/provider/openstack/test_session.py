# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session against the real Keystone: who it is, and failures told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import (
    InvalidInput,
    ProviderError,
    ServiceStoreError,
)
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.session import OpenStackSession
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.source_restriction import (
    ApiFront,
)
from lab.ca import make_ca

from .conftest import STORE, Cloud, Hand

ONE = {"cidr": "192.0.2.1", "ports": "443"}


def test_without_an_identity_endpoint_the_option_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"endpoints\.identity"):
        OpenStackSession(Credential("c", "openstack", {}, {}), Access())


@pytest.mark.openstack
def test_the_probe_is_one_call_and_tells_whose_it_is(cloud: Cloud) -> None:
    session = cloud.session()
    who = session.probe()
    assert (who.account, who.principal) == ("globex/main", "user globex/service-store")
    assert who.detail["roles"] == ["member", "reader"]
    assert "network: POST /v2.0/security-group-rules" in who.detail["access_rules"]
    assert cloud.operations() == ["POST /v3/auth/tokens"]
    session.probe("network")
    assert cloud.operations() == ["POST /v3/auth/tokens", "GET /v2.0/security-groups"]


@pytest.mark.openstack
def test_neutron_is_found_in_the_catalog(cloud: Cloud) -> None:
    session = cloud.session(endpoints={"identity": cloud.server.url})
    assert session.network_url() == cloud.accounts["main"].network
    with pytest.raises(ProviderError, match=r"endpoints\.network") as failed:
        cloud.session(endpoints={"identity": cloud.server.url}, region="elsewhere").network_url()
    assert failed.value.kind == "not_found"


@pytest.mark.openstack
def test_failures_are_told_apart(cloud: Cloud, tmp_path: Path) -> None:
    once = Retry(0)
    cases = {
        "bad_key": cloud.session(secret="wrong", retry=once),
        "tls": cloud.session(ca_file=str(make_ca(tmp_path / "other").cert_path), retry=once),
        "unreachable": cloud.session(endpoints={"identity": "https://127.0.0.1:9/v3"}, retry=once),
        "invalid": cloud.session(endpoints={"identity": f"{cloud.server.url}/nowhere/v3"}, retry=once),
    }
    kinds = {}
    for wanted, session in cases.items():
        with pytest.raises(ProviderError) as failed:
            session.probe()
        kinds[wanted] = failed.value.kind
    assert kinds == {wanted: wanted for wanted in cases}


@pytest.mark.openstack
def test_a_role_that_may_only_read_is_no_permission(cloud: Cloud) -> None:
    with pytest.raises(ProviderError) as failed:
        Hand(cloud.session("reader")).bring(ONE)
    assert failed.value.kind == "no_permission"


@pytest.mark.openstack
def test_a_call_outside_the_access_rules_names_the_missing_rule(cloud: Cloud) -> None:
    with pytest.raises(ProviderError, match="service network, method POST, path /v2.0/security-group-rules") as failed:
        Hand(cloud.session("narrow")).bring(ONE)
    assert failed.value.kind == "no_permission"


@pytest.mark.openstack
def test_a_front_that_refuses_is_ip_blocked(cloud: Cloud, hand: Hand) -> None:
    cloud.faults.add(mode="status", status=403, body="<html><body>403 Forbidden</body></html>", times=0)
    with pytest.raises(ProviderError) as failed:
        hand.read()
    assert failed.value.kind == "ip_blocked"


@pytest.mark.openstack
def test_throttling_and_errors_of_the_server_are_tried_again(cloud: Cloud, hand: Hand) -> None:
    cloud.login.add(mode="throttle", shape="openstack")
    cloud.faults.add(mode="status", status=503)
    assert hand.read().held == ()
    assert len(cloud.operations()) == 4


@pytest.mark.openstack
def test_a_token_that_was_revoked_is_renewed(cloud: Cloud, hand: Hand) -> None:
    hand.read()
    cloud.faults.add(mode="status", status=401, body='{"error": {"code": 401, "message": "required"}}')
    assert hand.read().held == ()
    assert cloud.login.operations() == ["POST /v3/auth/tokens"] * 2


@pytest.mark.openstack
def test_the_restriction_is_the_customers_and_the_sheet_says_what_to_do(cloud: Cloud) -> None:
    front = ApiFront(cloud.session(), STORE)
    now = front.read_restriction()
    assert (now.applied_by, now.addresses) == ("customer", ())
    assert cloud.operations() == ["POST /v3/auth/tokens"]
    sheet = front.render_restriction(now, ("10.203.1.11/32", "2001:db8::/64"))
    assert "ip saddr { 10.203.1.11/32 }" in sheet and "ip6 saddr { 2001:db8::/64 }" in sheet
    assert "network: POST /v2.0/security-group-rules" in sheet
    with pytest.raises(ServiceStoreError, match="state=rendered"):
        front.apply_restriction(now, ("10.203.1.11/32",))
