# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration of a credential: where its fields come from, what is recorded about it, what may be shown."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping
from typing import Any, Protocol

from ..core.errors import InvalidInput
from ..core.redact import secrets_fingerprint
from ..model.credential import Credential, parse
from ..model.handover import Expected
from ..model.key_age import instant
from ..model.revocation import MARK, marked
from ..model.rotation import check_name
from ..secret_store.key import refuse_shared
from .received import check_strength, from_bundle, history


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def now(self) -> datetime.datetime:
        """Return the present time in UTC."""

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""


def given(context: Surroundings) -> Credential | None:
    """Return the credential that the options carry or point to; None where they do neither."""
    params = context.params
    where = "secret"
    values = {name: value for name, value in (params.get("secret") or {}).items() if value is not None} or None
    source = params.get("secret_from")
    if source:
        where = "secret_from." + next(name for name in ("file", "env", "sealed") if source.get(name))
        if source.get("sealed"):
            values = from_bundle(source["sealed"], Expected("", params["credential"], "registration"), context)
        else:
            values = _from_source(source, where)
    if values is None:
        return None
    # Here and not when the first rotation is due: by then the name stands in the register and in playbooks.
    check_name(params["credential"])
    credential = parse(params["credential"], params["provider"], values, where)
    context.keep_secret(*credential.secrets.values())
    check_strength(credential, params.get("owner"), params.get("secret_policy"), where)
    return credential


def _from_source(source: Mapping[str, Any], where: str) -> dict[str, Any]:
    if source.get("file"):
        path = os.path.expanduser(source["file"])
        if not os.path.exists(path):
            raise InvalidInput(where, path, "does not exist")
        refuse_shared(f"file {path}", path, "read the credential")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        name = path
    else:
        name = source["env"]
        text = os.environ.get(name) or ""
        if not text:
            raise InvalidInput(where, name, "is not set in the environment of the module")
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise InvalidInput(where, name, "does not hold a JSON object with the credential's fields")
    return values


def with_meta(
    fresh: Credential | None,
    stored: Credential | None,
    owner: str | None,
    now: datetime.datetime,
    option: Mapping[str, Any] | None = None,
) -> Credential:
    """Return the credential to keep: a known key keeps its day of registration, a new one gets today's."""
    if fresh is None or (stored and stored.same_key(fresh)):
        base = stored if stored is not None else fresh
        if base is None:
            raise InvalidInput("secret", None, "is not given and nothing is stored")
        # The key is asked whether it works before this is kept: it is not being revoked any more.
        meta = marked(base.meta, {})
    else:
        base, meta = fresh, {"registered_at": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
        if stored and stored.meta.get("owner"):
            meta["owner"] = stored.meta["owner"]
        if stored:
            meta.update(history(stored, fresh, option))
    if owner:
        meta["owner"] = owner
    return Credential(base.name, base.provider, base.public, base.secrets, meta)


def key_fingerprint(credential: Credential) -> str:
    """Return one fingerprint for the credential's secrets together."""
    return secrets_fingerprint(credential.secrets, credential.public)


def shown(credential: Credential) -> dict[str, Any]:
    """Return what anybody may know of a credential."""
    return {
        "name": credential.name,
        "provider": credential.provider,
        "public": dict(credential.public),
        "fingerprint": key_fingerprint(credential),
        "owner": credential.meta.get("owner", ""),
        "registered_at": credential.meta.get("registered_at", ""),
    }


def line(credential: Credential) -> str:
    """Return a credential in one line of a diff."""
    public = " ".join(f"{name}={value}" for name, value in sorted(credential.public.items()))
    known = "".join(
        f" {name}={credential.meta[name]}"
        for name in ("owner", "user_id", "user_name", "purpose")
        if credential.meta.get(name)
    )
    known += " being revoked" if credential.meta.get(MARK) else ""
    found = credential.meta.get("permissions")
    judged = f" permissions={found['verdict']} since {found['since']}" if found else ""
    return f"{credential.provider} {public} {key_fingerprint(credential)}{known}{judged}"


def age_days(registered_at: str, now: datetime.datetime) -> int | None:
    """Return the whole days since a credential was registered; None where that is not recorded."""
    if not registered_at:
        return None
    return (now - instant(registered_at, "registered_at")).days
