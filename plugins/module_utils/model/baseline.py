# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The baseline's values and its audit: `audit(facts, controls) -> findings`, pure.

A control says what to read, what is wanted and how to mend it; a reader turns "what to read" into an
Observation of Items; judging is the same few lines for every control, whatever it looks at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .baseline_want import (
    describe,
    holds,
    show,
)

PASS = "pass"
FAIL = "fail"
NOT_APPLICABLE = "not_applicable"
ERROR = "error"

# A finding about 100,000 world-writable files stays readable; the repair still covers every one of them.
SHOWN_ITEMS = 10


def printable(text: str) -> str:
    """Make a file name safe for terminals, JSON and reports: a name may hold newlines or invalid UTF-8."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


@dataclass(frozen=True)
class Item:
    """One thing a reader saw: `subject` is its own name, `aspect` tells equal subjects apart.

    `places` are further (path, line) pairs that would still win after a repair elsewhere.
    """

    subject: str
    value: Any
    path: str = ""
    line: int = 0
    aspect: str = ""
    places: tuple[tuple[str, int], ...] = ()

    @property
    def evidence(self) -> str:
        """`path:line`, or the path alone where a line has no meaning."""
        path = printable(self.path)
        return "%s:%d" % (path, self.line) if self.line else path

    @property
    def name(self) -> str:
        subject = printable(self.subject)
        return "%s (%s)" % (subject, printable(self.aspect)) if self.aspect else subject


@dataclass(frozen=True)
class Observation:
    """What one `read` gave: items, or the reason why there is nothing to judge."""

    items: tuple[Item, ...] = ()
    status: str = "ok"
    reason: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything an audit needs to know of a host. `today` counts days since 1970-01-01 (UTC)."""

    os_id: str
    os_version: str
    container: bool
    today: int
    observations: Mapping[str, Observation] = field(default_factory=dict)


@dataclass(frozen=True)
class Control:
    """One rule, as the controller resolved it: no `${value}` is left in it."""

    id: str
    title: str
    severity: str
    applies_to: Mapping[str, Any]
    read: Mapping[str, Any]
    want: Mapping[str, Any]
    fix: Mapping[str, Any]
    disruptive: bool

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Control:
        """Take one entry of a bundle (the controller has validated it against the schema)."""
        return cls(
            id=data["id"],
            title=data["title"],
            severity=data["severity"],
            applies_to=data.get("applies_to", {}),
            read=data["read"],
            want=data["want"],
            fix=data["fix"],
            disruptive=data.get("disruptive", False),
        )

    @property
    def read_key(self) -> str:
        """Controls that read the same thing share one observation."""
        return json.dumps(self.read, sort_keys=True)


@dataclass(frozen=True)
class Finding:
    """The verdict on one control. `failing` feeds the repair and never leaves the host."""

    id: str
    title: str
    severity: str
    status: str
    expected: str
    actual: str
    evidence: tuple[str, ...] = ()
    failing: tuple[Item, ...] = ()

    def public(self) -> dict[str, Any]:
        """What a result may hold."""
        return {
            "id": self.id,
            "title": self.title,
            "severity": self.severity,
            "status": self.status,
            "expected": self.expected,
            "actual": self.actual,
            "evidence": list(self.evidence),
        }


def audit(facts: Facts, controls: Sequence[Control]) -> tuple[Finding, ...]:
    """Judge every control; the order of findings is that of the controls."""
    return tuple(_judge(facts, control) for control in controls)


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Number of findings per status; every status is present."""
    totals = {PASS: 0, FAIL: 0, NOT_APPLICABLE: 0, ERROR: 0}
    for finding in findings:
        totals[finding.status] += 1
    return totals


def inapplicable(facts: Facts, control: Control) -> str:
    """The reason why a control does not concern this host, or an empty text."""
    wanted = control.applies_to.get("os")
    if wanted is not None and facts.os_version not in wanted.get(facts.os_id, ()):
        known = ", ".join("%s %s" % (name, "/".join(versions)) for name, versions in sorted(wanted.items()))
        return "written for %s; this host is %s %s" % (known, facts.os_id, facts.os_version)
    if facts.container and control.applies_to.get("container") is False:
        return "belongs to the machine below this container"
    return ""


def _judge(facts: Facts, control: Control) -> Finding:
    reason = inapplicable(facts, control)
    if reason:
        return _finding(control, NOT_APPLICABLE, reason)
    seen = facts.observations[control.read_key]
    if seen.status != "ok":
        return _finding(control, seen.status, seen.reason)
    if control.want.get("none"):
        failing = seen.items
    else:
        failing = tuple(item for item in seen.items if not holds(control.want, item.value, item.subject))
    if not seen.items:
        return _judge_nothing(control)
    status = FAIL if failing else PASS
    return _finding(control, status, _actual(failing or seen.items), failing or seen.items, failing)


def _judge_nothing(control: Control) -> Finding:
    if control.want.get("none"):
        return _finding(control, PASS, "none")
    missing = control.want.get("missing", NOT_APPLICABLE)
    return _finding(control, missing, "missing" if missing == FAIL else "there is none on this host")


def _finding(
    control: Control,
    status: str,
    actual: str,
    items: Sequence[Item] = (),
    failing: tuple[Item, ...] = (),
) -> Finding:
    evidence = tuple(dict.fromkeys(item.evidence for item in items if item.path))
    return Finding(
        id=control.id,
        title=control.title,
        severity=control.severity,
        status=status,
        expected=describe(control.want),
        actual=actual,
        evidence=evidence[:SHOWN_ITEMS],
        failing=failing,
    )


def _actual(items: Sequence[Item]) -> str:
    if len(items) == 1 and not items[0].aspect:
        return show(items[0].value)
    parts = ["%s: %s" % (item.name, show(item.value)) for item in items[:SHOWN_ITEMS]]
    if len(items) > SHOWN_ITEMS:
        parts.append("and %d more" % (len(items) - SHOWN_ITEMS))
    return "; ".join(parts)
