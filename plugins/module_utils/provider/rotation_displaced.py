# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to become of two keys where somebody registered one while a rotation made the other.

Only for providers that replace a key at once: elsewhere the registered one stays and the new one is deleted. There one
of both is dead as a rule, and only the provider can say which.
"""

from __future__ import annotations

from ..core.errors import SecretStoreError
from ..model.credential import Credential
from ..model.revocation import ACCEPTED, UNSURE
from .rotation_keys import KeyRing

_MEANWHILE = "somebody registered another key for it during the rotation"


def settled(label: str, stored: Credential, new: Credential, new_id: str, ring: KeyRing) -> SecretStoreError | None:
    """Return the error with which the rotation ends, None where the new key is to take the registered one's place.

    It takes it only where it alone works and both are of one user: the registered one died when it was made. Raises
    ProviderError where the provider cannot be asked; then the journal stays, and the next run asks.
    """
    doing = f"rotate {stored.name}"
    found_stored, found_new = ring.takes(stored), ring.takes(new)
    takes_stored, takes_new = found_stored == ACCEPTED, found_new == ACCEPTED
    if not takes_new and UNSURE in (found_new, found_stored):
        listed = ring.of(new).keys()
        held = {key.id for key in listed}
        if not takes_stored:
            _refuse_held(label, stored, new_id, ring, held)
        # A refusal that a living key gets too: its user tells.
        takes_new = new_id in held
    if takes_stored:
        ours = f"the key that the rotation made ({new_id}) is dead, and the rotation has ended"
        hint = "nothing needs to be done; run again when it is due"
        if takes_new:
            ours = f"the key that the rotation made ({new_id}) is alive too and nobody keeps its secret any more"
            hint = f"have an administrator disable the user of {new_id} or make another key for it"
        return SecretStoreError(label, doing, f"{_MEANWHILE}; that one works and stays, {ours}", hint, "conflict")
    user = stored.meta.get("user_id")
    if takes_new and user in (None, "", new.meta.get("user_id")):
        return None
    ours = "is of another user" if takes_new else "is refused too"
    why = (
        f"{_MEANWHILE}; the store holds that one, which the provider refuses, the key that the rotation made "
        f"({new_id}) {ours}, and the rotation has ended"
    )
    hint = "register a key that works with cloud_credential, or run with force: true, so that the rotator makes one"
    return SecretStoreError(label, doing, why, hint, "conflict")


def _refuse_held(label: str, stored: Credential, new_id: str, ring: KeyRing, held: set[str]) -> None:
    """Refuse to end the rotation, whose journal may hold the only living key, where the user holds one of both."""
    ids = [key for key in (new_id, ring.of(stored).id_of(stored)) if key in held]
    if not ids:
        return
    why = (
        f"{_MEANWHILE}; from this address the provider refuses both keys, and it says that the user holds {ids[0]}, so "
        "which one works is not known, and the journal stays"
    )
    hint = "run again from an address that the provider allows (the account's egress)"
    raise SecretStoreError(label, f"rotate {stored.name}", why, hint, "conflict")


def gone(label: str, name: str, journal: str) -> SecretStoreError:
    """Return the error for a record that was removed while the journal holds the only key that works."""
    why = f"somebody removed its record during the rotation; {journal} holds the only key that works"
    hint = "register a key that works with cloud_credential and run again, or end it with state: revoked"
    return SecretStoreError(label, f"rotate {name}", why, hint, "conflict")
