# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registered credential whose key can be rotated, for every provider that has keys and every server of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import (
    Credential,
    parse,
    parse_record,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import KeyAdapter, KeyTraits
from ansible_collections.strategic.service_store.plugins.module_utils.provider.connect import access_of
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider

from .accounts import SLOW, STARTERS, VARIANTS, RunningAccounts
from .accounts.base import CloudAccount
from .conftest import Store
from .stores import BACKENDS

ALL = {**STARTERS, **VARIANTS}
WITH_KEYS = [
    pytest.param(name, marks=[pytest.mark.openstack] if name in SLOW else [], id=name)
    for name in sorted(ALL)
    if provider(name.partition("-")[0]).keys is not None
]
#: Servers that take a disabled key all the same, and those that do not keep count of a key's uses.
TAKES_DISABLED = frozenset({"aws"})
COUNTS_NO_USE = frozenset({"aws-enforcing"})
#: The call that makes a key, as the account's fault proxy names it.
CREATES = {
    "aws": "CreateAccessKey",
    "aws-enforcing": "CreateAccessKey",
    "azure": "POST */addPassword",
    "cloudstack": "registerUserKeys",
    "cloudstack-4.23": "registerUserKeys",
}


@pytest.fixture(params=WITH_KEYS)
def running(request: pytest.FixtureRequest, running_accounts: RunningAccounts) -> CloudAccount:
    return running_accounts.get(request.param)


class Rotating:
    """One account with its credential registered, and its rotator where it has one."""

    def __init__(
        self,
        name: str,
        account: CloudAccount,
        folder: Path,
        note: Callable[[str, object], None],
        option: dict[str, Any] | None = None,
    ) -> None:
        """``note`` keeps what is shown at the end of the whole run; ``option`` opens another store than a file."""
        self.name, self.account, self.note = name, account, note
        self.store = Store(account, folder, option)
        self.enforces = name not in TAKES_DISABLED
        self.tells = name not in COUNTS_NO_USE
        self.spoils_create = CREATES.get(name, "")
        self.reset()

    def reset(self) -> None:
        """Begin again: the server as it was started, the credential registered as cloud_credential does it."""
        self.account.reset()
        self.account.faults.reset()
        for name in self.store.opened.names():
            self.store.opened.delete(name)
        given = parse("account", self.account.provider, self.account.secret)
        found = provider(self.account.provider).open(given, access_of(self.params())).probe()
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.put(given, registered_at=now, **found.remember)
        if self.account.rotator:
            # Without a probe: one that manages keys alone may see nothing else of the account.
            self.store.opened.put("rotator", parse("rotator", self.account.provider, self.account.rotator).record())

    def params(self, **more: Any) -> dict[str, Any]:
        """Return the module's arguments."""
        rotator = {"rotator": "rotator"} if self.account.rotator else {}
        return self.store.options(**{"verify_every_s": 0, "verify_timeout_s": 60, **rotator, **more})

    def run(self, *, check: bool = False, diff: bool = False, **more: Any) -> dict[str, Any]:
        """Run the module."""
        return self.store.run("cloud_credential_rotation", check=check, diff=diff, **self.params(**more))

    def record(self) -> dict[str, Any]:
        return dict(self.store.opened.get("account"))

    def main(self) -> Credential:
        return parse_record("account", self.record())

    def put(self, credential: Credential, **meta: Any) -> None:
        """Store a credential as somebody else would."""
        self.store.opened.put("account", replace(credential, meta={**credential.meta, **meta}).record())

    def make_old(self, days: int) -> None:
        """Let the credential have been registered so many days ago."""
        then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
        self.put(self.main(), registered_at=then.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def journal(self) -> dict[str, Any] | None:
        opened = self.store.opened
        return dict(opened.get("account.rotation")) if opened.version("account.rotation") else None

    def adapter(self) -> KeyAdapter:
        known, access = provider(self.account.provider), access_of(self.params())
        opened = self.store.opened
        actor = parse_record("rotator", opened.get("rotator")) if self.account.rotator else self.main()
        assert known.keys is not None
        return known.keys(known.open(actor, access), self.main())

    def traits(self) -> KeyTraits:
        return self.adapter().traits

    def id_of(self, credential: Credential) -> str:
        return self.adapter().id_of(credential)

    def keys(self) -> list[str]:
        """Return the ids of the keys at the provider that the rotation may have made or replaced, sorted."""
        listed = self.adapter().keys()
        return sorted(key.id for key in listed)

    def works(self, credential: Credential) -> bool:
        """Return whether the provider takes a key."""
        access = replace(access_of(self.params()), retry=Retry(0))
        try:
            # What is known of a key's past must not colour the verdict.
            provider(self.account.provider).open(replace(credential, meta={}), access).probe()
        except ProviderError as exc:
            assert exc.kind in ("bad_key", "expired"), exc
            return False
        return True


@pytest.fixture
def rotating(
    request: pytest.FixtureRequest,
    running: CloudAccount,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> Rotating:
    """A test may name one of the stores as this fixture's parameter; without it, it is a file."""
    store = getattr(request, "param", "encrypted_file")
    option = BACKENDS[store](request, tmp_path).option
    return Rotating(request.node.callspec.params["running"], running, tmp_path, record_property, option)
