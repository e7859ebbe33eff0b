# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures allowlists: one scope and many, fresh, once more, and with one entry changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider
from tools.bench.allowlist import FRESH, STEPS, Figure, Line, Report, reckoned
from tools.bench.figures import Took

from . import stores
from .accounts import play_of_accounts
from .allowlist_clouds import CLOUDS, Cloud
from .load import memory, waiting
from .play import installed
from .servers import logged
from .turns import Turn, by_turns
from .ways import Way, Wish, ours, wish

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured: ``sizes`` as (scopes, rules), each ``runs`` times; loops in full up to ``loop`` items.

    ``accounts`` is how many accounts are hosts of one play, 0 for none. ``only`` is empty for everything. ``alone``
    leaves other collections out.
    """

    sizes: tuple[tuple[int, int], ...]
    runs: int
    loop: int
    only: tuple[str, ...] = ()
    accounts: int = 0
    alone: bool = False

    def has(self, name: str) -> bool:
        """Whether this cloud is to be measured."""
        return not self.only or name in self.only


def measure(folder: Path, plan: Plan, empty: Took, say: Say) -> Report:
    """Return everything; ``empty`` is what a play takes that does nothing."""
    found = _Found()
    for name, forms in CLOUDS.items():
        for at, start in enumerate(forms if plan.has(name) else ()):
            # A server with the groups that are asked for and no others: some modules list all of them.
            for many in sorted({scopes for scopes, _rules in plan.sizes}):
                with contextlib.ExitStack() as stack:
                    place = folder / f"{name}-{at}-{many}"
                    _one_server(start(stack, place, many), place, plan, empty, found, say)
    if plan.accounts and plan.has("aws"):
        say(f"aws: {plan.accounts} accounts")
        found.accounts.append(play_of_accounts(folder / "accounts", plan.accounts, plan.runs))
    return Report(*(tuple(part) for part in (found.lines, found.waiting, found.memory, found.accounts, found.notes)))


@dataclass(frozen=True)
class _Found:
    lines: list[Any] = field(default_factory=list)
    waiting: list[Any] = field(default_factory=list)
    memory: list[Any] = field(default_factory=list)
    accounts: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _one_server(cloud: Cloud, folder: Path, plan: Plan, empty: Took, found: _Found, say: Say) -> None:
    store = stores.encrypted_file(folder / "store")
    stores.fill(store, cloud.provider, [cloud.secret])
    ways = [ours(cloud.options, store)]
    for way in cloud.others:
        module = way.name.partition(",")[0]
        if "." in module and plan.alone:
            continue
        if "." in module and not installed(module):
            found.notes.append(f"{cloud.name}: {module} is not installed")
        else:
            ways.append(way)
    bench = _Bench(cloud, folder, plan, empty, say)
    for scopes, rules in (size for size in plan.sizes if size[0] == len(cloud.scopes)):
        found.lines.extend(bench.lines(ways, scopes, rules))
        if scopes > 1:
            found.waiting.append(waiting(cloud, folder, store, rules))
            found.memory.append(memory(cloud, store, (min(10, scopes), scopes), rules))


@dataclass(frozen=True)
class _Bench:
    cloud: Cloud
    folder: Path
    plan: Plan
    empty: Took
    say: Say
    #: Samples of long loops by way and size: one will do for all sizes that it is grown to.
    known: dict[tuple[str, int, int], Mapping[str, Figure]] = field(default_factory=dict)

    def lines(self, ways: list[Way], scopes: int, rules: int) -> Iterator[Line]:
        """Yield the lines of one size: all ways to do a step below each other, ours first."""
        samples = [way.sample(scopes, rules, self.plan.loop) for way in ways]
        measured = self._measure(ways, [(some, few) for some, few, _times in samples])
        figures = []
        for way, steps, (_some, _few, times) in zip(ways, measured, samples, strict=True):
            whole = {s: steps[s] if times == 1 else reckoned(steps, s, times, self.empty) for s in STEPS}
            figures.append(whole)
            said = ", ".join(
                f"{step} {figure.calls} calls {figure.took.wall_s:.1f} s" for step, figure in whole.items()
            )
            self.say(f"  {self.cloud.name}, {scopes} x {rules}, {way.name}: {said}")
        for step in STEPS:
            for way, whole in zip(ways, figures, strict=True):
                yield Line(self.cloud.name, scopes, rules, step, way.name, whole[step], figures[0][step], self.empty)

    def _measure(self, ways: list[Way], sizes: list[tuple[int, int]]) -> list[Mapping[str, Figure]]:
        """Return the steps of every way, each begun with empty groups."""
        asked = [(way, (way.name, *size)) for way, size in zip(ways, sizes, strict=True)]
        new = [(way, key) for way, key in asked if key not in self.known]
        turns = [
            self._turn(way, wish(self.cloud.scopes[:some], few, step), step)
            for way, (_name, some, few) in new
            for step in STEPS
        ]
        made = iter(by_turns(turns, self.plan.runs, lambda: logged(self.cloud.server)))
        for _way, key in new:
            steps = {step: next(made) for step in STEPS}
            self.known[key] = {step: Figure(Took.median(one.runs), len(one.calls)) for step, one in steps.items()}
        return [self.known[key] for _way, key in asked]

    def _turn(self, way: Way, wanted: Wish, step: str) -> Turn:
        prepare = self.cloud.server.reset if step == FRESH else lambda: None
        return Turn(lambda: way.run(self.folder / "play", wanted), prepare, lambda: check(self.cloud, way, wanted))


class NotDone(RuntimeError):
    """A way did not bring about what was wanted, so its time says nothing."""


def check(cloud: Cloud, way: Way, wanted: Wish) -> None:
    """Compare what the server holds with what was wanted; raises NotDone."""
    endpoints = {name: str(url) for name, url in cloud.options["endpoints"].items()}
    access = Access(endpoints, cloud.options.get("region"), None, cloud.options["ca_file"])
    known = provider(cloud.provider)
    assert known.allowlist is not None
    adapter = known.allowlist(known.open(parse("bench", cloud.provider, cloud.secret), access), "bench")
    scopes = {Scope("security_group", name=name): set(prefixes) for name, prefixes in wanted.lists.items()}
    states = adapter.read_allowlists(list(scopes))
    for scope, prefixes in scopes.items():
        held = {item.entry.cidr for item in states[scope].held}
        if held != prefixes:
            raise NotDone(f"{way.name} left {len(held ^ prefixes)} differences in {scope} of {cloud.name}")
