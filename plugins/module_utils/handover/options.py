# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a hand-over."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Protocol

from ..core import spec
from ..core.errors import InvalidInput
from ..core.spec_received import SECRET_POLICY
from ..model.handover import METHODS


class Surroundings(Protocol):
    """The part of the runner's context that is needed here."""

    params: Mapping[str, Any]

    def now(self) -> datetime.datetime:
        """Return the present time in UTC."""

    def keep_secret(self, *values: str | None) -> None:
        """Hide these values from everything that leaves this process."""


SPEC = spec.SECRET_STORE.merge(
    spec.WRAPPING_SERVER,
    SECRET_POLICY,
    spec.Spec(
        {
            "state": {"type": "str", "choices": ["sealed", "opened"], "default": "sealed"},
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "customer": {"type": "str", "required": True},
            "account": {"type": "str", "required": True},
            "purpose": {"type": "str", "required": True},
            "successor": {"type": "bool", "default": False},
            "method": {"type": "str", "choices": list(METHODS), "default": "hpke"},
            "recipient": {
                "type": "dict",
                "options": {
                    "name": {"type": "str"},
                    "public_key": {"type": "str", "no_log": False},
                    "public_key_file": {"type": "path", "no_log": False},
                },
                "mutually_exclusive": [("public_key", "public_key_file")],
            },
            "ttl_s": {"type": "int", "default": 604800},
            "renew": {"type": "bool", "default": False},
            "key_file": {"type": "path", "no_log": False},
        }
    ),
)


def vault_option(params: Mapping[str, Any], url: str = "", namespace: str = "") -> tuple[str, Mapping[str, Any]]:
    """Return which server wraps, and the option that says so; ``url`` is the one that a bundle names.

    Opening needs no identity of one's own, so a bundle's own server serves. Raises InvalidInput where there is none.
    """
    option = params.get("vault")
    if option:
        return "vault", {**option, "url": option.get("url") or url, "namespace": option.get("namespace") or namespace}
    store = params.get("secret_store") or {}
    if store.get("type") == "vault" and (not url or store.get("url") == url):
        return "secret_store", store
    if url:
        return "path", {"url": url, "namespace": namespace}
    raise InvalidInput("vault", None, "is not set; give the server that wraps, or a secret_store of the type vault")
