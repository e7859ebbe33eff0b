# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A refused credential is told apart as far as a provider's own answer allows: expired, clock, blocked source."""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.source_restriction import (
    TokenPolicy,
)
from lab.faults import FaultProxy
from tests.support.module import ModuleFailed
from tests.support.servers import LabServer, lab_server
from tests.support.short_lived import expired

from .accounts import cloudstack
from .accounts.base import CloudAccount
from .bench import bench_of, certificate, front
from .conftest import PROVIDERS, Store

__all__ = ["lab_server"]


def only(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("running", [param for param in PROVIDERS if param.id in names], indirect=True)


def failed(store: Store, **more: Any) -> dict[str, Any]:
    """The error of a probe by cloud_credential."""
    with pytest.raises(ModuleFailed) as caught:
        store.run("cloud_credential", retries=0, **more)
    assert caught.value.result["changed"] is False
    return {**caught.value.result["error"], "msg": caught.value.result["msg"]}


@only("azure", "openstack")
def test_an_expired_key_is_told_from_a_wrong_one(account: CloudAccount) -> None:
    with bench_of(account) as bench:
        adapter = bench.adapter()
        short = expired(lambda end: adapter.create("short", end))
        assert bench.kind(short) == "expired"
        assert bench.kind(parse("main", account.provider, account.wrong_secret)) == "bad_key"


def test_a_certificate_whose_time_has_not_begun_means_that_this_clock_is_behind(
    store: Store, account: CloudAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    with monkeypatch.context() as later:
        later.setattr("lab.ca._now", lambda: tomorrow)
        cert, key = certificate(account, f"from-tomorrow-{account.provider}")
    with FaultProxy(account.server.url, account.server.ca_file, cert, key) as ahead:
        urls = account.options["endpoints"].items()
        endpoints = {
            name: f"{ahead.url}{'/' if '/' in url[8:] else ''}{url[8:].partition('/')[2]}" for name, url in urls
        }
        assert failed(store, endpoints=endpoints)["kind"] == "clock_skew"


# The server in the lab does not look at the clock; the answer is the one that AWS publishes.
SKEWED = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>Signature expired: "
    "20261122T030000Z is now earlier than 20261122T041500Z (20261122T043000Z - 15 min.)</Message></Error>"
    "<RequestId>fault</RequestId></ErrorResponse>"
)


@only("aws")
def test_a_refusal_for_the_time_of_the_call_is_told_apart(store: Store, account: CloudAccount) -> None:
    account.faults.add(mode="status", status=403, body=SKEWED, method="POST", times=0)
    assert failed(store)["kind"] == "clock_skew"


@only("azure")
@pytest.mark.parametrize("off_s", [-7200, 7200], ids=["behind", "ahead"])
def test_a_client_secret_carries_no_time_so_entra_id_takes_it_by_any_clock(
    store: Store, account: CloudAccount, monkeypatch: pytest.MonkeyPatch, off_s: int
) -> None:
    """OAuth 2.0 (RFC 6749, 4.4.2) and Microsoft's "client credentials flow": id, secret and scope, and nothing else."""
    right = time.time
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: right() + off_s)
        found = store.run("cloud_credential")
    assert found["identity"] and any(call.endswith("oauth2/v2.0/token") for call in account.faults.operations())


@only("cloudstack")
def test_cloudstack_refuses_a_call_whose_time_is_up_and_its_clock_tells_why(
    store: Store, account: CloudAccount, lab_server: Callable[..., LabServer]
) -> None:
    ahead = lab_server("cloudstack", {**cloudstack.CONFIG, "clock_offset_s": 3600})
    error = failed(store, endpoints={"api": ahead.url}, ca_file=ahead.ca_file)
    assert error["kind"] == "clock_skew" and "ahead of this machine's" in error["msg"]


@only("cloudstack")
def test_cloudstack_refuses_an_unlisted_source_of_a_key_that_was_good_once(
    store: Store, account: CloudAccount, lab_server: Callable[..., LabServer]
) -> None:
    (customer, *others) = cloudstack.CONFIG["accounts"]
    listed = {**customer, "settings": {"api.allowed.source.cidr.list": "192.0.2.0/24"}}
    server = lab_server("cloudstack", {**cloudstack.CONFIG, "accounts": [listed, *others]})
    store.run("cloud_credential", credential="fresh", secret=dict(account.secret))
    elsewhere = {"endpoints": {"api": server.url}, "ca_file": server.ca_file}
    error = failed(store, credential="fresh", **elsewhere)
    assert error["kind"] == "ip_blocked" and "allowed.source.cidr.list" in error["msg"]
    # CloudStack says the same of a key it does not know, and this one was never good.
    assert failed(store, credential="never", secret=dict(account.secret), **elsewhere)["kind"] == "bad_key"


@only("azure")
def test_entra_id_refuses_a_token_outside_the_named_location(store: Store, account: CloudAccount) -> None:
    with bench_of(account) as bench:
        session: Any = bench.session()
        policy = TokenPolicy(session, "store-a")
        policy.apply_restriction(policy.read_restriction(), ("192.0.2.0/24",))
    assert failed(store)["kind"] == "ip_blocked"


@only("openstack")
def test_an_api_front_that_refuses_is_told_from_keystone(store: Store, account: CloudAccount) -> None:
    with contextlib.ExitStack() as stack:
        faults, endpoints = front(stack, account)
        faults.add(mode="status", status=403, body="<html><body>403 Forbidden</body></html>", times=0)
        error = failed(store, endpoints=endpoints)
    assert error["kind"] == "ip_blocked" and "not OpenStack" in error["msg"]


DENIED = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this "
    "operation. User: arn:aws:iam::123456789012:user/service-store is not authorized to perform: "
    "ec2:DescribeSecurityGroups with an explicit deny in an identity-based policy</Message></Error></Errors>"
    "<RequestID>fault</RequestID></Response>"
)


@only("aws")
def test_aws_does_not_say_which_deny_it_was_so_the_error_names_both(store: Store, account: CloudAccount) -> None:
    account.faults.add(mode="status", status=403, body=DENIED, operation="DescribeSecurityGroups", times=0)
    with pytest.raises(ModuleFailed) as caught:
        store.held()
    assert caught.value.result["error"]["kind"] == "no_permission"
    assert "source restriction" in caught.value.result["msg"] and "egress" in caught.value.result["msg"]


@only("cloudstack")
def test_the_user_of_a_key_is_recorded_once_so_that_a_rotator_finds_it_again(
    store: Store, account: CloudAccount
) -> None:
    first, second = (store.run("cloud_credential", diff=True) for _unused in range(2))
    assert first["changed"] and "user_id=" in json.dumps(first["diff"]) and not second["changed"]
    assert store.opened.get("account")["meta"]["user_id"]
