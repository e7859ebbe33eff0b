# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging, pure: verdicts, evidence, and what a finding may say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline import (
    Control,
    Facts,
    Item,
    Observation,
    audit,
    count,
    printable,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_want import describe, holds

ROOTS = {"mode": 0o640, "owner": "root", "group": "shadow"}


def control(want: dict[str, Any], **more: Any) -> Control:
    data = {
        "id": "a-control",
        "title": "A control",
        "severity": "low",
        "read": {"reader": "files", "paths": ["/x"]},
        "want": want,
        "fix": {"kind": "attributes"},
        **more,
    }
    return Control.parse(data)


def judge(one: Control, observation: Observation, **facts: Any) -> Any:
    known = {"os_id": "debian", "os_version": "12", "container": False, "today": 20000, **facts}
    return audit(Facts(observations={one.read_key: observation}, **known), [one])[0]


@pytest.mark.parametrize(
    ("want", "value", "expected"),
    [
        pytest.param({"equals": "no"}, "no", True, id="equal"),
        pytest.param({"equals": 0}, "0", True, id="number-as-text"),
        pytest.param({"equals": "no"}, None, False, id="not-set"),
        pytest.param({"one_of": ["INFO", "VERBOSE"]}, "QUIET", False, id="none-of-these"),
        pytest.param({"at_most": 4}, "4", True, id="at-most"),
        pytest.param({"at_most": 4}, "many", False, id="no-number"),
        pytest.param({"at_least": 1, "at_most": 300}, "0", False, id="both-bounds"),
        pytest.param({"each_at_most": "10:30:60"}, "10:30:100", False, id="last-part-too-big"),
        pytest.param({"each_at_most": "10:30:60"}, "10", True, id="fewer-parts"),
        pytest.param({"subset_of": ["a", "b"]}, "b,a", True, id="subset"),
        pytest.param({"subset_of": ["a", "b"]}, "a,c", False, id="one-too-many"),
        pytest.param({"contains_none": ["c"]}, "a b", True, id="contains-none"),
        pytest.param({"matches": "^/"}, "relative", False, id="no-match"),
        pytest.param({"umask_at_least": "0027"}, "077", True, id="stricter-umask"),
        pytest.param({"umask_at_least": "0027"}, "022", False, id="looser-umask"),
        pytest.param({"mode_at_most": "0640"}, ROOTS, True, id="same-mode"),
        pytest.param({"mode_at_most": "0600"}, ROOTS, False, id="mode-too-open"),
        pytest.param({"mode_at_most": "0644"}, {**ROOTS, "mode": 0o4644}, False, id="set-uid-is-a-bit-too"),
        pytest.param({"mode_has": "1000"}, {**ROOTS, "mode": 0o1777}, True, id="sticky"),
        pytest.param({"owner": "root", "group": ["root", "shadow"]}, ROOTS, True, id="owner-and-group"),
        pytest.param({"group": "root"}, ROOTS, False, id="other-group"),
    ],
)
def test_operator(want: dict[str, Any], value: Any, expected: bool) -> None:
    assert holds(want, value) is expected


def test_owner_has_to_be_the_account_itself() -> None:
    want = {"equals_subject": True}
    assert holds(want, {**ROOTS, "owner": "alice"}, "alice")
    assert not holds(want, {**ROOTS, "owner": "mallory"}, "alice")


@given(st.integers(0, 0o7777), st.integers(0, 0o7777))
def test_a_mode_cut_to_the_limit_is_never_too_open(mode: int, limit: int) -> None:
    assert holds({"mode_at_most": f"{limit:04o}"}, {**ROOTS, "mode": mode & limit})


def test_expected_is_readable() -> None:
    want = {"mode_at_most": "0640", "owner": "root", "group": ["root", "shadow"]}
    assert describe(want) == "mode 0640 or stricter, owner root, group root or shadow"


def test_finding_names_value_and_place() -> None:
    finding = judge(control({"equals": "no"}), Observation((Item("x11", "yes", "/etc/ssh/sshd_config", 91),)))
    assert finding.public() == {
        "id": "a-control",
        "title": "A control",
        "severity": "low",
        "status": "fail",
        "expected": "no",
        "actual": "yes",
        "evidence": ["/etc/ssh/sshd_config:91"],
    }


@pytest.mark.parametrize(
    ("want", "status"),
    [
        pytest.param({"equals": "1"}, "not_applicable", id="nothing-to-judge"),
        pytest.param({"equals": "1", "missing": "fail"}, "fail", id="has-to-exist"),
        pytest.param({"equals": "1", "missing": "pass"}, "pass", id="may-be-missing"),
        pytest.param({"none": True}, "pass", id="must-not-exist"),
    ],
)
def test_verdict_on_nothing(want: dict[str, Any], status: str) -> None:
    assert judge(control(want), Observation()).status == status


def test_only_failing_items_are_evidence_of_a_failure() -> None:
    items = (Item("a", "no", "/a", 1), Item("b", "yes", "/b", 2, "Match User bob"))
    finding = judge(control({"equals": "no"}), Observation(items))
    assert finding.actual == "b (Match User bob): yes"
    assert finding.evidence == ("/b:2",)
    assert finding.failing == items[1:]


def test_many_items_are_counted_and_all_of_them_fail() -> None:
    items = tuple(Item(f"/f{number}", ROOTS, f"/f{number}") for number in range(1000))
    finding = judge(control({"none": True}), Observation(items))
    assert finding.actual.endswith("and 990 more")
    assert (len(finding.evidence), len(finding.failing)) == (10, 1000)


def test_other_systems_and_containers_are_not_judged() -> None:
    one = control({"equals": "1"}, applies_to={"os": {"debian": ["12"]}, "container": False})
    elsewhere = judge(one, Observation(), os_id="alpine", os_version="3.20")
    assert (elsewhere.status, elsewhere.actual) == ("not_applicable", "written for debian 12; this host is alpine 3.20")
    assert judge(one, Observation(), container=True).status == "not_applicable"


def test_what_could_not_be_read_is_an_error_with_its_reason() -> None:
    finding = judge(control({"equals": "1"}), Observation(status="error", reason="sshd -T: line 3: bad"))
    assert (finding.status, finding.actual) == ("error", "sshd -T: line 3: bad")


def test_count_names_every_verdict() -> None:
    assert count([]) == {"pass": 0, "fail": 0, "not_applicable": 0, "error": 0}


@given(st.text())
def test_a_hostile_file_name_prints_on_one_line(name: str) -> None:
    shown = printable(name)
    assert shown.isprintable()
    shown.encode("utf-8")


def test_a_name_that_is_not_utf8_prints_too() -> None:
    assert printable("a\udc80\nb") == "a\\udc80\\nb"
