# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the audits: by age out of the store's records in one task, and live with one probe for each credential."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.faults import FaultProxy
from tools.bench.credentials import Cost, Row
from tools.bench.figures import Took

from . import stores
from .credential_clouds import CLOUDS, Cloud, Peer
from .play import installed, loop, took
from .turns import Turn, by_turns

INFO = "strategic.service_store.cloud_credential_info"
PROBE = "strategic.service_store.cloud_credential"
POLICY = {"max_age_days": 90, "warn_before_days": 14}
Say = Callable[[str], None]
Json = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How much is measured: every task ``runs`` times, a loop over the first ``loop`` of the credentials.

    A looped module costs a second or two of processor time whoever wrote it, so a loop over everything would take
    most of an hour. ``only`` is empty for everything.
    """

    credentials: int
    runs: int
    loop: int
    only: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        """Whether this cloud or store is to be measured."""
        return not self.only or name in self.only


def measure(folder: Path, plan: Plan, empty: Took, say: Say) -> list[Row]:
    """Return the rows in order; ``empty`` is what a play takes that does nothing."""
    rows: list[Row] = []
    for name in (*CLOUDS, "openbao"):
        if plan.has(name):
            part = _openbao if name == "openbao" else _cloud
            rows += list(part(name, folder / name, plan, empty, say))
    return rows


def _cloud(name: str, folder: Path, plan: Plan, empty: Took, say: Say) -> Iterator[Row]:
    with contextlib.ExitStack() as stack:
        say(f"{name}: starting the server with {plan.credentials} credentials")
        cloud = CLOUDS[name](stack, folder, plan.credentials)
        option = stores.encrypted_file(folder / "store")
        stores.fill(option, name, cloud.secrets)
        runner = _Runner(folder, cloud.faults, plan, say)
        known = (plan.credentials, empty)
        yield Row(name, "age", *known, *runner.both(runner.audit(option), cloud.age), cloud.notes)
        ours = runner.loop(Peer(PROBE, _probes(cloud, option)))
        yield Row(name, "live", *known, *runner.both(ours, cloud.live), cloud.notes)


def _openbao(name: str, folder: Path, plan: Plan, empty: Took, say: Say) -> Iterator[Row]:
    # Any provider's records will do: no cloud is asked.
    secrets = [{"api_key": f"bench-{number}", "secret_key": "x" * 40} for number in range(plan.credentials)]
    with contextlib.ExitStack() as stack:
        say(f"{name}: starting the server with {plan.credentials} records")
        vault = stores.vault(stack, folder, "cloudstack", secrets)
        runner = _Runner(folder, vault.faults, plan, say)
        notes = ("the calls are those to OpenBao; the peer reads the records and judges no age",)
        found = runner.both(runner.audit(vault.option), vault.peer)
        yield Row(name, "age", plan.credentials, empty, *found, notes)


@dataclass(frozen=True)
class _Work:
    """A module for so many credentials, as tasks and their variables."""

    module: str
    credentials: int
    tasks: Sequence[Mapping[str, Any]]
    variables: Json


@dataclass(frozen=True)
class _Runner:
    folder: Path
    faults: FaultProxy
    plan: Plan
    say: Say

    def audit(self, option: Json) -> _Work:
        """One task for all of them; that it found all is checked within the time that is taken."""
        ask = {"name": "Audit", INFO: {"policy": POLICY, "secret_store": option}, "register": "known"}
        good = f"known.credentials | selectattr('state', 'equalto', 'ok') | length == {self.plan.credentials}"
        check = {"name": "All of them", "ansible.builtin.assert": {"that": [good], "quiet": True}}
        return _Work(INFO, self.plan.credentials, [ask, check], {})

    def loop(self, asked: Peer) -> _Work:
        """One task that loops over the first credentials."""
        items = asked.items[: self.plan.loop]
        # In check mode ours asks the cloud all the same and stores nothing; some of the others would not ask.
        more = {"check_mode": True} if asked.module == PROBE else {}
        return _Work(asked.module, len(items), *loop(asked.module, items, **more))

    def both(self, ours: _Work, peer: Peer | str) -> tuple[Cost, Cost | str]:
        """Measure ours and the other collection's by turns, so that both meet the same moods of a shared machine."""
        works = [ours]
        if not isinstance(peer, str) and installed(peer.module):
            works.append(self.loop(peer))
        elif not isinstance(peer, str):
            peer = f"{peer.module} is not installed"
        turns = [Turn(lambda it=it: took(self.folder / "play", it.tasks, it.variables)) for it in works]
        found = by_turns(turns, self.plan.runs, self.faults.operations)
        costs = [
            Cost(it.module, it.credentials, one.runs, len(one.calls)) for it, one in zip(works, found, strict=True)
        ]
        for cost in costs:
            self.say(f"  {cost.module}: {cost.median.wall_s:.1f} s and {cost.calls} calls for {cost.credentials}")
        return costs[0], peer if isinstance(peer, str) else costs[1]


def _probes(cloud: Cloud, option: Json) -> list[Json]:
    shared = {"provider": cloud.name, **cloud.options, "secret_store": option}
    return [{**shared, "credential": name} for name in stores.names(len(cloud.secrets))]
