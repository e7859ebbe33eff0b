# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proof of access: an outcome is allowed or refused; whatever else went wrong proves nothing."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from ..core.errors import InvalidInput, ProviderError
from ..core.reach import reach
from .base import Session
from .connect import connect
from .proof import Aim, Outcome, ProofFailed, Shot, words
from .registry import provider as find_provider

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


class Prober:
    """Tries each aim until its outcome is the wanted one or the time is up; all of them at the same time."""

    def __init__(self, context: Surroundings, aims: Sequence[Aim], several: bool) -> None:
        self._within_s: float = context.params["within_s"]
        self._workers = max(1, int(context.params["workers"]))
        self._sleep = context.sleep
        self._aims = aims
        self._several = several
        self._shots: list[Shot] = []

    def run(self) -> None:
        """Probe; raises ProofFailed where an outcome stays another than the wanted one."""
        with ThreadPoolExecutor(min(self._workers, max(1, len(self._aims)))) as pool:
            self._shots = list(pool.map(self._shoot, self._aims))
        wrong = [shot.failure() for shot in self._shots if not shot.ok]
        if wrong:
            raise ProofFailed("; ".join(wrong), self.facts())

    def _shoot(self, aim: Aim) -> Shot:
        end = time.monotonic() + (self._within_s if aim.within_s is None else aim.within_s)
        attempts = 0
        while True:
            attempts += 1
            shot = Shot(aim, aim.attempt(), attempts)
            if shot.ok or time.monotonic() + PAUSE_S > end:
                return shot
            self._sleep(PAUSE_S)

    def facts(self) -> dict[str, Any]:
        """Return the module's result: of the one aim, or of all of them with a list of records for the report."""
        found = [shot.facts() for shot in self._shots]
        if not self._several:
            return found[0]
        reports = [one.pop("report") for one in found]
        return {"outcomes": found, "report": reports}


def prober(context: Surroundings) -> Prober:
    """Return the prober for a module's options: calls of resources' data, signed calls, or plain connections."""
    params = context.params
    if params.get("data_plane") is not None:
        # Imported here: a host that opens connections has no use for it.
        from .data_doors import aims

        return Prober(context, aims(context), True)
    if params.get("token_proxy"):
        raise InvalidInput("token_proxy", params["token_proxy"], "is of use with data_plane alone; leave it out")
    if params.get("provider"):
        return Prober(context, _signed_aims(context), bool(params.get("services")))
    if params.get("targets"):
        return Prober(context, [_connection_aim(params, row) for row in params["targets"]], True)
    return Prober(context, [_connection_aim(params, params)], False)


def _signed_aims(context: Surroundings) -> list[Aim]:
    params = context.params
    services = params.get("services") or [params.get("service") or ""]
    offered = find_provider(params["provider"]).probe_services
    for service in services:
        if service and service not in offered:
            where = "services" if params.get("services") else "service"
            raise InvalidInput(where, service, f"is not one of {params['provider']}'s: {', '.join(offered)}")
    known, session = connect(context)
    aims = []
    for service in services:
        target = f"{known.name} {service}".strip()
        what = str(params.get("what") or f"reach {target}").replace("{service}", service or known.name)
        aims.append(Aim(target, partial(_signed, session, service), params["expect"], words(params, params, what)))
    return aims


def _connection_aim(params: Mapping[str, Any], row: Mapping[str, Any]) -> Aim:
    target = f"{row['address']}:{row['port']}"
    expect = params["expect"]
    if row.get("allowed_from") is not None:
        expect = "allowed" if params.get("source") in row["allowed_from"] else "refused"
    attempt = partial(_connection, params, row["address"], row["port"], row.get("proxy") or params.get("proxy") or None)
    said = words(params, row, row.get("what") or f"connect to {target}")
    return Aim(target, attempt, expect, said, row.get("within_s"))


def _signed(session: Session, service: str) -> Outcome:
    try:
        who = session.probe(service)
    except ProviderError as exc:
        if exc.kind not in REFUSALS:
            raise
        return Outcome("refused", f"{exc.kind}: {exc.why}")
    return Outcome("allowed", f"answered as {who.principal}", {"account": who.account, "principal": who.principal})


def _connection(params: Mapping[str, Any], address: str, port: int, proxy: str | None) -> Outcome:
    try:
        got = reach(address, port, params["timeout_s"], proxy, params["tls"], params.get("ca_file"))
    except ssl.SSLCertVerificationError as exc:
        why = f"the certificate is not trusted ({exc.verify_message})"
        raise ProviderError("network", f"reach {address}", why, "tls") from exc
    return Outcome("allowed" if got.ok else "refused", got.why)
