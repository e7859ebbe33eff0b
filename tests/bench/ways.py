# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to bring security groups to what is wanted: our module, other collections' modules, the bare SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench.allowlist import CHANGE
from tools.bench.figures import Took

from .play import loop, program, took
from .stores import names

Json = dict[str, Any]
OURS = "strategic.service_store.access_allowlist"
PORT = 443
#: What a loop goes over: nothing, the scopes, or the rules one by one.
WHOLE, BY_SCOPE, BY_RULE = "whole", "by scope", "by rule"


@dataclass(frozen=True)
class Wish:
    """What a step is to bring about: the prefixes of each scope, and the one (scope, prefix) that it takes away."""

    lists: Mapping[str, tuple[str, ...]]
    gone: tuple[str, str] | None = None


def wish(scopes: Sequence[str], rules: int, step: str) -> Wish:
    """Return so many prefixes for each scope; to change one replaces the last one of the last scope."""
    prefixes = tuple(f"198.18.{number // 256}.{number % 256}/32" for number in range(rules))
    lists = dict.fromkeys(scopes, prefixes)
    if step != CHANGE:
        return Wish(lists)
    last = scopes[-1]
    return Wish({**lists, last: (*prefixes[:-1], "198.19.0.1/32")}, (last, prefixes[-1]))


@dataclass(frozen=True)
class Way:
    """One way. ``loops`` says over what, and so with how much of it a long loop is measured."""

    name: str
    run: Callable[[Path, Wish], Took]
    loops: str = WHOLE

    def sample(self, scopes: int, rules: int, longest: int) -> tuple[int, int, float]:
        """Return with how many scopes and rules it is measured, and how many times as long the whole loop is."""
        if self.loops == BY_SCOPE and scopes > longest:
            return longest, rules, scopes / longest
        if self.loops == BY_RULE and scopes * rules > longest:
            return 1, longest, scopes * rules / longest
        return scopes, rules, 1.0


def ours(options: Mapping[str, Any], store: Mapping[str, Any]) -> Way:
    """One task for all scopes."""

    def run(folder: Path, wanted: Wish) -> Took:
        arguments = {**options, "credential": names(1)[0], "secret_store": store, "allowlists": "{{ wanted }}"}
        return took(folder, [{"name": "Allowlists", OURS: arguments}], {"wanted": our_lists(wanted)})

    return Way(OURS, run)


def our_lists(wanted: Wish) -> list[Json]:
    """Return the option ``allowlists``."""
    return [
        {
            "scope": {"kind": "security_group", "name": scope},
            "entries": [{"cidr": prefix, "ports": str(PORT)} for prefix in prefixes],
        }
        for scope, prefixes in wanted.lists.items()
    ]


def by_scope(module: str, arguments: Callable[[str, Sequence[str]], Json]) -> Way:
    """One task that takes the whole list of one scope, looped over the scopes."""

    def run(folder: Path, wanted: Wish) -> Took:
        return took(folder, *loop(module, [arguments(*one) for one in wanted.lists.items()]))

    return Way(module, run, BY_SCOPE)


def by_rule(module: str, arguments: Callable[[str, str], Json]) -> Way:
    """One task that takes one rule, looped over the rules, and then over what is to go."""

    def run(folder: Path, wanted: Wish) -> Took:
        there = [(scope, prefix) for scope, prefixes in wanted.lists.items() for prefix in prefixes]
        items = [{**arguments(*one), "state": "present"} for one in there]
        items += [{**arguments(*wanted.gone), "state": "absent"}] if wanted.gone else []
        return took(folder, *loop(module, items))

    return Way(f"{module}, rule by rule", run, BY_RULE)


def raw(sdk: str, connection: Mapping[str, Any]) -> Way:
    """A program of a few lines that calls the SDK."""

    def run(_folder: Path, wanted: Wish) -> Took:
        return program("raw", {"sdk": sdk, "connection": dict(connection), "lists": wanted.lists})

    return Way(sdk, run)
