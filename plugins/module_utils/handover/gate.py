# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken over out of a bundle: a secret that has passed the gate, and nothing that the sender says about it.

The sender may be anybody who has the public key. So the record is made anew of the fields that are known, and its
``meta`` is the receiver's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core import received
from ..core.errors import InvalidInput
from ..model import credential, notice, psk, rotation
from ..model.handover import CLAIMS, RESERVED
from ..model.secret_kinds import FIELDS
from ..model.secret_policy import Policy

#: Records that this collection keeps beside the secrets. Out of a bundle they would be orders, not secrets.
OWN_KINDS = (rotation.KIND, notice.KIND, RESERVED)
#: Where the secrets of a bundle come from, in errors.
WHERE = "path"


class Gate:
    """The rules for one name in the secret store; ``option`` is ``secret_policy``. Raises InvalidInput/InvalidValue."""

    def __init__(self, name: str, purpose: str, option: Mapping[str, Any] | None) -> None:
        self._name = name
        self._option = option
        # What is wrong with the option itself is said before a wrapped secret is used up.
        received.policy_of(psk.policy() if purpose == "psk" else Policy(), option)

    def take(self, record: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record to keep, without ``meta``; ``stored`` is the one that it replaces, or is empty."""
        fresh = self._known(record)
        public = {str(name): str(value) for name, value in (fresh.get("public") or {}).items()}
        meta = stored.get("meta") or {}
        owner = str(meta.get("owner") or "").partition("@")[0]
        received.check_fields(WHERE, fresh["secrets"], public, (self._name, owner), self.policy)
        for field, secret in fresh["secrets"].items():
            if secret not in (stored.get("secrets") or {}).values():
                received.check_reuse(f"{WHERE}.{field}", secret, self.policy(field), meta)
        return fresh

    def policy(self, field: str) -> Policy:
        """Return the policy of a field; what is no field of a known kind keeps the one of keys that are issued."""
        base = psk.policy() if field == "psk" else FIELDS.get(field, Policy())
        return received.policy_of(base, self._option)

    def remembered(self, stored: Mapping[str, Any]) -> int:
        """Return how many earlier secrets of a record are remembered."""
        return max((self.policy(field).reuse for field in stored.get("secrets") or {}), default=0)

    def _known(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known of a record's shape, in the shape that this collection gives it."""
        secrets = {str(name): str(secret) for name, secret in record["secrets"].items()}
        provider = record.get("provider")
        if provider in credential.FIELDS:
            values = {**(record.get("public") or {}), **secrets}
            # It decides when a key is due; it is shown as a claim.
            values.pop("expires_at", None)
            made = credential.parse(self._name, str(provider), values, WHERE).record()
            return {name: value for name, value in made.items() if name != "meta"}
        kind = record.get("kind")
        if kind in OWN_KINDS:
            mend = f"holds a record of the kind {kind}, which is the sender's own business; ask for the secret alone"
            raise InvalidInput(WHERE, None, mend)
        if list(secrets) == ["psk"]:
            return {"version": 1, "kind": "psk", "secrets": secrets}
        kept: dict[str, Any] = {"kind": kind} if isinstance(kind, str) and kind.isidentifier() else {}
        if record.get("public"):
            kept["public"] = {str(name): str(value) for name, value in record["public"].items()}
        return {"version": 1, **kept, "secrets": secrets}


def claims(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what the sender says of a secret, to be shown; nothing here relies on it."""
    told = {**(record.get("meta") or {}), **{k: v for k, v in (record.get("public") or {}).items() if k in CLAIMS}}
    return {name: told[name] for name in CLAIMS if isinstance(told.get(name), str)}
