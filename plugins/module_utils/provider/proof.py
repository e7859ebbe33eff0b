# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One proof of access: what was tried, what is expected of it, what came of it, and the record for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from ..core.errors import ServiceStoreError

#: The verdict on what cannot be tried from here, which is no failure and no proof either.
UNPROVEN = "not proven"


@dataclass(frozen=True)
class Outcome:
    """``allowed``, ``refused`` or UNPROVEN, how that showed itself (or why not), and whom the provider saw."""

    verdict: str
    why: str
    identity: Mapping[str, str] = field(default_factory=dict)


class ProofFailed(ServiceStoreError):
    """The outcome was not the expected one; ``result`` is what the module returns all the same."""

    def __init__(self, text: str, result: Mapping[str, Any]) -> None:
        super().__init__(text)
        self.result = dict(result)


@dataclass(frozen=True)
class Aim:
    """One proof to be made: the attempt, the outcome that is wanted, and the words for the report."""

    target: str
    attempt: Callable[[], Outcome]
    expect: str
    words: Mapping[str, str]
    within_s: float | None = None


@dataclass(frozen=True)
class Shot:
    """What came of an aim, and how many attempts it took."""

    aim: Aim
    outcome: Outcome
    attempts: int

    @property
    def ok(self) -> bool:
        """Return whether the outcome is the one that was wanted, or none was to be had."""
        return self.outcome.verdict in (self.aim.expect, UNPROVEN)

    def failure(self) -> str:
        """Return, in words, what is wrong with the outcome."""
        got, aim = self.outcome, self.aim
        wanted = f"was {got.verdict} and should be {aim.expect}"
        return f"access from {aim.words['source']} to {aim.target} {wanted}: {got.why}"

    def facts(self) -> dict[str, Any]:
        """Return the outcome as the module returns it, with the record for the report."""
        got, aim = self.outcome, self.aim
        facts = {
            "target": aim.target,
            "outcome": got.verdict,
            "why": got.why,
            "attempts": self.attempts,
            "report": self._record(),
        }
        return {**facts, "identity": dict(got.identity)} if got.identity else facts

    def _record(self) -> dict[str, Any]:
        got, aim = self.outcome, self.aim
        record = {**aim.words, "target": aim.target, "expected": aim.expect, "evidence": got.why}
        if got.verdict == UNPROVEN:
            return {**record, "kind": "unproven"}
        return {**record, "kind": "proof", "actual": got.verdict, "ok": self.ok}


def words(params: Mapping[str, Any], row: Mapping[str, Any], what: str) -> dict[str, str]:
    """Return the words of one proof for the report: a row's own, or else those of the module's options."""
    found = {name: row.get(name) or params.get(name) or "" for name in ("enforced_by", "enforced_at", "subject")}
    source = str(params.get("source") or params.get("proxy") or "this host")
    return {
        "what": what,
        "source": source,
        **{name: value for name, value in found.items() if value or name != "subject"},
    }
