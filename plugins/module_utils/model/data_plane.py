# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls of single resources in front of their data: whom they let in, and the plan to get there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .allowlist import OverQuota
from .entry import WIDEST, parse_range
from .invalid import InvalidValue
from .plan import Change, Plan
from .restriction import OPEN, refuse_lock_out

KINDS = ("storage_account", "key_vault", "sql_server")
#: The key of the change by which those whom no rule lets in are refused.
EVERYBODY = "everybody else"


@dataclass(frozen=True, order=True)
class Resource:
    """One resource with a firewall of its own: its kind, the group that it is in, and its name."""

    kind: str
    group: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.group}/{self.name}"

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what two spellings of one resource have in common; no provider tells their names apart by case."""
        return self.kind, self.group.lower(), self.name.lower()

    def facts(self) -> dict[str, str]:
        """Return the resource as a module's option names it."""
        return {"kind": self.kind, "resource_group": self.group, "name": self.name}


@dataclass(frozen=True)
class Rule:
    """Whom one rule lets in: a prefix, or a range ``a-b`` that is none, or a name for what is no address.

    ``own`` says whether it bears this store's mark, ``ref`` what the provider calls it. ``words`` say what a rule opens
    whatever the list of addresses is for, "" where it lets in no more than its address. ``meant`` is the address that
    the mark of an own rule names, where that is another: somebody has changed the rule. It is "" where they agree.
    """

    address: str
    own: bool = False
    ref: str = ""
    words: str = ""
    meant: str = ""

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True)
class Firewall:
    """One resource's firewall as it is.

    ``denies``: whoever no rule lets in is refused. ``shut`` says why no public address gets in whatever the rules say,
    "" where the rules decide. ``passes`` are the ways in that are no rules, in words. ``most`` is how many rules there
    may be; ``swaps``: rules come and go in one write, so that no more than these are there at any time. ``there`` is
    False for a resource that does not exist.
    """

    resource: Resource
    rules: tuple[Rule, ...] = ()
    denies: bool = True
    shut: str = ""
    passes: tuple[str, ...] = ()
    most: int = 0
    swaps: bool = True
    extra: Any = None
    there: bool = True

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return whom the rules let in, sorted, each once."""
        return tuple(sorted({rule.address for rule in self.rules}, key=_order))

    @property
    def enforced(self) -> bool:
        """Return whether whoever no rule lets in is refused, and no rule is too wide to name anybody."""
        return self.denies and not any(_wide(rule.address) for rule in self.rules)

    @property
    def not_enforced(self) -> str:
        """Return what comes in besides the addresses, in words."""
        everybody = () if self.denies else ("every address, since nobody is refused",)
        wide = (
            f"{rule.address}, which is wider than any list of known addresses (rule {rule.ref})"
            for rule in self.rules
            if _wide(rule.address)
        )
        return "; ".join((*everybody, *wide, *self.passes, *(rule.words for rule in self.rules if rule.words)))


@dataclass(frozen=True)
class Wanted:
    """The addresses that are to get in at one resource, as its kind writes them, and what may be removed."""

    resource: Resource
    addresses: tuple[str, ...]
    purge: str = "own"
    leaving: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()

    def removes(self, rule: Rule) -> bool:
        """Return whether a rule has to go. One that lets everybody in is no restriction and always does.

        So does an own one that somebody has changed, where the address that it is for is wanted: it is made anew.
        """
        if rule.meant and rule.meant in self.addresses:
            return True
        if rule.address in self.leaving or (rule.address in self.addresses and not rule.meant):
            return False
        if rule.address in OPEN or self.purge == "all":
            return True
        return self.purge == "own" and (rule.own or rule.address in self.former)


def parse_resources(where: str, raw: Iterable[Mapping[str, Any]]) -> tuple[Resource, ...]:
    """Make the resources of an option's list; one named twice, in whatever spelling, is refused."""
    seen: dict[Any, str] = {}
    found = []
    for index, item in enumerate(raw):
        place = f"{where}[{index}]"
        resource = Resource(str(item["kind"]), str(item["resource_group"]), str(item["name"]))
        if resource.key in seen:
            raise InvalidValue(place, resource, f"is the same as {seen[resource.key]}; remove one of them")
        seen[resource.key] = place
        found.append(resource)
    return tuple(found)


