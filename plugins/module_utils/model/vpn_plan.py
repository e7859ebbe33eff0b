# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to change at the cloud's end of a tunnel, part by part, and which tunnels drop on the way.

A provider's end is made of parts that refer to one another (AWS: customer gateway, gateway, connection, its tunnels and
routes; Neutron: policies, service, endpoint groups, connection). The adapter says what parts there are and what parts
are wanted, both in the provider's own terms; what differs is planned here, the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .invalid import InvalidValue
from .ipsec_proposal import weakness
from .plan import Change, Plan
from .vpn_gateway import TunnelEnd

#: A setting's value: texts and numbers, and for what is a set of them a sorted tuple.
Setting = Any


@dataclass(frozen=True)
class Part:
    """One object at the provider, or one that is wanted.

    ``settings`` are compared and shown, so they hold no secret: a key is there as its fingerprint. A setting that only
    one of two parts has is not compared (the provider does not tell it, or nobody wants it). ``ref`` is the provider's
    id. ``own`` says that this store's mark is on it. ``tunnels`` are those whose packets depend on it.
    """

    kind: str
    name: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    ref: str = ""
    own: bool = False
    tunnels: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells parts apart."""
        return self.kind, self.name

    @property
    def label(self) -> str:
        """Return it as changes name it, such as ``customer gateway 198.51.100.10``."""
        return f"{self.kind} {self.name}"

    def differing(self, other: Part) -> tuple[str, ...]:
        """Return the names of the settings that both have and that differ."""
        both = [name for name in self.settings if name in other.settings]
        return tuple(name for name in both if self.settings[name] != other.settings[name])

    def __str__(self) -> str:
        return "\n".join([self.label, *(f"  {name}: {_shown(value)}" for name, value in sorted(self.settings.items()))])


@dataclass(frozen=True)
class PartKind:
    """What a provider can do with one kind of part: differences between providers as data.

    ``in_place`` are the settings that can be changed where it is; another that differs is refused in words.
    ``outages`` say for about how many seconds the part's tunnels drop when a setting changes; the entry ``remove`` is
    for its removal, and None there means for good. ``within`` names the kind of part that it belongs to, whose mark is
    its own as well: who takes that part over takes these over with it. ``shared``: others use it as well (a VPC's
    gateway), so one that somebody else made counts as there and is never changed or removed. Where this store made it
    for other gateways, its setting ``users`` names these, and a further one joins them.
    """

    name: str
    in_place: frozenset[str] = frozenset()
    outages: Mapping[str, int | None] = field(default_factory=dict)
    shared: bool = False
    within: str = ""


@dataclass(frozen=True)
class VpnTraits:
    """What a provider's tunnels are like. ``kinds`` stand in the order in which parts are made.

    ``scopes`` are the kinds of what a gateway attaches to, ``tunnels`` how many tunnels of a connection have their own
    key.
    ``tells_keys`` says whether the provider tells a pre-shared key to who may read the connection. Where it does not,
    the adapter keeps the fingerprint in a mark, and so finds a key that changed in the store, but not at the provider.
    """

    kinds: tuple[PartKind, ...]
    scopes: tuple[str, ...]
    tunnels: int = 1
    tells_keys: bool = False

    def kind(self, name: str) -> PartKind:
        """Return the kind of that name."""
        return next(kind for kind in self.kinds if kind.name == name)

    def rank(self, part: Part) -> int:
        """Return where a part stands in the order of making."""
        return [kind.name for kind in self.kinds].index(part.kind)


@dataclass(frozen=True)
class VpnState:
    """What there is: ``ref`` is the connection's id, "" where there is none; ``extra`` is the adapter's own."""

    ref: str = ""
    parts: tuple[Part, ...] = ()
    ends: tuple[TunnelEnd, ...] = ()
    extra: Any = field(default=None, compare=False, repr=False)

    def part(self, kind: str, name: str) -> Part | None:
        """Return a part that is there."""
        return next((part for part in self.parts if part.key == (kind, name)), None)


@dataclass(frozen=True)
class Drop:
    """A tunnel that would drop: ``about_s`` is for how long, None for good."""

    tunnel: str
    why: str
    about_s: int | None

    def facts(self) -> dict[str, Any]:
        """Return it as results show it."""
        return vars(self).copy()


def plan(name: str, state: VpnState, wanted: Sequence[Part], traits: VpnTraits, adopt: bool = False) -> Plan:
    """Return what brings the parts to what is wanted: made and changed in their order, and only then removed.

    Own parts that are not wanted any more are removed, last made first. A part of that name that somebody else made
    counts as there where it is as wanted; it is changed only with ``adopt``, and what is within it is own then.
    Raises InvalidValue.
    """
    made = audit(name, state, wanted, traits, adopt)
    for change in made.changes:
        if refused := refusal(change, traits, adopt):
            raise refused
    return made


def audit(name: str, state: VpnState, wanted: Sequence[Part], traits: VpnTraits, adopt: bool = False) -> Plan:
    """Return the same plan also where a part cannot or must not be changed, which ``refusal`` tells of each change."""
    there = {part.key: part for part in state.parts}
    changes: list[Change] = []
    for part in sorted(wanted, key=traits.rank):
        now = there.get(part.key)
        if now is None:
            changes.append(Change("add", part.label, None, part, name))
        elif _changes(now, part, traits.kind(now.kind), adopt):
            changes.append(Change("update", part.label, now, part, name))
    keep = {part.key for part in wanted}
    adopted = {part.kind for part in wanted if adopt and part.key in there and not traits.kind(part.kind).shared}
    left = [
        part for part in state.parts if part.key not in keep and (part.own or traits.kind(part.kind).within in adopted)
    ]
    return Plan((*changes, *_removals(name, left, traits)))


def plan_absent(name: str, state: VpnState, traits: VpnTraits) -> Plan:
    """Return what removes all that this store made, last made first, and nothing else."""
    return Plan(_removals(name, [part for part in state.parts if part.own], traits))


def differences(changes: Sequence[Change]) -> list[Change]:
    """Return the changes that are for more than the mark on what somebody else made."""
    return [change for change in changes if change.action != "update" or change.before.differing(change.after)]


def drops(changes: Sequence[Change], state: VpnState, traits: VpnTraits) -> tuple[Drop, ...]:
    """Return which tunnels drop while the changes are made, each with the longest of its reasons.

    A tunnel that the provider says is down has nothing to drop.
    """
    down = {end.name for end in state.ends if end.status == "down"}
    found: dict[str, Drop] = {}
    for change in changes:
        if change.before is None:
            continue
        for why, about_s in _outages(change, traits.kind(change.before.kind)):
            for tunnel in change.before.tunnels:
                new = Drop(tunnel, why, about_s)
                if tunnel not in down and (tunnel not in found or _longer(new, found[tunnel])):
                    found[tunnel] = new
    return tuple(found[tunnel] for tunnel in sorted(found))


def settled(state: VpnState, changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Return which changes a state read afterwards shows as made, and which it does not."""
    made: list[Change] = []
    still: list[Change] = []
    for change in changes:
        part: Part = change.after or change.before
        now = state.part(*part.key)
        if change.action == "remove":
            # What others use as well stays, without this gateway's mark.
            done = now is None or not now.own
        else:
            done = now is not None and not now.differing(change.after) and now.own
        (made if done else still).append(change)
    return made, still


