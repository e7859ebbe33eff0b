# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A weak secret, and one that was replaced before, reaches neither the provider nor the store."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS
from tests.support.module import ModuleFailed

from .accounts.base import CloudAccount
from .conftest import Store

WEAK = "Password-Password-Password-Password-2026"
OLD = "Zt9/qW3mRvK7nX5LpY0cJ8uDs4HgB6fMa2TxE1iQ"


def secret_field(account: CloudAccount) -> str:
    form = FIELDS[account.provider].form_of(account.secret)
    return form.secret[0]


def with_secret(account: CloudAccount, secret: str) -> dict[str, Any]:
    return {**account.secret, secret_field(account): secret}


def test_a_weak_secret_is_refused_before_any_call(store: Store, account: CloudAccount) -> None:
    before = store.opened.names()
    account.faults.reset()
    with pytest.raises(ModuleFailed, match="rule dictionary, secret_policy.min_bits") as failed:
        store.run("cloud_credential", credential="fresh", secret=with_secret(account, WEAK))
    assert failed.value.result["error"]["option"] == f"secret.{secret_field(account)}"
    assert WEAK not in str(failed.value.result)
    assert account.faults.operations() == []
    assert store.opened.names() == before


def test_an_operator_may_ask_for_more(store: Store, account: CloudAccount) -> None:
    with pytest.raises(ModuleFailed, match="rule min_length, secret_policy.min_length"):
        store.run("cloud_credential", secret=dict(account.secret), secret_policy={"min_length": 100})


def test_a_replaced_secret_does_not_come_back(store: Store, account: CloudAccount) -> None:
    store.keep("fresh", with_secret(account, OLD))
    assert store.run("cloud_credential", credential="fresh", secret=dict(account.secret))["changed"]
    assert not store.run("cloud_credential", credential="fresh", secret=dict(account.secret))["changed"]
    assert OLD not in str(store.opened.get("fresh"))
    account.faults.reset()
    with pytest.raises(ModuleFailed, match="rule reuse, secret_policy.reuse"):
        store.run("cloud_credential", credential="fresh", secret=with_secret(account, OLD))
    assert account.faults.operations() == []