def plan(now: Firewall, wanted: Wanted) -> Plan:
    """Return the changes that bring a firewall to what is wanted: rules come, rules go, then the rest is refused.

    Raises InvalidValue where the outcome would lock one of ``callers`` out, or needs more rules than there may be.
    """
    group = str(now.resource)
    adds = [Change("add", cidr, None, cidr, group) for cidr in _lacking(now, wanted)]
    gone = [_removal(rule, group) for rule in now.rules if wanted.removes(rule)]
    anew = [change for change in gone if change.before.meant in {add.key for add in adds}]
    there = len(now.rules) + len(adds) - len(gone if now.swaps else anew)
    if adds and there > now.most:
        mend = f"would need {there} rules at {now.resource}, which takes {now.most}; aggregate the prefixes"
        raise OverQuota("addresses", f"{len(wanted.addresses)} prefixes", mend)
    deny = Change("update", EVERYBODY, f"{EVERYBODY}: let in", f"{EVERYBODY}: refused", group)
    whole = Plan((*adds, *gone, *(() if now.denies else (deny,))))
    refuse_lock_out(wanted.callers, _prefixes(applied(now, whole.changes)), f"addresses at {now.resource}")
    return whole


def _lacking(now: Firewall, wanted: Wanted) -> list[str]:
    """Return the addresses that need a rule, in the order in which rules are made.

    A rule that was changed holds nothing, for it goes once its own address is wanted. Making that one anew shuts out
    whom it lets in until then: so it comes after all others, and after the rule for those whom it lets in.
    """
    held = {rule.address for rule in now.rules if not rule.meant}
    # An address that is being left stays where it is, be it by a rule that is made anew.
    stay = [rule.address for rule in now.rules if rule.address in wanted.leaving and wanted.removes(rule)]
    lacking = [cidr for cidr in dict.fromkeys((*wanted.addresses, *stay)) if cidr not in held]
    shuts = {rule.meant: rule.address for rule in now.rules if rule.meant}
    order: dict[str, None] = {}
    for cidr in sorted(lacking, key=lambda cidr: cidr in shuts):
        chain: list[str] = []
        following: str | None = cidr
        while following in lacking and following not in order and following not in chain:
            chain.append(following)
            following = shuts.get(following)
        order.update(dict.fromkeys(reversed(chain)))
    return list(order)


def withdraw(now: Firewall) -> Plan:
    """Return the changes that take this store's own rules away. Who is refused besides stays as it is."""
    group = str(now.resource)
    return Plan(tuple(_removal(rule, group) for rule in now.rules if rule.own))


def applied(now: Firewall, changes: Sequence[Change]) -> Firewall:
    """Return the firewall after changes of its plan."""
    gone = [change.before for change in changes if change.action == "remove"]
    new = tuple(Rule(change.key, own=True) for change in changes if change.action == "add")
    kept = tuple(rule for rule in now.rules if rule not in gone)
    return replace(now, rules=kept + new, denies=now.denies or any(change.key == EVERYBODY for change in changes))


def took_effect(now: Firewall, change: Change) -> bool:
    """Return whether a change of a plan can be seen in a firewall that was read after it was tried."""
    if change.key == EVERYBODY:
        return now.denies
    if change.action == "add":
        return any(rule.address == change.key and not rule.meant for rule in now.rules)
    return all((rule.address, rule.ref) != (change.before.address, change.before.ref) for rule in now.rules)


def _removal(rule: Rule, group: str) -> Change:
    return Change("remove", rule.address, rule, None, group)


def _prefixes(now: Firewall) -> list[str]:
    """Return the prefixes that hold everybody who gets in by address."""
    if not now.denies:
        return list(OPEN)
    found: list[str] = []
    for address in now.addresses:
        if "-" in address and address[0].isdigit():
            found += parse_range("addresses", address)
        elif "/" in address:
            found.append(address)
    return found


def _wide(address: str) -> bool:
    """Return whether a prefix or a range holds more addresses than the widest prefix of an allowlist does."""
    first, dash, last = address.partition("-")
    try:
        network = ipaddress.ip_network(first)
        end = ipaddress.ip_address(last) if dash else network[-1]
    except ValueError:
        # A name, or a spelling that no service documents.
        return False
    return int(end) - int(network[0]) >= 1 << (network.max_prefixlen - WIDEST[network.version])


def _order(address: str) -> tuple[int, int, str]:
    """Return a key that sorts prefixes and ranges by their first address, and names after them."""
    first = address.partition("-")[0].partition("/")[0]
    try:
        return 0, int(ipaddress.ip_address(first)), address
    except ValueError:
        return 1, 0, address
