# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revocation finds and proves: how a provider takes a key, and one line of evidence per place; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: The entry of a record's ``meta`` that says which keys are being revoked, how each is to end, and whether the provider
#: answered that it has.
MARK = "revoking"
PROVIDER, SECRET_STORE = "provider", "secret_store"
ALIVE, DEAD, KEPT = "alive", "dead", "kept"
#: A key that does not work, of which nobody could say that it is gone: one that is disabled can be switched on again.
UNPROVEN = "refused"
DELETED, DISABLED, REPLACED, REMOVED = "deleted", "disabled", "replaced", "removed"
#: States of a place in which something that can be used, or a record of it, is left.
LEFT = {
    ALIVE: "key {what} is alive at {where}",
    UNPROVEN: "key {what} is refused at {where}, not proven deleted",
    KEPT: "record {what} is in {where}",
}

#: How a provider takes a key: ``unsure`` is a refusal that a living key gets too, from an address that is not allowed.
ACCEPTED, REFUSED, UNSURE = "accepted", "refused", "unsure"
_VERDICTS = {"bad_key": REFUSED, "expired": REFUSED, "ip_blocked": UNSURE, "no_permission": ACCEPTED}


def verdict(kind: str) -> str:
    """Return what a failed probe of that kind says of the key, "" where it says nothing (a network that is down)."""
    return _VERDICTS.get(kind, "")


@dataclass
class Place:
    """One place where the credential is, and what became of it there.

    ``what`` is the key's id or the record's name; ``at`` is when it changed, "" where this run did not change it;
    ``proof`` says how the state is known; ``outlives`` what goes on all the same.
    """

    place: str
    where: str
    what: str
    state: str
    at: str = ""
    proof: str = ""
    outlives: str = ""

    def facts(self) -> dict[str, str]:
        """Return the evidence as the module returns it."""
        return dict(vars(self))


def left(places: Iterable[Place]) -> str:
    """Return in words what is left, "" for nothing."""
    return "; ".join(LEFT[it.state].format(**vars(it)) for it in places if it.state in LEFT)


def marks(meta: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return, by key, what an earlier run wrote down; nothing of a mark that does not say how the key was to end."""
    keys = (meta.get(MARK) or {}).get("keys") or {}
    return dict(keys) if isinstance(keys, Mapping) else {}


def marked(meta: Mapping[str, Any], keys: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the meta with these marks instead of the ones it has; without any there is no entry."""
    kept = {name: value for name, value in meta.items() if name != MARK}
    return {**kept, MARK: {"keys": dict(keys)}} if keys else kept


def proven_by_mark(mark: Mapping[str, Any], taken: str, disable: bool) -> tuple[str, str]:
    """Return the state that a mark proves of a key that is refused now, and how; ("", "") where it proves none.

    It is written before the call. So where the provider did not answer that call, a refusal that a living key gets too
    (``UNSURE``) proves nothing; and a key that was to be disabled only can be switched on again.
    """
    outcome = str(mark.get("outcome") or "")
    if not outcome or not (mark.get("answered") or taken == REFUSED) or (outcome == DISABLED and not disable):
        return "", ""
    did = "the provider answered that it was {}" if mark.get("answered") else "an earlier run went to have it {}"
    return (DISABLED if outcome == DISABLED else DEAD), f"{did.format(outcome)} at {mark.get('at', '')}"