def findings(ends: Sequence[TunnelEnd]) -> list[str]:
    """Return in words what weak algorithms the tunnels still take (the policy of the proposals' own module)."""
    return [
        f"{end.name}: takes {token}, which {why}" for end in ends for token in end.accepts if (why := weakness(token))
    ]


def refusal(change: Change, traits: VpnTraits, adopt: bool = False) -> InvalidValue | None:
    """Return in words why a part that is there cannot or must not be changed; None where it can."""
    if change.action != "update":
        return None
    now: Part = change.before
    wanted: Part = change.after
    kind = traits.kind(now.kind)
    if kind.shared and not now.own:
        return None
    differing = now.differing(wanted)
    if not now.own and not adopt:
        mend = f"was made by somebody else and differs in {', '.join(differing)}; take it over with adopt: true"
        return InvalidValue(now.kind, f"{now.name} ({now.ref})", mend)
    for name in differing:
        if name not in kind.in_place and not (kind.shared and name == "users"):
            mend = (
                f"cannot be changed to {_shown(wanted.settings[name])} where it is; remove the gateway with "
                "state: absent and make it anew"
            )
            return InvalidValue(f"{now.kind} {now.name}: {name}", _shown(now.settings[name]), mend)
    return None


def _changes(now: Part, wanted: Part, kind: PartKind, adopt: bool) -> bool:
    """Return whether a part that is there is not as it has to be."""
    differing = now.differing(wanted)
    if kind.shared and not now.own:
        return "users" in differing
    if not now.own and not adopt:
        return bool(differing)
    return bool(differing) or not (now.own or kind.within)


def _removals(name: str, parts: Sequence[Part], traits: VpnTraits) -> tuple[Change, ...]:
    last_first = sorted(parts, key=traits.rank, reverse=True)
    return tuple(Change("remove", part.label, part, None, name) for part in last_first)


def _outages(change: Change, kind: PartKind) -> list[tuple[str, int | None]]:
    if change.action == "remove":
        return [(f"{change.key} is removed", kind.outages["remove"])] if "remove" in kind.outages else []
    return [
        (f"{name} of {change.key} changes", kind.outages[name])
        for name in change.before.differing(change.after)
        if name in kind.outages
    ]


def _longer(new: Drop, old: Drop) -> bool:
    return old.about_s is not None and (new.about_s is None or new.about_s > old.about_s)


def _shown(value: Setting) -> str:
    return ", ".join(map(str, value)) or "(none)" if isinstance(value, tuple) else str(value)
