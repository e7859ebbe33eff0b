# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that names AnsibleModule: check mode, diff, failure and redaction are the same for every module."""

from __future__ import annotations

import datetime
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, Protocol

from ansible.module_utils.basic import AnsibleModule

from ..model.invalid import InvalidValue
from ..model.plan import Change, Plan
from .errors import InvalidInput, ServiceStoreError
from .redact import Redactor
from .spec import Spec


class Context:
    """What a task may use of its surroundings: options, clock, and the means to warn and to keep a secret."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self.params: Mapping[str, Any] = module.params
        self.check_mode: bool = module.check_mode
        self.redactor = Redactor()

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""
        known = [value for value in values if value]
        self.redactor.add(known)
        self._module.no_log_values.update(known)

    def warn(self, text: str) -> None:
        """Show a warning to the operator."""
        self._module.warn(self.redactor.text(text))

    def now(self) -> datetime.datetime:
        """Return the present time in UTC."""
        return datetime.datetime.now(datetime.timezone.utc)

    def sleep(self, seconds: float) -> None:
        """Wait; the only sleep of a module."""
        time.sleep(seconds)


class Task(Protocol):
    """One module: computes a plan, applies it, and says what to return."""

    def __init__(self, context: Context) -> None:
        """Parse the options; raises InvalidInput before any connection is made."""

    def plan(self) -> Plan:
        """Read the current state and return what has to change."""

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Make the changes, calling ``done(change)`` after each one that has taken effect."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the module's own return values."""


class Applied:
    """Collects what has really been changed, so that a failure half way tells the truth."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def __call__(self, change: Change) -> None:
        # list.append is atomic under threads; tasks apply several scopes at once.
        self.changes.append(change)


def run(spec: Spec, task_class: type[Task]) -> None:
    """Run one module from its options to its exit."""
    module = AnsibleModule(**spec.arguments())
    context = Context(module)
    applied = Applied()
    plan = Plan()
    try:
        task = task_class(context)
        plan = task.plan()
        if plan.changed and not module.check_mode:
            task.apply(plan, applied)
        own = task.result(plan, applied.changes)
    except InvalidValue as exc:
        _fail(module, context, InvalidInput(exc.where, exc.value, exc.mend), applied.changes)
        return
    except ServiceStoreError as exc:
        _fail(module, context, exc, applied.changes)
        return
    except Exception as exc:
        # Ansible would print the text and the traceback of it as they are.
        _fail_unforeseen(module, context, exc, applied.changes)
        return
    shown = plan.changes if module.check_mode else applied.changes
    values: dict[str, Any] = {"changed": bool(shown), **own}
    if module._diff:  # AnsibleModule has no public name for it
        values["diff"] = plan.diff()
    module.exit_json(**context.redactor.value(values))


def _fail_unforeseen(module: AnsibleModule, context: Context, exc: Exception, applied: Iterable[Change]) -> None:
    """Exit with an error that nobody has foreseen: what it is and where, its text redacted as everything else."""
    done = [change.describe() for change in applied]
    values = {"changed": bool(done), **({"applied": done} if done else {})}
    last = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"in {last.name}, line {last.lineno} of {last.filename.rpartition('/')[2]}"
    text = f"{type(exc).__name__}: {exc} ({where}). This is a defect of the module: please report it"
    trace = "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    module.fail_json(msg=context.redactor.text(text), exception=context.redactor.text(trace), **values)


def _fail(module: AnsibleModule, context: Context, exc: ServiceStoreError, applied: Iterable[Change]) -> None:
    """Exit with the error, true about what had been changed before it."""
    done = [change.describe() for change in applied]
    values: dict[str, Any] = {"changed": bool(done), "error": exc.facts()}
    if done:
        values["applied"] = done
    own = getattr(exc, "result", None)
    if isinstance(own, dict):
        values.update(own)
    module.fail_json(msg=context.redactor.text(str(exc)), **context.redactor.value(values))
