# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a resource's firewall: merges, closes last, locks nobody out, and ends where it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.data_plane import (
    EVERYBODY,
    Firewall,
    Resource,
    Rule,
    Wanted,
    applied,
    parse_resources,
    plan,
    took_effect,
    withdraw,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue

VAULT = Resource("key_vault", "prod", "acme-keys")
A, B, C, D = "192.0.2.1/32", "192.0.2.2/32", "198.51.100.0/24", "203.0.113.5-203.0.113.9"
OURS, OLD, THEIRS, RANGE = Rule(A, True, "a"), Rule(B, True, "b"), Rule(C, False, "c"), Rule(D, False, "d")
AZURE = Rule("azure-services", False, "AllowAll", "every service inside Azure")
OPEN = Rule("0.0.0.0/0", False, "open")


def firewall(*rules: Rule, **more: Any) -> Firewall:
    return Firewall(VAULT, rules, most=more.pop("most", 10), **more)


def steps(now: Firewall, wanted: Wanted) -> list[str]:
    return [f"{change.action} {change.key}" for change in plan(now, wanted).changes]


@pytest.mark.parametrize(
    ("now", "wanted", "expected"),
    [
        (firewall(OURS), Wanted(VAULT, (A,)), []),
        (firewall(THEIRS), Wanted(VAULT, (A,)), [f"add {A}"]),
        (firewall(OLD, THEIRS, RANGE, AZURE), Wanted(VAULT, (A,)), [f"add {A}", f"remove {B}"]),
        (firewall(OLD, THEIRS), Wanted(VAULT, (A,), "none"), [f"add {A}"]),
        (firewall(OURS, RANGE, AZURE), Wanted(VAULT, (A,), "all"), [f"remove {D}", "remove azure-services"]),
        (firewall(THEIRS), Wanted(VAULT, (C,), "own"), []),
        (firewall(OURS, OLD), Wanted(VAULT, (A,), leaving=(B,)), []),
        (firewall(OURS, OLD), Wanted(VAULT, (A,), "all", leaving=(B,)), []),
        (firewall(OURS, THEIRS), Wanted(VAULT, (A,), former=(C,)), [f"remove {C}"]),
        (firewall(OURS, OPEN), Wanted(VAULT, (A,), "none"), ["remove 0.0.0.0/0"]),
        (firewall(OURS, denies=False), Wanted(VAULT, (A,)), [f"update {EVERYBODY}"]),
        (firewall(OLD, denies=False), Wanted(VAULT, (A,)), [f"add {A}", f"remove {B}", f"update {EVERYBODY}"]),
    ],
    ids=["nothing", "add", "own", "none", "all", "theirs-counts", "leaving", "leaving-all", "former", "open", "allow",
         "closes-last"],
)  # fmt: skip
def test_what_changes_and_in_which_order(now: Firewall, wanted: Wanted, expected: list[str]) -> None:
    assert steps(now, wanted) == expected


def changed(address: str, meant: str) -> Rule:
    return Rule(address, True, f"of {meant}", meant=meant)


