# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof of access: an outcome is allowed or refused; whatever else went wrong proves nothing."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Protocol

from ..core.errors import InvalidInput, ProviderError, ServiceStoreError
from ..core.reach import reach
from .base import Session
from .connect import connect

#: The failures that mean "access was refused". A wrong key or an untrusted certificate does not.
REFUSALS = frozenset({"ip_blocked", "no_permission", "unreachable", "timeout"})
PAUSE_S = 2.0


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True)
class Outcome:
    """``allowed`` or ``refused``, how that showed itself, and whom the provider saw."""

    verdict: str
    why: str
    identity: Mapping[str, str] = field(default_factory=dict)


class ProofFailed(ServiceStoreError):
    """The outcome was not the expected one; ``result`` is what the module returns all the same."""

    def __init__(self, text: str, result: Mapping[str, Any]) -> None:
        super().__init__(text)
        self.result = dict(result)


class Prober:
    """Tries until the outcome is the expected one or the time is up."""

    def __init__(self, context: Surroundings, attempt: Callable[[], Outcome], target: str) -> None:
        self._params = context.params
        self._sleep = context.sleep
        self._attempt = attempt
        self._target = target
        self._attempts = 0
        self._outcome = Outcome("refused", "not tried")

    def run(self) -> None:
        """Probe; raises ProofFailed where the outcome stays another than the expected one."""
        end = time.monotonic() + self._params["within_s"]
        while True:
            self._attempts += 1
            self._outcome = self._attempt()
            if self._outcome.verdict == self._params["expect"]:
                return
            if time.monotonic() + PAUSE_S > end:
                break
            self._sleep(PAUSE_S)
        source, expected = self._source(), self._params["expect"]
        got = self._outcome
        text = f"access from {source} to {self._target} was {got.verdict} and should be {expected}: {got.why}"
        raise ProofFailed(text, self.facts())

    def _source(self) -> str:
        return str(self._params.get("source") or self._params.get("proxy") or "this host")

    def facts(self) -> dict[str, Any]:
        """Return the module's result, with the record for the report."""
        actual, expected = self._outcome.verdict, self._params["expect"]
        proof = {
            "kind": "proof",
            "what": self._params.get("what") or f"reach {self._target}",
            "source": self._source(),
            "target": self._target,
            "expected": expected,
            "actual": actual,
            "ok": actual == expected,
            "enforced_by": self._params.get("enforced_by") or "",
            "enforced_at": self._params.get("enforced_at") or "",
            "evidence": self._outcome.why,
        }
        if self._params.get("subject"):
            proof["subject"] = self._params["subject"]
        facts = {"outcome": actual, "why": self._outcome.why, "attempts": self._attempts, "report": proof}
        return {**facts, "identity": dict(self._outcome.identity)} if self._outcome.identity else facts


def prober(context: Surroundings) -> Prober:
    """Return the prober for a module's options: a signed call, or a plain connection."""
    params = context.params
    if not params.get("provider"):
        target = f"{params['address']}:{params['port']}"
        return Prober(context, lambda: _connection(params), target)
    known, session = connect(context)
    service = params.get("service") or ""
    if service and service not in known.probe_services:
        raise InvalidInput("service", service, f"is not one of {known.name}'s: {', '.join(known.probe_services)}")
    return Prober(context, lambda: _signed(session, service), f"{known.name} {service}".strip())


def _signed(session: Session, service: str) -> Outcome:
    try:
        who = session.probe(service)
    except ProviderError as exc:
        if exc.kind not in REFUSALS:
            raise
        return Outcome("refused", f"{exc.kind}: {exc.why}")
    return Outcome("allowed", f"answered as {who.principal}", {"account": who.account, "principal": who.principal})


def _connection(params: Mapping[str, Any]) -> Outcome:
    proxy: str | None = params.get("proxy") or None
    try:
        got = reach(
            params["address"],
            params["port"],
            params["timeout_s"],
            proxy,
            params["tls"],
            params.get("ca_file"),
        )
    except ssl.SSLCertVerificationError as exc:
        why = f"the certificate is not trusted ({exc.verify_message})"
        raise ProviderError("network", f"reach {params['address']}", why, "tls") from exc
    return Outcome("allowed" if got.ok else "refused", got.why)
