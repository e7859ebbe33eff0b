# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner: check mode, diff, truth after a failure, and redaction, for any task."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec import Spec
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan

SECRET = "canary+of/the=runner"
CHANGES = tuple(Change("add", f"k{n}", None, f"v{n}", "g") for n in range(3))


class Task:
    """Plans three changes; fails before the one that ``fail_at`` names."""

    fail_at: int | None = None

    def __init__(self, context: Context) -> None:
        context.keep_secret(SECRET)
        if context.params["bad"]:
            raise InvalidValue("bad", context.params["bad"], "is bad; write nothing")

    def plan(self) -> Plan:
        return Plan(CHANGES)

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        for number, change in enumerate(plan.changes):
            if number == self.fail_at:
                raise ProviderError("p", "do it", f"refused {SECRET}", "conflict")
            done(change)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        return {"said": f"the key is {SECRET}", "applied_now": len(applied)}


class Broken(Task):
    """Fails in a way that nobody has foreseen, after its first change."""

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        done(plan.changes[0])
        basic = base64.b64encode(f"user:{SECRET}".encode()).decode()
        raise RuntimeError(f"sent {SECRET} as Basic {basic}")


def exit_of(task: type[Task], check: bool = False, diff: bool = True, **arguments: Any) -> dict[str, Any]:
    out = io.StringIO()
    given = {"bad": "", **arguments, "_ansible_check_mode": check, "_ansible_diff": diff}
    with patch_module_args(given), contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        run(Spec({"bad": {"type": "str", "default": ""}}), task)
    result: dict[str, Any] = json.loads(out.getvalue())
    return result


def failing(at: int | None) -> type[Task]:
    return type("Failing", (Task,), {"fail_at": at})


def test_check_mode_predicts_and_does_nothing() -> None:
    predicted, done = exit_of(Task, check=True), exit_of(Task)
    assert predicted["changed"] and done["changed"]
    assert predicted["diff"] == done["diff"]
    assert (predicted["applied_now"], done["applied_now"]) == (0, 3)


@pytest.mark.parametrize(("at", "changed", "applied"), [(0, False, None), (2, True, ["add g: k0", "add g: k1"])])
def test_a_failure_half_way_tells_what_had_been_changed(at: int, changed: bool, applied: list[str] | None) -> None:
    failed = exit_of(failing(at))
    assert failed["failed"] and failed["changed"] is changed
    assert failed.get("applied") == applied
    assert failed["error"] == {
        "type": "ProviderError",
        "provider": "p",
        "doing": "do it",
        "kind": "conflict",
        "transient": False,
    }


def test_a_kept_secret_is_in_no_exit() -> None:
    for result in (exit_of(Task), exit_of(failing(1))):
        assert SECRET not in json.dumps(result)


class Unforeseen(Task):
    """Fails with what no library has promised to raise, after one change."""

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        done(plan.changes[0])
        raise ValueError(f"Invalid header value {SECRET!r}")


def test_what_nobody_has_foreseen_is_told_with_its_place_and_without_the_secret() -> None:
    failed = exit_of(Unforeseen)
    assert failed["failed"] and failed["changed"] is True and failed["applied"] == ["add g: k0"]
    assert failed["msg"].startswith("ValueError: Invalid header value") and "please report it" in failed["msg"]
    assert "(in apply, line " in failed["msg"]
    assert SECRET not in json.dumps(failed)


def test_bad_input_names_option_value_and_mend() -> None:
    refused = exit_of(Task, bad="x")
    assert refused["msg"] == "bad: x is bad; write nothing"
    assert refused["error"] == {"type": "InvalidInput", "option": "bad", "mend": "is bad; write nothing"}
    assert refused["changed"] is False


def test_options_defined_twice_are_a_mistake_of_the_developer() -> None:
    with pytest.raises(ValueError, match="options defined twice: a"):
        Spec({"a": {}}).merge(Spec({"a": {}}))


def test_an_unforeseen_error_is_redacted_and_true_about_what_changed() -> None:
    result = exit_of(Broken)
    assert result["failed"] and result["changed"] and len(result["applied"]) == 1
    assert "RuntimeError" in result["msg"] and "in apply, line" in result["msg"]
    assert "report it" in result["msg"]
    printed = json.dumps(result)
    assert SECRET not in printed and not [text for text in spellings(SECRET) if text in printed]
