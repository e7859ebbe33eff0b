# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gathers what happens during a run and makes a Report of it. Knows no Ansible class; time is given to it."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import records
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.declared import declared
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import (
    Account,
    Failure,
    HostRun,
    Machine,
    Report,
    Stage,
    latest,
)

MAX_FAILURES = 200
COUNTERS = ("ok", "changed", "failed", "unreachable", "skipped")


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)


class Collector:
    """One object per process: `ansible-playbook a.yml b.yml` gives one report that grows with each playbook."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime.datetime] = utc_now
    ) -> None:
        self._clock = clock
        self._now = now
        self._started_at = ""
        self._started = 0.0
        self._playbooks: list[str] = []
        self._stages: list[_Stage] = []
        self._accounts: dict[str, Account] = {}
        self._machines: dict[str, Machine] = {}
        self._busy: dict[tuple[str, str], float] = {}
        self._host_seconds: dict[str, float] = {}
        self._hosts: dict[str, dict[str, int]] = {}
        self._failures: list[Failure] = []
        self._records: list[records.Record] = []
        self._ignored = 0

    def playbook_started(self, name: str) -> None:
        if not self._playbooks:
            self._started_at = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
            self._started = self._clock()
        self._playbooks.append(records.scrub(name))

    def stage_started(self, name: str) -> None:
        """Batches of one play (`serial`) and plays that share a stage name in a row are one stage."""
        name = records.scrub(name) or "play"
        self._close_stage()
        if not self._stages or self._stages[-1].name != name:
            self._stages.append(_Stage(name))
        self._stages[-1].running_since = self._clock()

    def account_seen(self, host: str, account: Mapping[str, Any]) -> None:
        access = account.get("access")
        self._accounts[host] = Account(
            name=host,
            methods=_methods(access),
            declared=declared(host, account),
            **{name: records.text(account.get(name)) or "" for name in ("provider", "customer", "region", "egress")},
        )

    def machine_seen(self, host: str, part: str, account: object = "") -> None:
        """A host of the operator's; `part` is its group in the register's inventory."""
        self._machines[host] = Machine(host, part, records.text(account) or "")

    def task_started(self, host: str, task_id: str) -> None:
        self._busy[(host, task_id)] = self._clock()

    def task_done(self, host: str, task_id: str, task: str, outcome: str, result: Mapping[str, Any]) -> None:
        """`outcome` is one of COUNTERS, or `ignored` for a failure that the play ignores."""
        since = self._busy.pop((host, task_id), None)
        if since is not None:
            self._host_seconds[host] = self._host_seconds.get(host, 0.0) + self._clock() - since
        for offered in records.found_in(result):
            record = records.clean(offered, host, self._stage.name)
            if record is None:
                self._ignored += 1
            else:
                self._records.append(record)
        self._stage.count(outcome, bool(result.get("changed")))
        if outcome in ("failed", "unreachable") and len(self._failures) < MAX_FAILURES:
            self._failures.append(Failure(host, self._stage.name, records.scrub(task), message_of(result)))

    def totals(self, host: str, totals: Mapping[str, int]) -> None:
        """Ansible's own counts; they know which failures were rescued."""
        self._hosts[host] = {name: int(totals.get(name, 0)) for name in COUNTERS}

    def report(self, *, title: str, check_mode: bool, versions: Mapping[str, str]) -> Report:
        self._close_stage()
        hosts = tuple(
            HostRun(name=name, seconds=self._host_seconds.get(name, 0.0), **counts)
            for name, counts in sorted(self._hosts.items())
        )
        failures = self._final_failures(hosts)
        return Report(
            title=title,
            playbook=", ".join(self._playbooks),
            started=self._started_at,
            seconds=self._clock() - self._started,
            check_mode=check_mode,
            accounts=tuple(account for _name, account in sorted(self._accounts.items())),
            hosts=hosts,
            stages=tuple(stage.value(failures) for stage in self._stages),
            failures=failures,
            records=latest(self._records),
            ignored_records=self._ignored,
            versions=dict(versions),
            machines=tuple(machine for _name, machine in sorted(self._machines.items())),
        )

    def _final_failures(self, hosts: tuple[HostRun, ...]) -> tuple[Failure, ...]:
        """Without the failures that a `rescue` mended: those come before the ones that Ansible counts."""
        kept: list[Failure] = []
        for host in hosts:
            own = [failure for failure in self._failures if failure.host == host.name]
            kept += own[len(own) - min(len(own), host.failed + host.unreachable) :]
        return tuple(failure for failure in self._failures if failure in kept)

    @property
    def _stage(self) -> _Stage:
        if not self._stages:
            self._stages.append(_Stage("play"))
        return self._stages[-1]

    def _close_stage(self) -> None:
        if self._stages:
            self._stages[-1].stop(self._clock())


class _Stage:
    def __init__(self, name: str) -> None:
        self.name = name
        self.seconds = 0.0
        self.running_since: float | None = None
        self.tasks = self.changed = 0

    def stop(self, now: float) -> None:
        if self.running_since is not None:
            self.seconds += now - self.running_since
            self.running_since = None

    def count(self, outcome: str, changed: bool) -> None:
        self.tasks += outcome != "skipped"
        self.changed += changed and outcome in ("ok", "changed")

    def value(self, failures: tuple[Failure, ...]) -> Stage:
        failed = sum(failure.stage == self.name for failure in failures)
        return Stage(self.name, self.seconds, self.tasks, self.changed, failed)


def message_of(result: Mapping[str, Any]) -> str:
    """Why a task failed, in one line. A loop says it in its first failed item."""
    if records.is_hidden(result):
        return "hidden by no_log"
    items = result.get("results")
    for item in items if isinstance(items, (list, tuple)) else ():
        if isinstance(item, Mapping) and (item.get("failed") or item.get("unreachable")):
            return message_of(item)
    return records.text(result.get("msg")) or "failed without a message"


def _methods(access: Any) -> tuple[str, ...]:
    """`access` of the register: names, or mappings that carry their name in `method`."""
    if isinstance(access, Mapping):
        access = access.get("methods", list(access))
    if isinstance(access, str):
        access = [access]
    if not isinstance(access, (list, tuple)):
        return ()
    names = [item.get("method") if isinstance(item, Mapping) else item for item in access]
    return tuple(name for name in map(records.text, names) if name)
