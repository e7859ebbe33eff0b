# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a gateway's parts: order, what is nobody else's, what cannot be changed, and which tunnels drop."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import TunnelEnd
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_plan import (
    Drop,
    Part,
    PartKind,
    VpnState,
    VpnTraits,
    audit,
    differences,
    drops,
    findings,
    plan,
    plan_absent,
    refusal,
    settled,
)

TRAITS = VpnTraits(
    kinds=(
        PartKind("gateway", outages={"remove": None}, shared=True),
        PartKind("connection", frozenset({"peer", "key"}), {"peer": 60, "key": 30, "remove": None}),
        PartKind("route", outages={"remove": None}),
    ),
    scopes=("vpc",),
)
GATEWAY = Part("gateway", "vpc-1", own=True)
CONNECTION = Part("connection", "acme", {"peer": "192.0.2.1", "key": "sha256:1", "type": "static"}, own=True)
CONNECTION = replace(CONNECTION, tunnels=("acme",))
ROUTE = Part("route", "10.20.0.11/32", own=True)
WANTED = (ROUTE, CONNECTION, GATEWAY)


def lines(made: Plan) -> list[str]:
    return [change.describe() for change in made.changes]


def setting(**changed: str) -> Part:
    return replace(CONNECTION, settings={**CONNECTION.settings, **changed})


def test_parts_are_made_in_their_order_and_removed_the_other_way_round() -> None:
    assert lines(plan("g", VpnState(), WANTED, TRAITS)) == [
        "add g: gateway vpc-1",
        "add g: connection acme",
        "add g: route 10.20.0.11/32",
    ]
    assert lines(plan_absent("g", VpnState(parts=WANTED), TRAITS)) == [
        "remove g: route 10.20.0.11/32",
        "remove g: connection acme",
        "remove g: gateway vpc-1",
    ]


def test_what_is_not_wanted_any_more_goes_after_what_is_new() -> None:
    new = replace(ROUTE, name="10.20.0.12/32")
    made = plan("g", VpnState(parts=(GATEWAY, CONNECTION, ROUTE)), (GATEWAY, CONNECTION, new), TRAITS)
    assert lines(made) == ["add g: route 10.20.0.12/32", "remove g: route 10.20.0.11/32"]


def test_a_setting_that_the_provider_does_not_tell_is_not_compared() -> None:
    untold = replace(CONNECTION, settings={"peer": "192.0.2.1"})
    assert not plan("g", VpnState(parts=(GATEWAY, untold, ROUTE)), WANTED, TRAITS).changed


def test_what_others_made_stays() -> None:
    theirs = tuple(replace(part, own=False) for part in WANTED)
    state = VpnState(parts=(*theirs, Part("route", "172.16.0.0/12")))
    assert not plan("g", state, WANTED, TRAITS).changed
    assert not plan_absent("g", state, TRAITS).changed


def test_a_connection_of_others_is_changed_by_leave_alone() -> None:
    state = VpnState(parts=(replace(setting(peer="192.0.2.9"), own=False, ref="vpn-1"),))
    with pytest.raises(InvalidValue, match=r"acme \(vpn-1\) was made by somebody else and differs in peer"):
        plan("g", state, (CONNECTION,), TRAITS)
    assert lines(plan("g", state, (CONNECTION,), TRAITS, adopt=True)) == ["update g: connection acme"]
    same = VpnState(parts=(replace(CONNECTION, own=False),))
    assert lines(plan("g", same, (CONNECTION,), TRAITS, adopt=True)) == ["update g: connection acme"]


def test_what_is_within_a_part_is_taken_over_with_it() -> None:
    kinds = (*TRAITS.kinds[:2], PartKind("route", within="connection"))
    traits = replace(TRAITS, kinds=kinds)
    old = Part("route", "172.16.0.0/12")
    theirs = VpnState(parts=(replace(CONNECTION, own=False), old, replace(ROUTE, own=False)))
    assert not plan("g", theirs, (CONNECTION, ROUTE), traits).changed
    made = plan("g", theirs, (CONNECTION, ROUTE), traits, adopt=True)
    assert lines(made) == ["update g: connection acme", "remove g: route 172.16.0.0/12"]
    # Routes that have a mark of their own are not.
    assert lines(plan("g", theirs, (CONNECTION,), TRAITS, adopt=True)) == ["update g: connection acme"]
    # Nor are those of a connection that is only made now.
    loose = VpnState(parts=(old,))
    assert lines(plan("g", loose, (CONNECTION,), traits, adopt=True)) == ["add g: connection acme"]


