# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both modules: the audit, and the audit with repairs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ..core.runner import Context
from ..model.baseline import ERROR, FAIL, NOT_APPLICABLE, PASS, Control, Facts, Finding, audit, count
from ..model.baseline_diff import diff
from ..model.baseline_fix import FIXERS
from ..model.baseline_lockout import lockouts
from ..model.baseline_plan import Repairs, Workspace, plan
from ..model.plan import Change, Plan
from . import bundle
from .apply import apply, changes, reload_pending
from .errors import BaselineError
from .host import Host
from .login import login
from .observe import observe
from .sysctl import RUNNING


@dataclass(frozen=True)
class HostPlan(Plan):
    """A plan whose diff shows the files themselves."""

    repairs: Repairs = field(default_factory=Repairs)

    def diff(self) -> list[dict[str, str]]:
        return diff(self.repairs)


class Audit:
    """`baseline_info`: reads, judges, and touches nothing."""

    def __init__(self, context: Context) -> None:
        given = context.params["bundle"]
        if given is None:
            raise BaselineError("this module needs its action plugin; call it as strategic.service_store.baseline_info")
        if os.geteuid():
            raise BaselineError("a baseline reads files that only root may read: set become: true")
        self.params = context.params
        self.check_mode = context.check_mode
        self.given: Mapping[str, Any] = given
        self.controls: list[Control] = bundle.load(given)
        self.host = Host(scratch=bundle.folder(given))
        self.facts: Facts
        self.findings: tuple[Finding, ...] = ()

    def plan(self) -> Plan:
        self._audit()
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """An audit changes nothing."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> dict[str, Any]:
        return {
            "findings": [finding.public() for finding in self.findings],
            "summary": summary(self.findings),
            "report": report(self.findings, 0),
        }

    def _audit(self) -> None:
        self.host.forget()
        self.facts = observe(self.host, self.controls)
        self.findings = audit(self.facts, self.controls)


class Apply(Audit):
    """`baseline`: repairs what the audit found, then audits again and answers for the outcome."""

    def plan(self) -> HostPlan:
        self._audit()
        self.first = self.findings
        who = login(self.host, self.given)
        closed = lockouts(self.facts, self.findings, self.controls, who)
        if closed:
            told = "; ".join("%s: %s (%s)" % (one.control, one.why, one.mend) for one in closed)
            raise BaselineError(
                "nothing was changed: this would lock out the connecting user. %s" % told,
                {"locked_out_by": [one.control for one in closed]},
            )
        self.repairs = plan(
            self.findings,
            self.controls,
            Workspace(self.host, self.host.names),
            FIXERS,
            packages=self.params["fix_packages"],
            disruptive=self.params["fix_disruptive"],
        )
        pending = reload_pending(self.host)
        return HostPlan(changes=changes(self.repairs, reload_pending=pending), repairs=self.repairs)

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        seen = [item for observation in self.facts.observations.values() for item in observation.items]
        running = {item.subject: str(item.value) for item in seen if item.aspect == RUNNING}
        apply(self.host, self.repairs, running, done)
        self._audit()

    def result(self, plan: Plan, applied: Sequence[Change]) -> dict[str, Any]:
        repaired = self.repairs.controls
        after = predicted(self.first, repaired) if self.check_mode else self.findings
        remaining = [
            {"id": finding.id, "why": self.repairs.withheld.get(finding.id, finding.actual)}
            for finding in after
            if finding.status in (FAIL, ERROR)
        ]
        result = {
            # The verdicts on the host as it was found: check mode gives the same.
            "findings": [finding.public() for finding in self.first],
            "repaired": list(repaired),
            "remaining": remaining,
            "changes": [change.describe() for change in (plan.changes if self.check_mode else applied)],
            "summary": summary(after),
            "report": report(after, len(repaired)),
        }
        broken = [one for one in remaining if one["id"] not in self.repairs.withheld]
        if broken:
            told = "; ".join("%s (%s)" % (one["id"], one["why"]) for one in broken[:5])
            raise BaselineError("%d controls do not pass after the repair: %s" % (len(broken), told), result)
        return result


def predicted(findings: Sequence[Finding], repaired: Sequence[str]) -> list[Finding]:
    """The verdicts as they will be when every planned repair has taken effect."""
    gone = set(repaired)
    return [
        Finding(one.id, one.title, one.severity, PASS, one.expected, one.expected) if one.id in gone else one
        for one in findings
    ]


def summary(findings: Sequence[Finding]) -> dict[str, int]:
    """Counts under the names that the report uses."""
    totals = count(findings)
    return {
        "passed": totals[PASS],
        "failed": totals[FAIL],
        "not_applicable": totals[NOT_APPLICABLE],
        "errors": totals[ERROR],
    }


def report(findings: Sequence[Finding], changed: int) -> dict[str, Any]:
    """This host's line in the rollout's report; the action plugin adds the host's name."""
    totals = summary(findings)
    return {
        "kind": "baseline",
        "passed": totals["passed"],
        "failed": totals["failed"] + totals["errors"],
        "waived": 0,
        "not_applicable": totals["not_applicable"],
        "changed": changed,
    }
