# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of one run as plain values: no Ansible objects, no clock, no files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.strategic.service_store.plugins.plugin_utils.report.declared import Declared
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.records import Record

SCHEMA = 1


@dataclass(frozen=True)
class Account:
    """A cloud account, from the register's entry in the inventory."""

    name: str
    provider: str = ""
    customer: str = ""
    region: str = ""
    methods: tuple[str, ...] = ()
    egress: str = ""
    declared: Declared = Declared()


@dataclass(frozen=True)
class Machine:
    """A host of the operator's, its part in the register, and the account that an application's host belongs to."""

    name: str
    part: str
    account: str = ""


@dataclass(frozen=True)
class HostRun:
    """What Ansible did on one inventory host. `seconds` is the sum of its tasks, which run side by side."""

    name: str
    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Stage:
    """One play, or several that share a stage name, in wall-clock seconds."""

    name: str
    seconds: float = 0.0
    tasks: int = 0
    changed: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Failure:
    host: str
    stage: str
    task: str
    message: str


@dataclass(frozen=True)
class Report:
    """One run. `started` is an ISO 8601 time in UTC; `seconds` is wall clock."""

    title: str
    playbook: str
    started: str
    seconds: float
    check_mode: bool
    accounts: tuple[Account, ...] = ()
    hosts: tuple[HostRun, ...] = ()
    stages: tuple[Stage, ...] = ()
    failures: tuple[Failure, ...] = ()
    records: tuple[Record, ...] = ()
    ignored_records: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    machines: tuple[Machine, ...] = ()

    @property
    def ok(self) -> bool:
        """A run is good when no host failed and every proof came out as expected."""
        hosts_ok = all(not host.failed and not host.unreachable for host in self.hosts)
        return hosts_ok and not self.failures and all(proof.values.get("ok") for proof in self.of_kind("proof"))

    @property
    def changed(self) -> int:
        return sum(host.changed for host in self.hosts)

    def of_kind(self, kind: str, subject: str | None = None) -> list[Record]:
        return [record for record in self.records if record.kind == kind and subject in (None, record.subject)]

    def host(self, name: str) -> HostRun:
        return next((host for host in self.hosts if host.name == name), HostRun(name))

    def as_dict(self) -> dict[str, Any]:
        """The JSON document. Fields may be added within one schema number, never renamed or removed."""
        return {
            "schema": SCHEMA,
            "title": self.title,
            "playbook": self.playbook,
            "started": self.started,
            "seconds": round(self.seconds, 1),
            "ok": self.ok,
            "check_mode": self.check_mode,
            "changed": self.changed,
            "versions": self.versions,
            "accounts": [{**_values(account), "methods": list(account.methods)} for account in self.accounts],
            "hosts": [_values(host) for host in self.hosts],
            "stages": [_values(stage) for stage in self.stages],
            "failures": [_values(failure) for failure in self.failures],
            "records": [
                {"kind": item.kind, "subject": item.subject, "stage": item.stage, **item.values}
                for item in self.records
            ],
            "ignored_records": self.ignored_records,
        }


def latest(records: Iterable[Record]) -> tuple[Record, ...]:
    """The last word on each thing, in the order in which the things first came up."""
    known: dict[tuple[str, ...], Record] = {}
    for record in records:
        known[record.identity] = record
    return tuple(known.values())


def _values(item: Any) -> dict[str, Any]:
    # What is declared of an account is in the topology.
    values = {name: value for name, value in vars(item).items() if name != "declared"}
    if "seconds" in values:
        values["seconds"] = round(values["seconds"], 1)
    return values
