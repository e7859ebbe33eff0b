# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vpn_gateway promises on every provider that has the cloud's end of a tunnel."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_spec import parse_tunnels
from tests.support.module import ModuleFailed, run_module

from .accounts import SLOW, RunningAccounts
from .accounts.base import CloudAccount
from .conftest import Store
from .vpn_sites import SITES, VpnSite

NAME = "acme-vpn"
KEYS = ("b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U", "Qm5xTz8rKw2yBn7vLc4pDj9hGs3fWa6E", "w9Zk4TqLm7XcRb2NvYp5HsJd8FgAe3Ut")
NAMES = ("acme-vpn-1", "acme-vpn-2")
TUNNEL: dict[str, Any] = {
    "local": {"address": "198.51.100.10"},
    "sources": [{"name": "store-1", "address": "10.20.0.11"}, {"name": "store-2", "address": "10.20.0.12"}],
    "targets": [{"name": "api", "address": "10.60.1.10", "port": 443}],
}


class Gateway:
    """One gateway in front of one provider."""

    def __init__(self, store: Store, site: VpnSite) -> None:
        self.store, self.site, self.account = store, site, store.account
        for name, key in zip(NAMES[: site.tunnels], KEYS, strict=False):
            self.keep_key(name, key)

    def keep_key(self, name: str, key: str) -> None:
        self.store.opened.put(name, {"version": 1, "kind": "psk", "secrets": {"psk": key}, "meta": {}})

    def tunnel(self, **more: Any) -> dict[str, Any]:
        usual = [self.site.proposals[0]]
        return {**TUNNEL, "ike_proposals": usual, "esp_proposals": usual, **more}

    def options(self, **more: Any) -> dict[str, Any]:
        given = {
            "name": NAME,
            "scope": dict(self.site.scope),
            "tunnel": self.tunnel(),
            "networks": ["10.60.0.0/16"],
            "pre_shared_keys": list(NAMES[: self.site.tunnels]),
            **self.site.own,
        }
        return self.store.options(**{**given, **more})

    def present(self, *, check: bool = False, **more: Any) -> dict[str, Any]:
        return run_module("vpn_gateway", self.options(**more), check=check, diff=True)

    def absent(self, *, check: bool = False, **more: Any) -> dict[str, Any]:
        given = {"name": NAME, "scope": dict(self.site.scope), "state": "absent", **more}
        return run_module("vpn_gateway", self.store.options(**given), check=check, diff=True)

    def info(self, **more: Any) -> dict[str, Any]:
        return run_module("vpn_gateway_info", self.options(**more))


def sites(*marks: pytest.MarkDecorator, sample: Collection[str] = tuple(SITES)) -> list[Any]:
    """Return the sites as parameters; the marks are for those that are not in the sample."""
    slow = {name: [pytest.mark.openstack] if SITES[name][0] in SLOW else [] for name in SITES}
    return [pytest.param(name, marks=[*slow[name], *(() if name in sample else marks)]) for name in sorted(SITES)]


@pytest.fixture(params=sites())
def running(request: pytest.FixtureRequest, running_accounts: RunningAccounts) -> CloudAccount:
    """The account of each provider that has a site."""
    return running_accounts.get(SITES[request.param][0])


@pytest.fixture
def gateway(request: pytest.FixtureRequest, store: Store) -> Gateway:
    name = request.node.callspec.params["running"]
    return Gateway(store, SITES[name][1](store.account))


def test_what_is_made_is_read_back_and_a_second_run_makes_the_least_reads(gateway: Gateway) -> None:
    made = gateway.present()
    assert made["changed"] and made["gateway"]["ref"]
    assert gateway.site.make_call in gateway.account.writes()
    gateway.account.faults.reset()
    again = gateway.present()
    assert not again["changed"] and again["diff"] == [] and again["drops"] == []
    assert gateway.account.writes() == []
    assert len(gateway.account.reads()) == gateway.site.least_reads, gateway.account.reads()
    assert (again["tunnels"], again["ends"]) == (made["tunnels"], made["ends"])
    assert not gateway.info()["drift"]


