# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Missing and excess: nothing that is needed is taken for held without a grant, and no wildcard passes for exact."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.permission import (
    Grant,
    Granted,
    Need,
    compare,
    covers,
)

NEED = Need(("ec2:DescribeSecurityGroups", "ec2:AuthorizeSecurityGroupIngress"), ("iam:Get*",))
texts = st.text("ab:", max_size=6)
patterns = st.text("ab:*?", max_size=6)
rights = st.sampled_from(["ec2:A", "ec2:B", "ec2:*", "ec2:?", "iam:A", "iam:*", "*", "s3:A"])
plain = st.sampled_from(["ec2:A", "ec2:B", "iam:A", "s3:A"])
grants = st.lists(st.builds(Grant, rights, st.just("p"), st.tuples(rights) | st.just(())), max_size=5).map(tuple)


def granted(*held: str, **more: object) -> Granted:
    return Granted("asked", tuple(Grant(right, "policy p") for right in held), **more)  # type: ignore[arg-type]


@given(patterns, texts)
def test_a_pattern_covers_a_text_as_shells_match_it(pattern: str, text: str) -> None:
    assert covers(pattern, text) == fnmatchcase(text, pattern)


@given(patterns, patterns, texts)
def test_what_covers_a_pattern_covers_everything_it_stands_for(wide: str, narrow: str, text: str) -> None:
    if covers(wide, narrow) and covers(narrow, text):
        assert covers(wide, text)


@given(patterns)
def test_a_star_covers_every_pattern_and_a_pattern_itself_and_case_is_nothing(pattern: str) -> None:
    assert covers("*", pattern) and covers(pattern, pattern.upper()) or "?" in pattern


@given(st.lists(plain, unique=True).map(tuple), grants, grants)
def test_a_needed_right_is_missing_exactly_where_no_grant_gives_it_or_a_denial_takes_it(
    needed: tuple[str, ...], given_: tuple[Grant, ...], denials: tuple[Grant, ...]
) -> None:
    found = compare(Need(needed), Granted("asked", given_, denials))
    for right in needed:
        held = any(it.gives(right) for it in given_) and not any(it.gives(right) for it in denials)
        assert (right in found.missing) is not held
    assert not found.not_told


@given(st.lists(plain, unique=True).map(tuple), grants, st.sampled_from(["ec2:A", "ec2:B", "iam:A", "s3:A", "kms:A"]))
def test_without_excess_nothing_is_granted_that_is_not_needed(
    needed: tuple[str, ...], given_: tuple[Grant, ...], right: str
) -> None:
    found = compare(Need(needed), Granted("asked", given_))
    if not found.excess and right not in needed:
        assert not any(it.gives(right) for it in given_)


@given(st.lists(plain, unique=True).map(tuple))
def test_exactly_what_is_needed_is_exact(needed: tuple[str, ...]) -> None:
    assert compare(Need(needed), granted(*needed)).verdict == "exact"


def test_excess_names_administrator_rights_first_then_wildcards() -> None:
    found = compare(NEED, granted("s3:GetObject", "ec2:*", "*", "iam:PutUserPolicy"), ["iam:PutUserPolicy"])
    assert [(it.level, it.right) for it in found.excess] == [
        ("administrator", "*"),
        ("administrator", "iam:PutUserPolicy"),
        ("wildcard", "ec2:*"),
        ("more", "s3:GetObject"),
    ]
    assert found.verdict == "excess" and not found.missing
    assert str(found.excess[2]) == "ec2:* (policy p)"


def test_rights_that_may_be_held_are_neither_missing_nor_too_much() -> None:
    found = compare(NEED, granted(*NEED.rights, "iam:GetUser", "IAM:Get*"))
    assert found.verdict == "exact"


def test_a_wildcard_with_exceptions_does_not_give_them() -> None:
    held = Granted("asked", (Grant("ec2:*", "role", but=("ec2:Authorize*",)),))
    assert compare(NEED, held).missing == ("ec2:AuthorizeSecurityGroupIngress",)


def test_what_an_unconditional_denial_takes_whole_is_no_excess() -> None:
    held = granted(*NEED.rights, "s3:*", denials=(Grant("s3:*", "policy q"),))
    assert compare(NEED, held).verdict == "exact"


@pytest.mark.parametrize(
    "held",
    [
        Granted("asked", (Grant("*", "p", only="for arn:one alone"),)),
        granted("*", denials=(Grant("ec2:*", "policy q", only="where the condition on aws:SourceIp holds"),)),
        granted("*", untold=dict.fromkeys(NEED.rights, "IAM was not asked")),
    ],
    ids=["granted somewhere", "denied sometimes", "not answered"],
)
def test_what_depends_on_something_unknown_is_not_told_and_never_exact(held: Granted) -> None:
    found = compare(NEED, held)
    assert found.verdict == "not_told" and not found.missing
    assert found.not_told[0].startswith("ec2:DescribeSecurityGroups, ec2:AuthorizeSecurityGroupIngress: ")


def test_a_grant_without_limits_beside_a_limited_one_is_enough() -> None:
    held = Granted("asked", (Grant("ec2:*", "p", only="for arn:one alone"), *(Grant(it, "q") for it in NEED.rights)))
    assert not compare(NEED, held).not_told


def test_the_providers_own_decision_wins_over_what_was_read() -> None:
    first, second = NEED.rights
    found = compare(NEED, granted(first, decided={first: False, second: True}))
    assert found.missing == (first,)


def test_what_comes_with_another_right_is_no_excess_and_a_wider_scope_is() -> None:
    held = Granted("asked", (Grant("admin", "p"), Grant("member", "p", implied=True), Grant("a", "p", beyond="above")))
    found = compare(Need(("member", "a")), held)
    assert [(it.right, it.source) for it in found.excess] == [("a", "p, above"), ("admin", "p")]
    assert not found.missing


def test_needs_of_several_capabilities_are_one_need_without_repetition() -> None:
    assert Need(("a", "b"), ("x",)).plus(Need(("b", "c"))) == Need(("a", "b", "c"), ("x",))
