# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One case of the allowlist matrix: an operation, spoiled at one of its calls, and what must be true of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from tests.support.module import ModuleFailed

from .conftest import Store
from .watching import State, WatchingProxy, marked_only

Row = Mapping[str, str]
Lines = frozenset[str]
FOREIGN = Entry("203.0.113.7/32", "tcp", (22, 22))
OLD, NEW, KEPT = "192.0.2.1", "192.0.2.2", "192.0.2.3"
#: Two of each, so that a run can come half way.
PORTS = ("443", "8443")


@dataclass(frozen=True)
class Operation:
    """From the entries of some addresses to those of others. ``keep`` is the address that the store moves away from.

    ``always``: of each of these sets of addresses one is open at every moment, on every port.
    """

    name: str
    start: tuple[str, ...]
    wanted: tuple[str, ...]
    always: tuple[tuple[str, ...], ...]
    keep: str = ""
    #: What the start says about its entries; the run says it otherwise.
    owner: str = "team"


OPERATIONS = (
    Operation("add", (KEPT,), (KEPT, NEW), ((KEPT,),)),
    Operation("remove", (KEPT, OLD), (KEPT,), ((KEPT,),)),
    Operation("replace", (OLD,), (NEW,), ((OLD, NEW),)),
    Operation("move: open", (OLD,), (NEW,), ((OLD,),), keep=OLD),
    Operation("move: close", (OLD, NEW), (NEW,), ((NEW,),)),
    Operation("say otherwise", (OLD,), (OLD,), ((OLD,),), owner="former-team"),
)


class Wrong(AssertionError):
    """Something that must hold does not."""


class Run:
    """Brings the first scope of a watched account from an operation's start to what it wants."""

    def __init__(self, store: Store, proxy: WatchingProxy, look: Callable[[], State]) -> None:
        self.store, self.proxy, self.look = store, proxy, look
        self.bare = store.account.bare is not None

    def reset(self) -> None:
        """Empty the account; what stays from now on is an entry that somebody else made by hand."""
        account = self.store.account
        account.reset()
        account.add_foreign(account.scopes[0], FOREIGN)

    def rows(self, addresses: Iterable[str], owner: str = "team") -> list[Row]:
        """Return the entries of addresses: one per port, or the bare address."""
        if self.bare:
            return [{"cidr": address, "owner": owner} for address in addresses]
        return [{"cidr": address, "ports": port, "owner": owner} for address in addresses for port in PORTS]

    def lines(self, addresses: Iterable[str]) -> Lines:
        """Return the same as the provider holds them."""
        return frozenset(_line(f"{row['cidr']}/32", row.get("ports")) for row in self.rows(addresses))

    def begin(self, operation: Operation) -> None:
        """Bring the scope to the operation's start, beside the entry of somebody else's."""
        self.proxy.begin()
        result = self.apply(self.rows(operation.start, operation.owner))
        assert not result.get("failed"), result
        expected = self.lines(operation.start) | self.foreign()
        assert set(self.look()) == expected, (operation.name, self.look())
        self.proxy.begin()

    def apply(self, rows: list[Row], keep: str = "", **more: Any) -> dict[str, Any]:
        """Run the module once and return its result, a failure's too."""
        lists = [{"scope": dict(self.store.account.scopes[0]), "entries": rows}]
        keeping = {"keep_addresses": [keep]} if keep else {}
        try:
            return self.store.run("access_allowlist", allowlists=lists, **keeping, **more)
        except ModuleFailed as failed:
            return failed.result

    def info(self, rows: list[Row]) -> dict[str, Any]:
        """Return what the info module says of the scope beside these entries."""
        lists = [{"scope": dict(self.store.account.scopes[0]), "entries": rows}]
        return self.store.run("access_allowlist_info", allowlists=lists)

    def bring(self, operation: Operation) -> dict[str, Any]:
        """Run the operation once."""
        return self.apply(self.rows(operation.wanted), operation.keep)

    def foreign(self) -> Lines:
        return frozenset({_line(FOREIGN.cidr, None if self.bare else "22")})

    def never_uncovered(self, operation: Operation) -> int:
        """Check every moment that was seen since the start; returns how many there were."""
        states = [*self.proxy.seen, self.look()]
        sets = [frozenset({line}) for line in self.foreign()]
        for addresses in operation.always:
            sets += [frozenset(lines) for lines in zip(*(sorted(self.lines([one])) for one in addresses), strict=True)]
        for number, state in enumerate(states):
            for one_of in sets:
                if not one_of & set(state):
                    raise Wrong(f"none of {sorted(one_of)} is open at moment {number}: {sorted(state)}")
        return len(states)

    def converges(self, operation: Operation) -> None:
        """Run it twice more without a fault: the first ends as wanted and tells the truth, the second does nothing."""
        self.proxy.reset()
        before = self.look()
        result = self.bring(operation)
        if result.get("failed"):
            raise Wrong(f"the next run failed: {result['msg']}")
        after = self.look()
        tells_the_truth(result, before, after)
        kept = self.lines([operation.keep]) if operation.keep else frozenset()
        if set(after) != self.lines(operation.wanted) | kept | self.foreign():
            raise Wrong(f"the next run ended at {sorted(after)}")
        self.proxy.reset()
        again = self.bring(operation)
        account = self.store.account
        if again["changed"] or account.writes() or self.look() != after:
            raise Wrong(f"the third run changed something: {again}")