def test_our_own_end_takes_what_is_returned(gateway: Gateway) -> None:
    made = gateway.present()
    tunnels = parse_tunnels(made["tunnels"], "tunnels")
    assert [tunnel.name for tunnel in tunnels] == [end["name"] for end in made["ends"]]
    assert len({tunnel.remote.address for tunnel in tunnels}) == len(tunnels) == gateway.site.tunnels
    assert all(tunnel.local.address == "198.51.100.10" for tunnel in tunnels)


def test_check_mode_predicts_and_does_nothing(gateway: Gateway) -> None:
    predicted = gateway.present(check=True)
    assert predicted["changed"] and predicted["tunnels"] == []
    assert gateway.account.writes() == [] and gateway.site.look() == []
    done = gateway.present()
    assert predicted["diff"] == done["diff"] != []
    gateway.account.faults.reset()
    gone = gateway.absent(check=True)
    assert gateway.account.writes() == []
    assert gone["diff"] == gateway.absent()["diff"] != []


def test_absent_removes_what_present_made_and_nothing_else(gateway: Gateway) -> None:
    gateway.site.add_foreign()
    before = gateway.site.look()
    gateway.present()
    assert gateway.site.look() != before
    assert gateway.absent()["changed"]
    assert gateway.site.look() == before
    gateway.account.faults.reset()
    assert not gateway.absent()["changed"]
    assert gateway.account.writes() == []


def test_an_unknown_scope_is_named_and_nothing_is_written(gateway: Gateway) -> None:
    with pytest.raises(ModuleFailed, match=gateway.site.unknown_scope["name"]) as failed:
        gateway.present(scope=dict(gateway.site.unknown_scope))
    assert failed.value.result["error"]["kind"] == "not_found"
    assert gateway.account.writes() == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({"tunnel": {**TUNNEL, "ike_proposals": ["aes256-sha1-modp1024"]}}, "sha1", id="weak"),
        pytest.param({"tunnel": {**TUNNEL, "targets": []}}, "names no API endpoint", id="no endpoint"),
        pytest.param({"pre_shared_keys": ["nowhere", "either"]}, "nowhere", id="no such key"),
        pytest.param({"scope": {"kind": "moon", "name": "x"}}, "no kind of this provider", id="kind"),
        pytest.param({"name": "Acme VPN"}, "is no name", id="name"),
    ],
)
def test_bad_input_is_refused_before_any_connection(gateway: Gateway, more: dict[str, Any], words: str) -> None:
    if "pre_shared_keys" in more:
        more = {"pre_shared_keys": more["pre_shared_keys"][: gateway.site.tunnels]}
    with pytest.raises(ModuleFailed, match=words):
        gateway.present(**more)
    assert gateway.account.faults.operations() == []


def test_a_weak_key_is_refused_without_being_shown(gateway: Gateway) -> None:
    gateway.keep_key(NAMES[0], "letmeinletmeinletmein")
    with pytest.raises(ModuleFailed, match=r"pre_shared_keys\[0\]") as failed:
        gateway.present()
    assert "letmein" not in json.dumps(failed.value.result)
    assert gateway.account.faults.operations() == []


def test_one_key_for_two_tunnels_is_refused(gateway: Gateway) -> None:
    if gateway.site.tunnels < 2:
        pytest.skip("a connection has one key here")
    gateway.keep_key(NAMES[1], KEYS[0])
    with pytest.raises(ModuleFailed, match=r"pre_shared_keys\[1\]: acme-vpn-2 is the key of another tunnel too"):
        gateway.present()
    assert gateway.account.faults.operations() == []


def test_no_key_is_in_any_result(gateway: Gateway) -> None:
    results = [gateway.present(check=True), gateway.present(), gateway.info()]
    gateway.keep_key(NAMES[0], KEYS[2])
    results += [gateway.present(), gateway.info(tunnel=None, pre_shared_keys=None), gateway.absent()]
    for key in KEYS:
        assert key not in json.dumps(results)


