# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider lists for the principals of keys that are revoked: one principal's list says nothing of another's.

A record and the journal of its rotation may hold keys of two users: somebody registered another one's meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import ProviderError
from ..model.credential import Credential
from .base import KeyAdapter
from .rotation_keys import KeyRing

#: Answers to the question for a principal's keys after which nothing is known of them: gone, or not to be seen.
_UNSEEN = frozenset({"not_found", "no_permission"})
#: What registration writes down of a principal.
_REMEMBERED = ("user_id", "user_name", "account_id", "project_id")
_WHOSE = "the record does not say whose key it is, so the provider may have been asked for another user's keys"
_WHICH = "the record does not say which of the keys that the provider lists ({}) it is, or whether it is one of them"


class Listing:
    """The keys of each principal, every one of which is asked for once, by whoever manages the keys."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._made: list[tuple[Credential, KeyAdapter]] = []
        self._listed: dict[int, Mapping[str, bool]] = {}
        self._unseen: dict[int, str] = {}

    def of(self, credential: Credential) -> KeyAdapter:
        """Return the adapter for the keys of a credential's principal."""
        for other, adapter in self._made:
            if other.same_key(credential) or _one_principal(other, credential, adapter.traits.known_by):
                return adapter
        made = self._ring.of(credential)
        self._made.append((credential, made))
        return made

    def keys(self, credential: Credential, alive: bool) -> Mapping[str, bool]:
        """Return the keys of a credential's principal and whether they are active.

        None where the provider does not show the principal; for a key that is alive that raises ProviderError.
        """
        adapter = self.of(credential)
        if id(adapter) not in self._listed:
            try:
                found = adapter.keys()
                self._listed[id(adapter)] = {key.id: key.active for key in found}
            except ProviderError as exc:
                if alive or exc.kind not in _UNSEEN:
                    raise
                self._unseen[id(adapter)] = exc.why
                self._listed[id(adapter)] = {}
        return self._listed[id(adapter)]

    def holds(self, credential: Credential, key: str) -> bool:
        """Return whether the list of a credential's principal, where it was asked for, has a key."""
        return key in self._listed.get(id(self.of(credential)), {})

    def hidden(self, credential: Credential) -> bool:
        """Return whether the provider was asked for the keys of a credential's principal and did not show them."""
        return id(self.of(credential)) in self._unseen

    def silent(self, credential: Credential) -> str:
        """Return why a key's absence from the list does not prove it deleted, "" where it does."""
        adapter = self.of(credential)
        if id(adapter) not in self._listed:
            return "nobody has asked for the keys of its user"
        if id(adapter) in self._unseen:
            return f"asked for the keys of its user the provider says: {self._unseen[id(adapter)]}"
        known_by = adapter.traits.known_by
        if known_by and not credential.meta.get(known_by):
            return _WHOSE
        listed = self._listed[id(adapter)]
        return _WHICH.format(", ".join(listed)) if listed and not adapter.id_of(credential) else ""


def _one_principal(one: Credential, other: Credential, known_by: str) -> bool:
    """Return whether two credentials are surely of one principal."""
    if known_by:
        return bool(one.meta.get(known_by)) and all(one.meta.get(it) == other.meta.get(it) for it in _REMEMBERED)
    return dict(one.public) == dict(other.public)
