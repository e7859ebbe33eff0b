# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a credential may do against what the store needs: missing, excess, and what the provider does not tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .data_plane import KINDS

#: What a credential is needed for. ``probe``: registration; ``proof``: the read calls of the services that a proof of
#: access may ask, which are optional, since the proof names its services; the others are named as the capabilities are,
#: and those of the data plane as its kinds of resources.
CAPABILITIES = ("probe", "proof", "allowlist", "source_restriction", *KINDS, "rotation", "vpn_gateway")
LEVELS = ("administrator", "wildcard", "more")


@dataclass(frozen=True)
class Need:
    """Rights in the provider's own terms. ``optional`` ones may be held and are not missed (reading permissions).

    ``with_feature`` are (feature, rights): needed where the server has the feature, and optional elsewhere, be it
    that the server has no such right or that nothing there takes it.
    """

    rights: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    with_feature: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def plus(self, other: Need) -> Need:
        """Return both needs together."""
        features = dict.fromkeys(self.with_feature + other.with_feature)
        return Need(_unique(self.rights + other.rights), _unique(self.optional + other.optional), tuple(features))

    def at(self, features: frozenset[str]) -> Need:
        """Return what is needed of a server that has these features."""
        here = [right for feature, rights in self.with_feature if feature in features for right in rights]
        others = [right for feature, rights in self.with_feature if feature not in features for right in rights]
        return Need(_unique((*self.rights, *here)), _unique((*self.optional, *others)))


@dataclass(frozen=True)
class Grant:
    """One right that is held, or denied; in ``right`` and ``but`` * stands for any text and ? for one character.

    ``source`` is what gives it (a policy, a role). ``but`` are exceptions from it. ``only`` says in words where or when
    it holds, "" for always. ``implied`` ones come with another right and are no excess of their own. ``beyond`` says in
    words why it is too much even where the right itself is needed, such as a scope above the account.
    """

    right: str
    source: str
    but: tuple[str, ...] = ()
    only: str = ""
    implied: bool = False
    beyond: str = ""
    administrator: bool = False

    def gives(self, right: str) -> bool:
        """Return whether the right is among what this gives."""
        return covers(self.right, right) and not any(covers(pattern, right) for pattern in self.but)


@dataclass(frozen=True)
class Granted:
    """What the provider told of a credential.

    ``decided`` are rights of which the provider itself says whether they are held; the others are judged by grants and
    denials. ``untold`` are needed rights of which it does not tell, each with the reason; ``notes`` is what else it
    does not tell. ``source`` says how all this was found. ``features`` are those of the server, by which it needs more.
    """

    source: str
    grants: tuple[Grant, ...] = ()
    denials: tuple[Grant, ...] = ()
    decided: Mapping[str, bool] = field(default_factory=dict)
    untold: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    features: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Excess:
    """One right that is held and not needed; ``level`` is one of LEVELS."""

    level: str
    right: str
    source: str

    def __str__(self) -> str:
        return f"{self.right} ({self.source})"


@dataclass(frozen=True)
class Report:
    """The outcome of a comparison, ready to be shown."""

    missing: tuple[str, ...]
    excess: tuple[Excess, ...]
    source: str
    not_told: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Return ``missing``, ``not_told``, ``excess`` or ``exact``, the gravest that is true."""
        if self.missing:
            return "missing"
        if self.not_told:
            return "not_told"
        return "excess" if self.excess else "exact"

    def facts(self) -> dict[str, Any]:
        """Return the report as a module returns it."""
        return {
            "verdict": self.verdict,
            "missing": list(self.missing),
            "excess": [{"level": it.level, "right": it.right, "from": it.source} for it in self.excess],
            "source": self.source,
            "not_told": list(self.not_told),
        }


def compare(need: Need, granted: Granted, administrator: Iterable[str] = ()) -> Report:
    """Compare what is needed with what is granted.

    ``administrator`` are rights by which their holder can give itself others; a grant of any of them is named first,
    then those with wildcards, then the rest.
    """
    need = need.at(granted.features)
    missing: list[str] = []
    not_told: dict[str, list[str]] = {}
    for right in need.rights:
        held, doubt = _held(right, granted)
        if doubt:
            not_told.setdefault(doubt, []).append(right)
        elif not held:
            missing.append(right)
    told = [f"{', '.join(rights)}: {doubt}" for doubt, rights in not_told.items()]
    known, strong = need.rights + need.optional, tuple(administrator)
    found = {_as_excess(grant, strong) for grant in granted.grants if _is_excess(grant, known, granted.denials)}
    excess = sorted(found, key=lambda it: (LEVELS.index(it.level), it.right, it.source))
    return Report(tuple(missing), tuple(excess), granted.source, (*told, *granted.notes))


def covers(pattern: str, other: str) -> bool:
    """Return whether everything that ``other`` stands for is among what ``pattern`` stands for, without regard to case.

    True is certain; a pattern that takes an infinite family apart (?* against *) is not recognised as the same.
    """
    states = _closed({0}, pattern)
    for char in other.lower():
        following = set()
        for at in states:
            if at == len(pattern):
                continue
            mine = pattern[at].lower()
            if mine == "*":
                following.add(at)
            elif (mine == "?" and char != "*") or (mine == char and char not in "*?"):
                following.add(at + 1)
        states = _closed(following, pattern)
    return len(pattern) in states


def _closed(states: set[int], pattern: str) -> set[int]:
    """Add the places that are reached when a * stands for nothing."""
    found = set(states)
    for at in states:
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            found.add(at)
    return found


def _held(right: str, granted: Granted) -> tuple[bool, str]:
    """Return whether a right is held, and why that cannot be said where it cannot."""
    if right in granted.untold:
        return False, granted.untold[right]
    if right in granted.decided:
        return granted.decided[right], ""
    denials = [grant for grant in granted.denials if grant.gives(right)]
    grants = [grant for grant in granted.grants if grant.gives(right)]
    if not grants or any(not grant.only for grant in denials):
        return False, ""
    if denials:
        return False, f"denied by {denials[0].source} {denials[0].only}"
    if all(grant.only for grant in grants):
        return False, f"granted by {grants[0].source} {grants[0].only}"
    return True, ""


def _is_excess(grant: Grant, known: tuple[str, ...], denials: tuple[Grant, ...]) -> bool:
    if grant.implied:
        return False
    if any(not it.only and not it.but and covers(it.right, grant.right) for it in denials):
        return False
    return bool(grant.beyond) or not any(covers(right, grant.right) for right in known)


def _as_excess(grant: Grant, administrator: tuple[str, ...]) -> Excess:
    source = f"{grant.source}, {grant.beyond}" if grant.beyond else grant.source
    strong = grant.administrator or any(grant.gives(right) for right in administrator)
    level = "administrator" if strong else "wildcard" if "*" in grant.right else "more"
    return Excess(level, grant.right, f"{source}, {grant.only}" if grant.only else source)


def _unique(rights: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rights))
