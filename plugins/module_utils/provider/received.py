# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Received secrets: opened from a bundle, and checked before anything is sent to a provider or stored."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Protocol

from ..core import received
from ..core.handover import open_sealed, read_bundle
from ..model.credential import Credential
from ..model.handover import Expected
from ..model.secret_kinds import FIELDS
from ..model.secret_policy import Policy
from ..secret_store.key import read_file

WHERE = "secret_from.sealed"


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    def now(self) -> datetime.datetime:
        """Return the present time in UTC."""

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""


def from_bundle(option: Mapping[str, Any], wanted: Expected, context: Surroundings) -> dict[str, Any]:
    """Return the fields of the record in a bundle, which is opened in memory alone.

    ``wanted`` is what it has to be bound to where ``option`` says nothing else.
    """
    asked = Expected(
        option.get("customer") or wanted.customer,
        option.get("account") or wanted.account,
        option.get("purpose") or wanted.purpose,
    )
    bundle, _sha256 = read_bundle(option["file"], f"{WHERE}.file")
    key = read_file(f"key {option['key_file']}", option["key_file"], "open the bundle")
    context.keep_secret(key)
    _binding, record = open_sealed(bundle, key, asked, context.now(), (f"{WHERE}.file", f"{WHERE}.key_file"))
    context.keep_secret(*record["secrets"].values())
    return {**(record.get("public") or {}), **record["secrets"]}


def check_strength(credential: Credential, owner: str | None, option: Mapping[str, Any] | None, where: str) -> None:
    """Refuse a weak secret; raises InvalidInput that names every broken rule. ``where`` is the option it came from."""
    names = (credential.name, (owner or "").partition("@")[0])
    received.check_fields(where, credential.secrets, credential.public, names, lambda field: _policy(field, option))


def check_reuse(fresh: Credential | None, stored: Credential | None, option: Mapping[str, Any] | None) -> None:
    """Refuse a secret that the record had before and that has been replaced; raises InvalidInput."""
    if fresh is None or stored is None:
        return
    for field, secret in fresh.secrets.items():
        if secret not in stored.secrets.values():
            received.check_reuse(f"secret.{field}", secret, _policy(field, option), stored.meta)


def history(stored: Credential, fresh: Credential, option: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the ``meta`` entry that remembers the secrets which ``fresh`` replaces."""
    replaced = [secret for secret in stored.secrets.values() if secret not in fresh.secrets.values()]
    keep = max(_policy(field, option).reuse for field in stored.secrets)
    return received.remember(stored.meta, replaced, keep)


def _policy(field: str, option: Mapping[str, Any] | None) -> Policy:
    return received.policy_of(FIELDS.get(field, Policy()), option)
