# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account's credential with the fault proxy before the API that manages its keys."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential, parse
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import (
    Access,
    Key,
    KeyAdapter,
    Session,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider
from lab.ca import issue, make_ca
from lab.faults import FaultProxy

from .accounts.base import CloudAccount


@dataclass
class Bench:
    """An account with a credential to be rotated, the credential that may do it, and a fault proxy before both."""

    provider: str
    credential: Credential
    rotator: Credential
    access: Access
    faults: FaultProxy

    def session(self, credential: Credential | None = None) -> Session:
        """A fresh session, which holds no token yet."""
        return provider(self.provider).open(credential or self.credential, self.access)

    def adapter(self, actor: Credential | None = None) -> KeyAdapter:
        """The keys of the credential to be rotated, through a fresh session of the rotator or another actor."""
        make = provider(self.provider).keys
        assert make is not None
        return make(self.session(actor or self.rotator), self.credential)

    def kind(self, credential: Credential) -> str:
        """The kind of failure that a probe ends in, "" where it does not."""
        try:
            self.session(credential).probe()
        except ProviderError as exc:
            return exc.kind
        return ""

    def works(self, credential: Credential) -> bool:
        """Whether a key is good; a bad one is the only other thing that it may be."""
        found = self.kind(credential)
        assert found in ("", "bad_key"), found
        return not found

    def count(self, pattern: str) -> int:
        """How many calls that match came in."""
        return sum(fnmatchcase(name, pattern) for name in self.faults.operations())


def listed(adapter: KeyAdapter) -> dict[str, Key]:
    """The keys by their ids."""
    found = adapter.keys()
    return {key.id: key for key in found}


def certificate(account: CloudAccount, name: str) -> tuple[str, str]:
    """A server certificate of the account's own authority."""
    cert, key = issue(make_ca(Path(account.server.ca_file).parent), [name], ["127.0.0.1"])
    return str(cert), str(key)


def front(stack: contextlib.ExitStack, account: CloudAccount) -> tuple[FaultProxy, dict[str, str]]:
    """The proxy before the API of keys and logins, and the endpoints that lead through it.

    OpenStack's account has its proxy before Neutron; Keystone gets one of its own.
    """
    endpoints = dict(account.options["endpoints"])
    if account.provider != "openstack":
        return account.faults, endpoints
    upstream = endpoints["identity"].removesuffix("/v3")
    faults = stack.enter_context(FaultProxy(upstream, account.server.ca_file, *certificate(account, "login")))
    return faults, {**endpoints, "identity": f"{faults.url}/v3"}


@contextlib.contextmanager
def bench_of(account: CloudAccount) -> Iterator[Bench]:
    """The account's bench; its counts begin at zero."""
    name = account.provider
    with contextlib.ExitStack() as stack:
        faults, endpoints = front(stack, account)
        retry = Retry(2, sleep=lambda _seconds: None)
        access = Access(endpoints, account.options.get("region"), None, account.server.ca_file, retry=retry)
        credential = parse("main", name, account.secret)
        known = provider(name).open(credential, access).probe().remember
        rotator = parse("hand", name, account.rotator)
        faults.reset()
        try:
            yield Bench(name, replace(credential, meta=known), rotator, access, faults)
        finally:
            faults.reset()
