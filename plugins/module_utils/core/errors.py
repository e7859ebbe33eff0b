# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of the collection: who could not do what, why, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What a failed call to a provider or secret store means, told apart because each asks for another mend.
KINDS = (
    "bad_key",
    "expired",
    "clock_skew",
    "ip_blocked",
    "unreachable",
    "tls",
    "no_permission",
    "not_found",
    "conflict",
    "already_exists",
    "quota",
    "throttled",
    "server",
    "timeout",
    "invalid",
    "other",
)

#: The next step an operator can take, per kind. A provider's own hint wins over these.
NEXT_STEP: Mapping[str, str] = {
    "bad_key": "check that the key exists, is active and was registered with its own secret",
    "expired": "rotate the credential, or register its successor",
    "clock_skew": "set this machine's clock (NTP); signatures and certificates go by it",
    "ip_blocked": "add the address this call leaves from to the provider's allowlist, or use the account's egress",
    "unreachable": "check the endpoint's address, the proxy and the tunnel of the account",
    "tls": "give the certificate authority of the endpoint in ca_file, or mend the endpoint's certificate",
    "no_permission": "grant the credential the permission named above",
    "not_found": "check the name or id, the region and the account",
    "conflict": "somebody changed it at the same time; run again",
    "quota": "ask the provider for a higher limit, or remove what is no longer needed",
    "throttled": "run again later, or lower workers",
    "server": "run again; the provider answered with an error of its own",
    "timeout": "raise timeout_s, or check the path to the endpoint",
}


class ServiceStoreError(Exception):
    """Anything this collection reports as a failure; the text is fit for an operator."""

    def facts(self) -> dict[str, Any]:
        """Return what a machine may want to know of the failure, without secrets."""
        return {"type": type(self).__name__}


class InvalidInput(ServiceStoreError):
    """An option that cannot be used: names the option, the value and the mend."""

    def __init__(self, option: str, value: object, mend: str) -> None:
        self.option = option
        self.value = value
        self.mend = mend
        shown = "" if value is None else f" {value}"
        super().__init__(f"{option}:{shown} {mend}")

    def facts(self) -> dict[str, Any]:
        return {"type": "InvalidInput", "option": self.option, "mend": self.mend}


class ProviderError(ServiceStoreError):
    """A provider refused or failed a call.

    ``transient`` says that the same call may succeed when tried again; ``kind`` is one of :data:`KINDS`.
    ``retry_after_s`` is how long the provider asked to be left alone, 0 where it did not say.
    """

    def __init__(
        self,
        provider: str,
        doing: str,
        why: str,
        kind: str = "other",
        transient: bool = False,
        hint: str | None = None,
        retry_after_s: float = 0.0,
    ) -> None:
        self.retry_after_s = retry_after_s
        #: Whether an earlier attempt at the same call failed in passing: its answer may have been lost.
        self.retried = False
        self.provider = provider
        self.doing = doing
        self.why = why
        self.kind = kind if kind in KINDS else "other"
        self.transient = transient
        self.hint = hint or NEXT_STEP.get(self.kind, "")
        text = f"{provider}: could not {doing}: {why.rstrip('.')} ({self.kind})"
        super().__init__(f"{text}. Next: {self.hint}." if self.hint else f"{text}.")

    def facts(self) -> dict[str, Any]:
        return {
            "type": "ProviderError",
            "provider": self.provider,
            "doing": self.doing,
            "kind": self.kind,
            "transient": self.transient,
        }


class SecretStoreError(ServiceStoreError):
    """A secret store is sealed, locked, unsafe, down, or does not hold the name."""

    def __init__(self, store: str, doing: str, why: str, hint: str = "", kind: str = "other") -> None:
        self.store = store
        self.doing = doing
        self.kind = kind
        text = f"secret store {store}: could not {doing}: {why.rstrip('.')}."
        super().__init__(f"{text} Next: {hint}." if hint else text)

    def facts(self) -> dict[str, Any]:
        return {"type": "SecretStoreError", "store": self.store, "doing": self.doing, "kind": self.kind}


class MissingDependency(ServiceStoreError):
    """A Python library that this task needs is not installed where it runs."""

    def __init__(self, library: str, why: str, interpreter: str) -> None:
        self.library = library
        super().__init__(
            f"the Python library {library} is needed {why} and is not installed for {interpreter}. "
            f"Next: {interpreter} -m pip install {library}."
        )

    def facts(self) -> dict[str, Any]:
        return {"type": "MissingDependency", "library": self.library}
