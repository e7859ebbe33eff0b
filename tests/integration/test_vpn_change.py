# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes and failures of one connection: the others do not notice, and the cause is said in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.topology import CLOUDSTACK_API, PUBLIC, STORE
from tests.support.vpn import SITE, Vpn, address, new_key, seconds_until, site, succeeded

# Part of `make test-long`: each test reconfigures both ends and waits for them.
# The rollout of `make test` proves the same paths once.
pytestmark = [pytest.mark.lab, pytest.mark.long]

SECOND = "second"


def second(**changes: Any) -> dict[str, Any]:
    """Another tunnel of the same gateway, to another customer."""
    other = {
        "name": SECOND,
        "remote": {"address": address("cs-gw", PUBLIC.name), "inside_address": address("cs-gw", "lab-cs")},
        "sources": [{"name": "store-1", "address": address("store-1", STORE.name)}],
        "targets": [{"name": "cloudstack", "address": CLOUDSTACK_API.ip, "port": CLOUDSTACK_API.port}],
    }
    made = site(**other, **changes)
    if "probe" not in changes:
        del made["probe"]
    return made


def other_end(**changes: Any) -> dict[str, Any]:
    """The same tunnel as the customer's gateway writes it down."""
    ours = second()
    return {**ours, "local": ours["remote"], "remote": ours["local"], "api_side": "local", **changes}


@pytest.fixture(scope="module")
def two(vpn: Vpn) -> Iterator[Vpn]:
    """The gateway with two tunnels up."""
    vpn.keys[SECOND] = new_key()
    end = {"ipsec_verify": False, "ipsec_forward_other": "accept"}
    succeeded(vpn.play([vpn.ipsec("cs-gw", other_end(), **end), vpn.ipsec("store-gw", second(), ipsec_verify=False)]))
    seconds_until(lambda: vpn.state("store-gw", SECOND)["up"], 90)
    yield vpn
    gone = {"ipsec_state": "absent"}
    succeeded(vpn.play([vpn.ipsec("store-gw", second(), **gone), vpn.ipsec("cs-gw", other_end(), **gone)]))


def ids(vpn: Vpn, name: str) -> tuple[int, int]:
    state = vpn.state("store-gw", name)
    return state.get("ike_id", 0), state.get("child_id", 0)


def test_a_change_of_one_connection_leaves_the_other_alone(two: Vpn) -> None:
    first, changed = ids(two, SITE), ids(two, SECOND)
    done = succeeded(two.play([two.ipsec("store-gw", site(), second(esp_rekey_s=1800), ipsec_verify=False)]))
    assert "changed=0 " not in done.stdout
    seconds_until(lambda: ids(two, SECOND)[1] > changed[1], 90)
    assert ids(two, SITE) == first
    succeeded(two.play([two.ipsec("store-gw", second(), ipsec_verify=False)]))
    assert ids(two, SITE) == first


def test_a_wrong_key_is_named_as_the_cause_and_the_other_tunnel_stays_up(two: Vpn) -> None:
    first, right = ids(two, SITE), two.keys[SECOND]
    two.keys[SECOND] = new_key()
    try:
        # A new key counts from the next handshake on; what stands is not cut.
        succeeded(two.play([two.ipsec("store-gw", second(), ipsec_verify=False)]))
        assert two.state("store-gw", SECOND)["up"]
        two.lab.ssh("store-gw", f"swanctl --terminate --ike {SECOND}")
        done = two.play([two.ipsec("store-gw", second(), ipsec_verify_timeout_s=15)])
    finally:
        wrong, two.keys[SECOND] = two.keys[SECOND], right
    assert done.returncode != 0
    assert "Cause: authentication failed" in done.stdout
    assert wrong not in done.stdout + done.stderr and right not in done.stdout + done.stderr
    assert ids(two, SITE) == first
    # The right key comes back, and the keeper brings the tunnel up without anybody asking.
    succeeded(two.play([two.ipsec("store-gw", second(), ipsec_verify=False)]))
    seconds_until(lambda: two.state("store-gw", SECOND)["up"], 90)


def test_an_unnamed_source_is_named_as_an_acl(two: Vpn) -> None:
    # The gateway itself is no named store server.
    probe = {"address": CLOUDSTACK_API.ip, "port": CLOUDSTACK_API.port}
    done = two.play([two.ipsec("store-gw", second(probe=probe), ipsec_verify_timeout_s=15)])
    assert done.returncode != 0
    assert "Cause: ACL" in done.stdout


def test_absent_takes_connection_key_and_filter_away(two: Vpn) -> None:
    first = ids(two, SITE)
    succeeded(two.play([two.ipsec("store-gw", second(), ipsec_state="absent")]))
    left = two.lab.ssh(
        "store-gw", f"grep -rl {SECOND} /etc/swanctl /etc/service-store; nft list tables; swanctl --list-conns"
    )
    assert SECOND not in left.stdout
    assert ids(two, SITE) == first
    again = succeeded(two.play([two.ipsec("store-gw", second(), ipsec_state="absent")]))
    assert "changed=0 " in again.stdout
    succeeded(two.play([two.ipsec("store-gw", second(), ipsec_verify=False)]))
