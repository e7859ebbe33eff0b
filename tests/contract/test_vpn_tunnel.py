# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vpn_tunnel_info promises of every provider's end: its state beside ours, and where the two disagree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_vpn_tunnel import VPN_TUNNEL
from ansible_collections.strategic.service_store.plugins.module_utils.model import tunnel_pair
from ansible_collections.strategic.service_store.plugins.plugin_utils.tunnel.options import for_cloud
from tests.support.module import run_module
from tests.support.tunnels import ACCOUNT, GATEWAY, ask
from tests.support.vici import Charon, connection, sa

from .accounts import RunningAccounts
from .accounts.base import CloudAccount
from .conftest import Store
from .test_vpn_gateway import KEYS, NAME, Gateway, sites
from .vpn_sites import SITES

#: Those whose provider does not say that a tunnel is down when nobody has brought it up.
UP_BY_ITSELF = ("openstack-router",)
#: Those whose provider has a third word for a tunnel that nobody has tried yet.
UNKNOWN_AT_FIRST = ("azure-gateway", "azure-network")
#: One for the default run, the provider whose own display is known to be wrong.
SAMPLE = "cloudstack-vpc"
SAMPLE_OF_SLOW = pytest.mark.parametrize("running", sites(pytest.mark.long), indirect=True)


@pytest.fixture(params=sites())
def running(request: pytest.FixtureRequest, running_accounts: RunningAccounts) -> CloudAccount:
    """The account of each provider that has a site."""
    return running_accounts.get(SITES[request.param][0])


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["running"])


@pytest.fixture
def gateway(site: str, store: Store) -> Gateway:
    return Gateway(store, SITES[site][1](store.account))


def options(gateway: Gateway) -> dict[str, Any]:
    """Return what the cloud's end is asked with."""
    return gateway.store.options(name=NAME, scope=dict(gateway.site.scope))


def cloud(gateway: Gateway) -> list[dict[str, Any]]:
    """Return the cloud's ends as the action plugin reads them."""
    given = dict.fromkeys(VPN_TUNNEL.options)
    return list(run_module("vpn_gateway_info", for_cloud({**given, **options(gateway)}))["ends"])


def report_down(gateway: Gateway) -> None:
    """Let the provider say that the tunnel was tried, and is down."""
    gateway.account.server.lab("POST", "vpn", {"connection": NAME, "status": "NotConnected"})


def ours(made: dict[str, Any], up: bool) -> list[dict[str, Any]]:
    """Return our ends of what was made, as charon lists them."""
    rows = [(one["name"], one["remote"]["address"]) for one in made["tunnels"]]
    sas = [sa(name, remote=remote, state="INSTALLED" if up else "CONNECTING") for name, remote in rows]
    return [tunnel_pair.our_end(name, sas, [connection(name, remote)]) for name, remote in rows]


def test_a_tunnel_that_only_one_end_calls_up_is_told(gateway: Gateway, site: str) -> None:
    made = gateway.present()
    if site in UNKNOWN_AT_FIRST:
        assert all(one["agree"] for up in (True, False) for one in tunnel_pair.pairs(ours(made, up), cloud(gateway)))
        report_down(gateway)
    if site not in UP_BY_ITSELF:
        found = tunnel_pair.pairs(ours(made, up=True), cloud(gateway))
        assert [one["cloud"]["status"] for one in found] == ["down"] * gateway.site.tunnels
        for one in found:
            assert one["up"] and not one["agree"] and "the cloud says down" in one["disagreements"][0]
        assert all(one["agree"] for one in tunnel_pair.pairs(ours(made, up=False), cloud(gateway)))
    gateway.site.report_up()
    found = tunnel_pair.pairs(ours(made, up=False), cloud(gateway))
    assert [one["cloud"]["status"] for one in found] == ["up"] * gateway.site.tunnels
    for one in found:
        assert not one["up"] and "our end is down (CONNECTING), and the cloud says up" in one["disagreements"][0]
    assert all(one["agree"] for one in tunnel_pair.pairs(ours(made, up=True), cloud(gateway)))


@SAMPLE_OF_SLOW
def test_both_ends_belong_together_and_one_that_is_missing_is_told(gateway: Gateway) -> None:
    made = gateway.present()
    gateway.site.report_up()
    ends = cloud(gateway)
    found = tunnel_pair.pairs(ours(made, up=True), ends)
    assert [(one["name"], one["cloud"]["name"]) for one in found] == [(end["name"], end["name"]) for end in ends]
    missing = tunnel_pair.pairs([], ends)
    assert [one["disagreements"] for one in missing] == [
        ["the cloud has this tunnel, and our end has no such connection"]
    ] * gateway.site.tunnels
    gateway.absent()
    gone = tunnel_pair.pairs(ours(made, up=True), cloud(gateway))
    assert [one["disagreements"] for one in gone] == [
        ["our end has this connection, and the cloud has no such tunnel"]
    ] * gateway.site.tunnels


@SAMPLE_OF_SLOW
def test_reading_writes_nothing(gateway: Gateway) -> None:
    gateway.present()
    gateway.account.faults.reset()
    cloud(gateway)
    assert gateway.account.writes() == [] and gateway.account.reads()


@pytest.fixture
def charon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charon]:
    # The path of a unix socket has at most 107 bytes.
    with Charon(tmp_path_factory.mktemp("v") / "vici", [], []) as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize(
    "running",
    [
        pytest.param(
            name,
            marks=[
                *([] if name == SAMPLE else [pytest.mark.long]),
                *([pytest.mark.openstack] if name == "openstack-router" else []),
            ],
        )
        for name in sorted(SITES)
    ],
    indirect=True,
)
def test_a_play_reads_both_ends_and_says_where_they_disagree(
    gateway: Gateway, charon: Charon, tmp_path_factory: pytest.TempPathFactory, site: str
) -> None:
    made = gateway.present()
    tunnels = [(one["name"], one["remote"]["address"]) for one in made["tunnels"]]
    if site in UP_BY_ITSELF:
        tunnels[0] = (tunnels[0][0], "203.0.113.77")
    charon.lists["list-conns"] = [connection(*one) for one in tunnels]
    charon.lists["list-sas"] = [sa(name, remote=remote) for name, remote in tunnels]
    if site in UNKNOWN_AT_FIRST:
        report_down(gateway)
    gateway.account.faults.reset()
    both = {"tunnel_host": GATEWAY, "socket": str(charon.path), **options(gateway)}
    wrong = {**both, "credential": "nobody"}
    # A folder named after the test would be too long for the sockets that Ansible makes below it.
    run, said = ask(tmp_path_factory.mktemp("p"), {"both": both, "wrong": wrong})
    assert run.status == 0 and not said["both"]["changed"], run.output[-4000:]
    found = said["both"]["tunnels"]
    assert [one["name"] for one in found] == [name for name, _remote in tunnels]
    assert not said["both"]["agree"] and not found[0]["agree"] and found[0]["up"]
    words = "the cloud's end is" if site in UP_BY_ITSELF else "and the cloud says down"
    assert words in found[0]["disagreements"][0]
    assert [row["subject"] for row in said["both"]["report"]] == [ACCOUNT] * len(found)
    assert gateway.account.writes() == []
    assert said["wrong"]["failed"] and "nobody" in said["wrong"]["msg"]
    assert not any(key in run.output + json.dumps(said) for key in KEYS)