@pytest.mark.parametrize(
    ("now", "wanted", "expected"),
    [
        (firewall(changed(B, A)), Wanted(VAULT, (A, B)), [f"add {B}", f"add {A}", f"remove {B}"]),
        (firewall(changed(B, A)), Wanted(VAULT, (A,), "none"), [f"add {A}", f"remove {B}"]),
        (firewall(changed(B, A)), Wanted(VAULT, (A,), leaving=(B,)), [f"add {B}", f"add {A}", f"remove {B}"]),
        (firewall(changed(B, A)), Wanted(VAULT, (B,)), [f"add {B}", f"remove {B}"]),
        (firewall(changed(B, A)), Wanted(VAULT, (B,), "none"), [f"add {B}"]),
        (firewall(changed(B, A)), Wanted(VAULT, (C,), leaving=(B,)), [f"add {C}"]),
        (firewall(changed(B, A), changed(C, B)), Wanted(VAULT, (A, B, C)),
         [f"add {C}", f"add {B}", f"add {A}", f"remove {B}", f"remove {C}"]),
        (firewall(changed(B, A), changed(A, B)), Wanted(VAULT, (A, B)),
         [f"add {B}", f"add {A}", f"remove {B}", f"remove {A}"]),
        (firewall(changed(B, A), most=1, swaps=False), Wanted(VAULT, (A,)), [f"add {A}", f"remove {B}"]),
    ],
    ids=["both", "none", "leaving", "its-new-address", "its-new-address-none", "left-alone", "chain", "circle", "full"],
)  # fmt: skip
def test_an_own_rule_that_was_changed_holds_nothing(now: Firewall, wanted: Wanted, expected: list[str]) -> None:
    assert steps(now, wanted) == expected
    end = applied(now, plan(now, wanted).changes)
    assert {*wanted.addresses, *({*wanted.leaving} & {*now.addresses})} <= {*end.addresses}
    assert not plan(end, wanted).changed


def test_the_diff_shows_addresses_and_who_else_is_refused() -> None:
    (part,) = plan(firewall(OLD, denies=False), Wanted(VAULT, (A,))).diff()
    assert part["before_header"] == "key_vault prod/acme-keys"
    assert part["before"] == f"{B}\neverybody else: let in\n"
    assert part["after"] == f"{A}\neverybody else: refused\n"


@pytest.mark.parametrize(
    ("now", "wanted", "refused"),
    [
        (firewall(OLD), Wanted(VAULT, (A,), callers=("192.0.2.2",)), True),
        (firewall(OLD), Wanted(VAULT, (A,), "none", callers=("192.0.2.2",)), False),
        (firewall(THEIRS), Wanted(VAULT, (A,), callers=("198.51.100.9",)), False),
        (firewall(THEIRS), Wanted(VAULT, (A,), "all", callers=("198.51.100.9",)), True),
        (firewall(RANGE), Wanted(VAULT, (A,), callers=("203.0.113.6",)), False),
        (firewall(RANGE), Wanted(VAULT, (A,), callers=("203.0.113.10",)), True),
        (firewall(denies=False), Wanted(VAULT, (A,), callers=("192.0.2.2",)), True),
        (firewall(AZURE), Wanted(VAULT, (A,), callers=("0.0.0.0",)), True),
    ],
    ids=["own-goes", "own-stays", "theirs-stays", "theirs-goes", "in-range", "past-range", "closing", "azure"],
)
def test_what_stays_counts_for_who_would_be_locked_out(now: Firewall, wanted: Wanted, refused: bool) -> None:
    if not refused:
        plan(now, wanted)
        return
    with pytest.raises(InvalidValue, match=r"addresses at key_vault prod/acme-keys.*allow_lock_out"):
        plan(now, wanted)


def test_the_number_of_rules_counts_those_that_go_where_they_go_later() -> None:
    full = firewall(OURS, OLD, most=2)
    assert len(plan(full, Wanted(VAULT, (A, C))).changes) == 2
    with pytest.raises(InvalidValue, match="takes 2; aggregate"):
        plan(replace(full, swaps=False), Wanted(VAULT, (A, C)))
    with pytest.raises(InvalidValue, match="needs? 3 rules at key_vault prod/acme-keys, which takes 2"):
        plan(full, Wanted(VAULT, (A, B, C)))
    # A firewall that is over its limit already is no reason to fail where nothing is added.
    assert steps(replace(full, most=1), Wanted(VAULT, (A,))) == [f"remove {B}"]


def test_leaving_takes_own_rules_and_opens_nothing() -> None:
    now = firewall(OURS, OLD, THEIRS)
    whole = withdraw(now)
    assert [change.key for change in whole.changes] == [A, B]
    end = applied(now, whole.changes)
    assert (end.addresses, end.denies) == ((C,), True)
    assert not withdraw(end).changed
    assert withdraw(firewall(OURS, denies=False)).changes[0].action == "remove"