def told(result: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return what a result says was done, as (action, line)."""
    if not result.get("failed"):
        (scope,) = result["allowlists"]
        names = (("add", "added"), ("update", "updated"), ("remove", "removed"))
        dropped = {("remove", marked_only(key)) for key in scope["stale_marks"]}
        return {(action, _words(key)) for action, name in names for key in scope[name]} | dropped
    return _named(result.get("applied", ()))


def happened(before: State, after: State) -> set[tuple[str, str]]:
    """Return what differs at the provider, as (action, line)."""
    added, removed = set(after) - set(before), set(before) - set(after)
    updated = {line for line in set(before) & set(after) if before[line] != after[line]}
    named = (("add", added), ("update", updated), ("remove", removed))
    return {(action, line) for action, lines in named for line in lines}


def tells_the_truth(result: Mapping[str, Any], before: State, after: State, unsure: bool = False) -> None:
    """Check ``changed``, and what is said to be done, against what differs at the provider.

    ``unsure``: the run could not read what came of its calls, and may say so of what it does not know.
    """
    sure = told(result)
    perhaps = sure | (_named(result.get("unsure", ())) if unsure else set())
    # A mark comes before its entry and goes after it, which is one change and told once.
    with_entry = {marked_only(line) for _action, line in perhaps}
    differs = {(action, line) for action, line in happened(before, after) if line not in with_entry}
    if result["changed"] != bool(sure) or not sure <= differs <= perhaps:
        said = f"changed={result['changed']} {sorted(sure)}, perhaps {sorted(perhaps - sure)}"
        raise Wrong(f"it told {said}, and what happened is {sorted(differs)} ({result.get('msg', 'no failure')})")


def _named(lines: Iterable[str]) -> set[tuple[str, str]]:
    """Return changes, described as ``add security_group api: 192.0.2.1/32 tcp/443``, as (action, line)."""
    found = set()
    for text in lines:
        head, _colon, key = text.partition(": ")
        action, line = head.partition(" ")[0], _words(key)
        marks = {"mark": ("add", marked_only(line)), "unmark": ("remove", marked_only(line))}
        found.add(marks.get(action, (action, line)))
    return found


def _line(cidr: str, port: str | None) -> str:
    return f"{cidr} tcp/{port}" if port else f"{cidr} all"


def _words(key: str) -> str:
    """Return an entry's line without what is said about it."""
    return " ".join(key.split(" ")[:2])