def test_a_mark_alone_is_no_difference() -> None:
    state = VpnState(parts=(replace(CONNECTION, own=False),))
    made = audit("g", state, (CONNECTION, ROUTE), TRAITS, adopt=True)
    assert [change.key for change in made.changes] == ["connection acme", "route 10.20.0.11/32"]
    assert [change.key for change in differences(made.changes)] == ["route 10.20.0.11/32"]
    changed = VpnState(parts=(replace(setting(peer="192.0.2.9"), own=False),))
    assert len(differences(audit("g", changed, (CONNECTION,), TRAITS, adopt=True).changes)) == 1


def test_what_cannot_be_changed_where_it_is_is_refused() -> None:
    with pytest.raises(InvalidValue, match="connection acme: type: bgp cannot be changed to static where it is"):
        plan("g", VpnState(parts=(setting(type="bgp"),)), (CONNECTION,), TRAITS)


def test_an_audit_holds_what_a_plan_refuses_and_why() -> None:
    state = VpnState(parts=(replace(setting(type="bgp", key="sha256:2"), own=False, ref="vpn-1"),))
    made = audit("g", state, WANTED, TRAITS, adopt=True)
    assert lines(made) == ["add g: gateway vpc-1", "update g: connection acme", "add g: route 10.20.0.11/32"]
    why = [refusal(change, TRAITS, adopt=True) for change in made.changes]
    assert why[0] is why[2] is None and "type: bgp cannot be changed to static" in str(why[1])
    assert "was made by somebody else" in str(refusal(made.changes[1], TRAITS))
    changeable = setting(key="sha256:2")
    (change,) = audit("g", VpnState(parts=(changeable,)), (CONNECTION,), TRAITS).changes
    assert refusal(change, TRAITS) is None


def test_a_tunnel_drops_for_the_longest_of_its_reasons() -> None:
    state = VpnState(parts=(setting(peer="192.0.2.9", key="sha256:2"),), ends=(TunnelEnd("acme", "203.0.113.1", "up"),))
    made = plan("g", state, (CONNECTION,), TRAITS)
    assert drops(made.changes, state, TRAITS) == (Drop("acme", "peer of connection acme changes", 60),)
    gone = plan_absent("g", state, TRAITS)
    assert drops(gone.changes, state, TRAITS) == (Drop("acme", "connection acme is removed", None),)


def test_a_tunnel_that_is_down_and_one_that_is_made_drop_nothing() -> None:
    state = VpnState(parts=(setting(peer="192.0.2.9"),), ends=(TunnelEnd("acme", "203.0.113.1", status="down"),))
    assert drops(plan("g", state, (CONNECTION,), TRAITS).changes, state, TRAITS) == ()
    assert drops(plan("g", VpnState(), WANTED, TRAITS).changes, VpnState(), TRAITS) == ()


def test_an_audit_names_what_is_weak_and_why() -> None:
    end = TunnelEnd("acme", "203.0.113.1", accepts=("aes256", "ecp256", "ikev1", "modp1024", "prfsha256", "sha1"))
    assert findings([end]) == [
        "acme: takes ikev1, which knows no modern key exchange (RFC 9395); use IKEv2 alone",
        "acme: takes modp1024, which is a group of less than 3072 bits; use ecp256, ecp384, curve25519 or modp3072",
        "acme: takes sha1, which is withdrawn; use sha256",
    ]


PARTS = st.lists(
    st.builds(
        Part,
        st.sampled_from(["gateway", "connection", "route"]),
        st.sampled_from(["a", "b"]),
        st.fixed_dictionaries({}, optional={"peer": st.sampled_from(["1", "2"]), "key": st.sampled_from(["1", "2"])}),
        own=st.just(True),
    ),
    unique_by=lambda part: part.key,
).map(tuple)


@given(PARTS, PARTS)
def test_what_was_planned_and_made_leaves_nothing_to_plan(now: tuple[Part, ...], wanted: tuple[Part, ...]) -> None:
    changeable = frozenset({"peer", "key"})
    traits = replace(TRAITS, kinds=tuple(replace(kind, in_place=changeable) for kind in TRAITS.kinds))
    state = VpnState(parts=now)
    held = {part.key: part for part in now}
    made = plan("g", state, wanted, traits)
    for change in made.changes:
        if change.action == "remove":
            del held[change.before.key]
        else:
            held[change.after.key] = change.after
    after = VpnState(parts=tuple(held.values()))
    assert not plan("g", after, wanted, traits).changed
    assert settled(after, made.changes) == (list(made.changes), [])
    assert not set(settled(state, made.changes)[0])
