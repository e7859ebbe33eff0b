# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's options to an open session: resolves the credential inside the process that needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..core.errors import InvalidInput
from ..core.retry import Retry
from ..model.credential import Credential, parse_record
from ..secret_store.factory import open_store
from .base import Access, Provider, Session
from .registry import own_name
from .registry import provider as find_provider


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""


def access_of(params: Mapping[str, Any]) -> Access:
    """Return how to reach the account, from a module's shared options."""
    endpoints = params.get("endpoints") or {}
    for name, url in endpoints.items():
        if not str(url).startswith("https://"):
            raise InvalidInput(f"endpoints.{name}", url, "is not https; credentials never travel in the clear")
    return Access(
        endpoints={str(name): str(url).rstrip("/") for name, url in endpoints.items()},
        region=params.get("region") or None,
        proxy=proxy_of("proxy", params.get("proxy")),
        ca_file=params.get("ca_file") or None,
        timeout_s=float(params.get("timeout_s") or 30.0),
        retry=Retry(int(params["retries"] if params.get("retries") is not None else 4)),
        workers=max(1, int(params.get("workers") or 16)),
    )


def proxy_of(option: str, value: str | None) -> str | None:
    """Return the URL of a proxy, None for a direct connection; raises InvalidInput."""
    if value and not value.startswith(("http://", "https://")):
        raise InvalidInput(option, value, "is no proxy URL; write http://host:3128")
    return value or None


def credential_of(context: Surroundings) -> Credential:
    """Return the credential the options name, out of the secret store, its secrets already hidden."""
    params = context.params
    name = params["credential"]
    store = open_store(params.get("secret_store"), context.keep_secret)
    credential = parse_record(name, store.get(name))
    context.keep_secret(*credential.secrets.values())
    wanted = params["provider"]
    if own_name(credential.provider) != own_name(wanted):
        mend = f"is registered for {credential.provider}, not for {wanted}; name the account's own credential"
        raise InvalidInput("credential", name, mend)
    return credential


def connect(context: Surroundings) -> tuple[Provider, Session]:
    """Return the provider and an open session for a module's options."""
    access = access_of(context.params)
    known = find_provider(context.params["provider"])
    return known, known.open(credential_of(context), access)
