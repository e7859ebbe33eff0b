# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second tunnel to the same endpoints carries on when the first dies, without a play; what is lost is printed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.asking import PINGS_PER_S, ask, echo, lost
from tests.support.gateways import Gateways, gateways
from tests.support.vpn import BACK_WITHIN_S, new_key, seconds_until, succeeded

# Part of `make test-long`: three gateways of its own, a minute for each death.
pytestmark = pytest.mark.long

NEAR, FAR = "10.207.1.11", "10.207.2.10"
HOSTS = {"near": "10.207.0.11", "far1": "10.207.0.21", "far2": "10.207.0.22"}
#: A second outer address of far1, where both tunnels end at one gateway as at a cloud's.
OTHER = "10.207.0.23"
KEYS = {"first": new_key(), "second": new_key()}


def tunnel(name: str, far: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "selectors": "covering",
        "local": {"address": HOSTS["near"], "inside_address": NEAR},
        "remote": {"address": far, "inside_address": FAR},
        "sources": [{"name": "near", "address": NEAR}],
        "targets": [{"name": "api", "address": FAR, "port": 7, "protocol": "udp"}],
        **changes,
    }


def other_end(ours: dict[str, Any]) -> dict[str, Any]:
    return {**ours, "local": ours["remote"], "remote": ours["local"], "api_side": "local"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    with gateways(tmp_path_factory.mktemp("takeover"), HOSTS, {"near": NEAR, "far1": FAR, "far2": FAR}) as made:
        made.shell("far1", f"ip address add {OTHER}/24 dev eth0")
        for host in ("far1", "far2"):
            echo(made, host, FAR)
        yield made


def up(site: Gateways, second: str) -> None:
    """Both tunnels up, the second one to an outer address of either far gateway."""
    first = tunnel("first", HOSTS["far1"])
    standby = tunnel("second", second, standby_for="first")
    options = {"ipsec_secrets": KEYS, "ipsec_verify": False}
    if second == OTHER:
        succeeded(site.ipsec("far1", [other_end(first), other_end(standby)], **options))
    else:
        succeeded(site.ipsec("far1", [other_end(first)], **options))
        alone = {key: value for key, value in other_end(standby).items() if key != "standby_for"}
        succeeded(site.ipsec("far2", [alone], **options))
    succeeded(site.ipsec("near", [first, standby], **options))
    site.wait_up("near", "first", "second")


def carries(site: Gateways) -> str:
    """Whose ESP grows."""
    before = {name: site.state("near", name).get("esp_bytes_out") for name in KEYS}
    ask(site, "near", (NEAR, FAR), 1).wait(30)
    after = {name: site.state("near", name).get("esp_bytes_out") for name in KEYS}
    return " and ".join(name for name in KEYS if after[name] != before[name])


@contextmanager
def silent(site: Gateways, address: str) -> Iterator[None]:
    """An outer address says nothing any more, and nobody says goodbye, as at a cloud's maintenance."""
    rules = f"chain input {{ type filter hook input priority -300; ip saddr {address} drop; }}; "
    rules += f"chain output {{ type filter hook output priority -300; ip daddr {address} drop; }};"
    site.shell("near", f"nft 'table inet dead {{ {rules} }}'")
    try:
        yield
    finally:
        site.shell("near", "nft delete table inet dead")


@pytest.mark.parametrize("second", [HOSTS["far2"], OTHER], ids=["another-gateway", "another-address"])
def test_the_second_tunnel_takes_over_and_gives_back(
    site: Gateways, second: str, capsys: pytest.CaptureFixture[str]
) -> None:
    up(site, second)
    seconds_until(lambda: carries(site) == "first", 30, lambda: site.shell("near", "swanctl --list-sas"))
    asking = ask(site, "near", (NEAR, FAR), BACK_WITHIN_S)
    site.shell("near", "sleep 2")
    with silent(site, HOSTS["far1"]):
        missing = lost(asking.communicate(timeout=BACK_WITHIN_S + 60)[0])
        outage = (max(missing) - min(missing) + 1) / PINGS_PER_S
        with capsys.disabled():
            print(f"\nfirst dead: {len(missing)} packets lost at {PINGS_PER_S}/s, back after {outage:.1f} s")
        assert max(missing) < (BACK_WITHIN_S - 1) * PINGS_PER_S
        assert carries(site) == "second"
    asking = ask(site, "near", (NEAR, FAR), 30)
    seconds_until(lambda: carries(site) == "first", 60)
    missing = lost(asking.communicate(timeout=90)[0])
    with capsys.disabled():
        print(f"first carries again: {len(missing)} packets lost meanwhile")
    assert len(missing) <= PINGS_PER_S // 2


def test_a_second_tunnel_that_dies_or_rekeys_costs_nothing(site: Gateways) -> None:
    up(site, HOSTS["far2"])
    seconds_until(lambda: carries(site) == "first", 30)
    asking = ask(site, "near", (NEAR, FAR), 25)
    site.shell("near", "swanctl --rekey --child second")
    # The keeper puts the first before it again.
    site.shell("near", "sleep 12")
    assert "second" not in carries(site)
    with silent(site, HOSTS["far2"]):
        assert lost(asking.communicate(timeout=90)[0]) == []
