# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API source restriction: from which addresses an account's API may be used, and the plan to get there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from .entry import sort_key
from .invalid import InvalidValue
from .plan import Change, Plan

#: Who makes the change: this module with the account's credential, the provider's staff, or the customer's staff.
APPLIED_BY = ("store", "provider", "customer")
OPEN = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True)
class Restriction:
    """What is enforced now. ``addresses`` is empty where nothing restricts.

    ``enforced_by`` says in words what refuses a call; ``enforced_at`` which service does; ``applied_by`` who can
    change it; ``not_enforced`` names what stays reachable from everywhere; ``seen_as`` is the address of the caller as
    the provider saw it, where it tells. ``own`` are the addresses known to be this store's (all of them where the
    whole list is its own), which alone ``purge: own`` removes. ``extra`` is the adapter's own.
    """

    addresses: tuple[str, ...]
    enforced_by: str
    enforced_at: tuple[str, ...]
    applied_by: str = "store"
    not_enforced: str = ""
    seen_as: str = ""
    own: tuple[str, ...] = ()
    extra: object = None


def plan(
    subject: str,
    now: Restriction,
    wanted: tuple[str, ...],
    purge: str,
    leaving: Iterable[str] = (),
    former: Iterable[str] = (),
) -> Plan:
    """Return one change that brings the list of addresses to what is wanted.

    Merges: addresses of others stay unless ``purge`` is ``all``, and so do those from which the store is ``leaving``,
    where they are; ``former`` are this store's own, whatever the provider tells of them. An open list (0.0.0.0/0) is
    no restriction and gives way. Where somebody else applies a list that cannot be read, what is asked of them names
    the addresses that are being left as well: they may be the ones that it holds.
    """
    if not now.addresses and now.applied_by != "store":
        wanted = (*wanted, *leaving)
    present = tuple(cidr for cidr in now.addresses if cidr not in OPEN)
    mine, stay = {*now.own, *former}, {*wanted, *leaving}
    kept = [cidr for cidr in present if cidr in stay or purge == "none" or (purge == "own" and cidr not in mine)]
    target = tuple(sorted({*kept, *wanted}, key=sort_key))
    if target == tuple(sorted(now.addresses, key=sort_key)):
        return Plan()
    shown = ", ".join(target)
    change = Change("update" if now.addresses else "add", shown, _lines(now.addresses), _lines(target), subject)
    return Plan((change,))


def withdraw(subject: str, now: Restriction) -> Plan:
    """Return one change that takes the restriction away, where the whole of it is this store's own."""
    if not now.addresses or set(now.own) != set(now.addresses):
        return Plan()
    shown = ", ".join(sorted(now.addresses, key=sort_key))
    return Plan((Change("remove", shown, _lines(now.addresses), None, subject),))


def asks_others(now: Restriction, ours: tuple[str, ...]) -> bool:
    """Return whether somebody else has to take our addresses out: the list is theirs, or shared, or not readable."""
    if now.applied_by != "store":
        return True
    return set(now.own) != set(now.addresses) and bool(set(ours) & set(now.addresses))


def withdrawal(now: Restriction, ours: tuple[str, ...]) -> str:
    """Return, in plain words, what whoever applies the restriction has to do when this store leaves."""
    who = now.applied_by if now.applied_by != "store" else "customer"
    held = [cidr for cidr in now.addresses if cidr not in OPEN]
    others = ", ".join(cidr for cidr in held if cidr not in ours)
    rest = f"Others that stay: {others}\n" if others else ""
    warning = "" if others else "Where no other address is left, decide first: an empty list may let everybody in.\n"
    return (
        f"Request to the {who}'s staff: this service store does not serve the account any more.\n"
        f"Enforced by: {now.enforced_by}\n"
        f"Take out: {', '.join(ours)}\n{rest}{warning}"
    )


def target_of(change: Change) -> tuple[str, ...]:
    """Return the addresses a planned change leads to."""
    return tuple(str(change.after or "").split())


def refuse_lock_out(callers: Iterable[str], addresses: Iterable[str], option: str = "addresses") -> None:
    """Refuse a list that leaves out an address from which this very account is used."""
    networks = [ipaddress.ip_network(cidr) for cidr in addresses]
    for caller in callers:
        address = ipaddress.ip_address(caller)
        if not any(address in network for network in networks if network.version == address.version):
            mend = f"does not hold {caller}, from which this call is made; add it, or set allow_lock_out"
            raise InvalidValue(option, ", ".join(str(network) for network in networks), mend)


def _lines(addresses: Iterable[str]) -> str | None:
    lines = "\n".join(sorted(addresses, key=sort_key))
    return lines or None