def test_words_say_what_comes_in_besides() -> None:
    assert firewall(OURS).enforced and firewall(OURS).not_enforced == ""
    assert firewall(OURS, AZURE, passes=("subnets",)).not_enforced == "subnets; every service inside Azure"
    assert not firewall(OPEN).enforced and not firewall(denies=False).enforced
    assert firewall(denies=False).not_enforced == "every address, since nobody is refused"


@pytest.mark.parametrize(
    ("address", "wide"),
    [
        ("0.0.0.0/0", True),
        ("0.0.0.1-255.255.255.255", True),
        ("16.0.0.0/7", True),
        ("16.0.0.0-17.0.0.0", True),
        ("16.0.0.1-17.0.0.0", False),
        ("16.0.0.0/8", False),
        ("::/0", True),
        ("2001::/19", True),
        ("2001::/20", False),
        ("azure-services", False),
        ("somewhere", False),
    ],
)
def test_a_rule_that_is_too_wide_is_no_restriction_and_is_named(address: str, wide: bool) -> None:
    now = firewall(OURS, Rule(address, False, "by the customer"))
    assert now.enforced is not wide
    assert (f"{address}, which is wider" in now.not_enforced and "by the customer" in now.not_enforced) is wide
    # Only what lets all in goes unasked; whom a wide rule leaves out is locked out like anybody else.
    assert plan(now, Wanted(VAULT, (A,), "none")).changed is (address in ("0.0.0.0/0", "::/0"))
    if not address.startswith(("0.", ":")):
        with pytest.raises(InvalidValue, match="does not hold 198.51.100.7"):
            plan(now, Wanted(VAULT, (A,), callers=("198.51.100.7",)))


def test_a_resource_named_twice_is_refused() -> None:
    raw = {"kind": "key_vault", "resource_group": "prod", "name": "acme-keys"}
    assert parse_resources("data_plane", [raw, {**raw, "kind": "sql_server"}])[0] == VAULT
    with pytest.raises(InvalidValue, match=r"data_plane\[1\]: key_vault PROD/acme-keys is the same as data_plane\[0\]"):
        parse_resources("data_plane", [raw, {**raw, "resource_group": "PROD"}])


def marked(rule: Rule, ref: str) -> Rule:
    """A rule as a provider gives it: only an own one is meant for another address than its own."""
    return replace(rule, ref=ref, meant=rule.meant if rule.own and rule.meant != rule.address else "")


ADDRESSES = st.sampled_from([A, B, C, D, "0.0.0.0/0", "azure-services", "2.2.2.2/32"])
RULES = st.lists(st.builds(Rule, ADDRESSES, st.booleans(), meant=st.sampled_from(["", A, B, C])), max_size=5).map(
    lambda rules: tuple(marked(rule, str(number)) for number, rule in enumerate(rules))
)
WANTED = st.builds(
    Wanted,
    st.just(VAULT),
    st.lists(st.sampled_from([A, B, C]), min_size=1, unique=True).map(tuple),
    st.sampled_from(["none", "own", "all"]),
    st.lists(ADDRESSES, max_size=2).map(tuple),
    st.lists(ADDRESSES, max_size=2).map(tuple),
)


@given(RULES, st.booleans(), WANTED)
def test_a_plan_applied_makes_the_next_one_empty(rules: tuple[Rule, ...], denies: bool, wanted: Wanted) -> None:
    now = firewall(*rules, denies=denies, most=99)
    whole = plan(now, wanted)
    end = applied(now, whole.changes)
    assert not plan(end, wanted).changed
    assert set(wanted.addresses) <= set(end.addresses) and end.denies
    assert all(took_effect(end, change) for change in whole.changes)
    for number in range(len(whole.changes)):
        # Wherever a run stops, a wanted or an old entry is there, and nobody is refused before the rules are there.
        part = applied(now, whole.changes[:number])
        assert not part.denies or now.denies or set(wanted.addresses) <= set(part.addresses)