def test_a_key_that_changed_in_the_store_is_changed_at_the_provider(gateway: Gateway) -> None:
    gateway.present()
    gateway.keep_key(NAMES[0], KEYS[2])
    drift = gateway.info()
    assert drift["drift"] and drift["differences"]
    done = gateway.present()
    assert done["changed"]
    if gateway.site.held_keys:
        assert gateway.site.held_keys() == [KEYS[2], *KEYS[1 : gateway.site.tunnels]]
    assert not gateway.present()["changed"]


def test_a_key_that_is_being_changed_gives_its_successor_by_name(gateway: Gateway) -> None:
    gateway.present()
    secrets = {"psk": KEYS[0], "psk_next": KEYS[2]}
    gateway.store.opened.put(NAMES[0], {"version": 1, "kind": "psk", "secrets": secrets, "meta": {}})
    assert not gateway.present()["changed"]
    names = [f"{NAMES[0]}.psk_next", *NAMES[1 : gateway.site.tunnels]]
    done = gateway.present(pre_shared_keys=names)
    assert done["changed"] and not gateway.present(pre_shared_keys=names)["changed"]
    assert not [key for key in KEYS if key in json.dumps(done)]
    if gateway.site.held_keys:
        assert gateway.site.held_keys() == [KEYS[2], *KEYS[1 : gateway.site.tunnels]]


def test_a_key_that_changed_at_the_provider_is_found_and_put_right(gateway: Gateway) -> None:
    if not (gateway.site.change_key and gateway.site.held_keys):
        pytest.skip("this provider does not tell its keys")
    gateway.present()
    gateway.site.change_key("SomebodyElsesKey.1234567890abcdef")
    found = gateway.info()
    assert found["drift"] and "SomebodyElses" not in json.dumps(found)
    assert gateway.present()["changed"]
    assert gateway.site.held_keys() == list(KEYS[: gateway.site.tunnels])


def test_a_weak_key_at_the_provider_is_shown_by_nothing_that_it_could_be_found_by(gateway: Gateway) -> None:
    if not gateway.site.change_key:
        pytest.skip("this provider does not tell its keys")
    weak = "Winter2026Winter2026"
    gateway.present()
    gateway.site.change_key(weak)
    found, predicted = gateway.info(), gateway.present(check=True)
    assert found["drift"] and found["ends"][-1]["fingerprint"] == "(not ours)"
    shown = json.dumps([found, predicted])
    assert fingerprint(weak) not in shown and weak not in shown


@pytest.mark.parametrize(
    ("running", "more", "words"),
    [
        pytest.param(
            "cloudstack-vpc",
            {"cloudstack": {"passive": False}},
            "connection acme-vpn .*passive: True cannot be changed to False where it is",
            id="a setting",
        ),
        pytest.param(
            "openstack-router",
            {"networks": None},
            "10.60.1.10/32 is no subnet of this router",
            id="what the provider has not",
            marks=pytest.mark.openstack,
        ),
    ],
    indirect=["running"],
)
def test_an_audit_tells_what_cannot_be_changed_with_the_reason(
    gateway: Gateway, more: dict[str, Any], words: str
) -> None:
    gateway.present()
    with pytest.raises(ModuleFailed):
        gateway.present(**more)
    found = gateway.info(**more)
    assert found["drift"] and len(found["differences"]) == 1
    assert re.search(words, found["differences"][0])
    assert found["ends"] and found["tunnels"]


@pytest.mark.parametrize("running", ["aws-vpc"], indirect=True)
def test_an_option_of_one_provider_that_is_left_out_is_not_compared(gateway: Gateway) -> None:
    gateway.present(aws={"startup_action": "start"})
    for own in (None, {}, {"wait_up_s": 0}):
        assert not gateway.info(aws=own)["drift"] and not gateway.present(aws=own)["changed"]
    add = {"startup_action": "add"}
    assert gateway.info(aws=add)["drift"] and gateway.present(aws=add)["changed"]
    assert not gateway.info(aws=add)["drift"]


