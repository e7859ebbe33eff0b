# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A credential's permissions against the store's need: asked, judged, refused, remembered."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ..core.errors import InvalidInput, ProviderError
from ..model.credential import Credential
from ..model.key_age import written
from ..model.permission import Need, Report, compare
from .base import Identity, Permissions, Provider, Session
from .registry import capability

#: How many excess rights a warning and a record name; the module returns all of them.
MOST_NAMED = 5


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def now(self) -> datetime.datetime:
        """Return the present time in UTC."""

    def warn(self, text: str) -> None:
        """Show a warning."""


class Review:
    """The part of a registration that judges a credential's permissions, as the module's options ask for it."""

    def __init__(self, context: Surroundings) -> None:
        self._context = context
        self._capabilities: list[str] = context.params["needs"] or []
        self._found: Report | None = None

    def look(self, known: Provider, session: Session, who: Identity, stored: Credential | None) -> dict[str, Any]:
        """Return what belongs into the credential's meta, nothing where permissions are not asked about.

        Raises ProviderError (no_permission) where something is missing and that matters.
        """
        wanted, name = self._context.params["permissions"], self._context.params["credential"]
        if wanted == "ignore":
            return {}
        self._found = report(known, session, who, self._capabilities)
        if wanted == "require":
            refuse_missing(known, name, self._capabilities, self._found)
        for text in warnings(name, self._found):
            self._context.warn(text)
        before = stored.meta.get("permissions") if stored else None
        return {"permissions": remembered(self._found, self._capabilities, before, self._context.now())}

    def facts(self) -> dict[str, Any]:
        """Return the report as the module returns it, nothing where there is none."""
        return {"permissions": self._found.facts()} if self._found else {}


def need_of(known: Provider, capabilities: Iterable[str]) -> Need:
    """Return what a credential must be able to do at a provider for some capabilities, and what it may besides."""
    asked: Permissions = capability(known, "permissions")()
    need = Need(optional=asked.reading)
    for name in capabilities:
        if name not in asked.needs:
            mend = f"is nothing that provider {known.name} has; leave it out"
            raise InvalidInput("needs", name, mend)
        need = need.plus(asked.needs[name])
    return need


def report(known: Provider, session: Session, who: Identity, capabilities: Iterable[str]) -> Report:
    """Ask the provider and compare; a provider that does not tell makes no failure but an entry in not_told."""
    asked: Permissions = capability(known, "permissions")()
    need = need_of(known, capabilities)
    return compare(need, asked.open(session, who).read_permissions(need), asked.administrator)


def refuse_missing(known: Provider, name: str, capabilities: Sequence[str], found: Report) -> None:
    """Refuse a credential that lacks something; raises ProviderError (no_permission) that says how to grant it."""
    if not found.missing:
        return
    asked: Permissions = capability(known, "permissions")()
    why = f"it lacks {', '.join(found.missing)} (found by {found.source})"
    doing = f"accept {name} for {', '.join(capabilities)}"
    raise ProviderError(known.name, doing, why, "no_permission", hint=asked.how)


def warnings(name: str, found: Report) -> list[str]:
    """Return in words what an operator should know although the credential is accepted."""
    told = []
    if found.missing:
        told.append(f"{name} lacks {', '.join(found.missing)}")
    if found.excess:
        more = len(found.excess) - MOST_NAMED
        named = "; ".join(str(it) for it in found.excess[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
        told.append(f"{name} may do more than the store needs: {named}")
    if found.not_told:
        told.append(f"{name}: the provider does not tell all of its permissions: {'; '.join(found.not_told)}")
    return told


def remembered(
    found: Report, capabilities: Sequence[str], before: Mapping[str, Any] | None, now: datetime.datetime
) -> dict[str, Any]:
    """Return what the credential's record keeps of a report: the same as before where nothing has changed."""
    kept = {
        "needs": sorted(capabilities),
        "verdict": found.verdict,
        "missing": list(found.missing),
        "excess": [str(it) for it in found.excess[:MOST_NAMED]],
        "excess_count": len(found.excess),
        "not_told": list(found.not_told),
    }
    if before and all(before.get(name) == value for name, value in kept.items()):
        return dict(before)
    return {**kept, "since": written(now)}