def test_other_algorithms_other_sources_and_another_peer_are_changed_where_they_are(gateway: Gateway) -> None:
    before = gateway.present()
    gateway.site.report_up()
    tunnel = gateway.tunnel(
        local={"address": "198.51.100.20"},
        sources=TUNNEL["sources"][:1],
        ike_proposals=[gateway.site.proposals[1]],
    )
    gateway.account.faults.reset()
    wanted = {"tunnel": tunnel, **gateway.site.at_once}
    predicted = gateway.present(**wanted, check=True)
    assert gateway.account.writes() == []
    assert sorted(drop["tunnel"] for drop in predicted["drops"]) == sorted(end["name"] for end in before["ends"])
    assert all(isinstance(drop["about_s"], int) and drop["why"] for drop in predicted["drops"])
    after = gateway.present(**wanted)
    assert predicted["diff"] == after["diff"] and predicted["drops"] == after["drops"]
    assert (after["gateway"]["ref"] == before["gateway"]["ref"]) is gateway.site.keeps_connection
    assert not gateway.present(**wanted)["changed"]
    assert gateway.absent()["changed"]
    assert gateway.site.look() == []


def test_a_removal_says_that_the_tunnels_drop_for_good(gateway: Gateway) -> None:
    made = gateway.present()
    gateway.site.report_up()
    gone = gateway.absent(check=True)
    up = [end["name"] for end in gone["ends"] if end["status"] == "up"]
    assert up == [end["name"] for end in made["ends"]] != []
    assert [drop["tunnel"] for drop in gone["drops"] if drop["about_s"] is None] == up


def test_strong_algorithms_pass_the_audit(gateway: Gateway) -> None:
    gateway.present()
    assert gateway.info(tunnel=None, pre_shared_keys=None)["weak"] == []


def test_a_throttled_call_is_tried_again(gateway: Gateway) -> None:
    gateway.account.faults.add(mode="throttle", shape=gateway.account.shape, operation=gateway.site.make_call, times=1)
    assert gateway.present()["changed"]
    assert not gateway.present()["changed"]


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: For tests that run once for each call there is.
EVERY_CALL = pytest.mark.parametrize("running", sites(pytest.mark.long, sample=["cloudstack-vpc"]), indirect=True)


def _anew(gateway: Gateway) -> None:
    """Empty the account, and forget faults and calls."""
    gateway.account.reset()
    gateway.account.faults.reset()


@EVERY_CALL
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["lost", pytest.param("reset", marks=pytest.mark.long)])
def test_whatever_call_is_spoiled_the_next_run_converges_and_both_tell_the_truth(gateway: Gateway, mode: str) -> None:
    gateway.present()
    calls, whole = gateway.account.writes(), gateway.site.look()
    for number, call in enumerate(calls):
        _anew(gateway)
        gateway.account.faults.add(mode=mode, operation=call, first=calls[: number + 1].count(call), times=1)
        try:
            result = gateway.present(retries=0)
        except ModuleFailed as failed:
            result = failed.result
        assert result["changed"] == bool(gateway.site.look()), (call, result)
        gateway.account.faults.reset()
        gateway.present()
        assert gateway.site.look() == whole, call
    assert not gateway.present()["changed"]


@EVERY_CALL
@pytest.mark.slow
def test_a_run_that_ends_at_any_call_is_finished_by_the_next_also_where_it_removes(gateway: Gateway) -> None:
    gateway.present()
    gateway.account.faults.reset()
    gateway.absent()
    # Ids are others each time.
    calls = [_ID.sub("*", call) for call in gateway.account.writes()]
    for number, call in enumerate(calls):
        _anew(gateway)
        gateway.present()
        gateway.account.faults.reset()
        # From this call on nothing gets through, as when the process is killed before it.
        gateway.account.faults.add(mode="reset", operation=call, first=calls[: number + 1].count(call), times=0)
        with pytest.raises(ModuleFailed):
            gateway.absent(retries=0)
        gateway.account.faults.reset()
        gateway.absent()
        assert gateway.site.look() == [], call
    assert not gateway.absent()["changed"]


def test_no_connection_goes_round_the_proxy(gateway: Gateway) -> None:
    with pytest.raises(ModuleFailed) as failed:
        gateway.present(proxy="http://127.0.0.1:9", retries=0)
    assert failed.value.result["error"]["kind"] == "unreachable"
    assert gateway.account.faults.operations() == []
