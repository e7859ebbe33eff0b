# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What registering a credential promises on every provider."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.ca import make_ca
from tests.support.module import ModuleFailed, run_module

from .accounts.base import CloudAccount
from .conftest import Store


def hidden(account: CloudAccount) -> list[str]:
    return [value for name, value in account.secret.items() if "secret" in name]


def test_a_good_credential_is_registered_once(store: Store, account: CloudAccount) -> None:
    arguments = {"credential": "fresh", "secret": dict(account.secret), "owner": "sec@customer.example"}
    predicted = store.run("cloud_credential", check=True, diff=True, **arguments)
    assert predicted["changed"] and "fresh" not in store.opened.names()
    first = store.run("cloud_credential", diff=True, **arguments)
    second = store.run("cloud_credential", diff=True, **arguments)
    assert first["changed"] and not second["changed"]
    assert predicted["diff"] == first["diff"]
    assert first["credential"]["owner"] == "sec@customer.example"
    assert first["identity"]["principal"]
    assert not store.run("cloud_credential", credential="fresh")["changed"]
    text = json.dumps([predicted, first, second])
    assert not [value for value in hidden(account) if value in text]


def test_a_refused_credential_leaves_no_trace(store: Store, account: CloudAccount, tmp_path: Path) -> None:
    before = store.opened.names()
    with pytest.raises(ModuleFailed) as failed:
        store.run("cloud_credential", credential="fresh", secret=dict(account.wrong_secret), retries=0)
    assert failed.value.result["error"]["kind"] == "bad_key", failed.value
    assert failed.value.result["changed"] is False
    assert store.opened.names() == before
    text = json.dumps(failed.value.result)
    assert not [value for name, value in account.wrong_secret.items() if "secret" in name and value in text]


def test_a_refused_successor_leaves_the_registered_one(store: Store, account: CloudAccount) -> None:
    before = store.opened.get("account")
    with pytest.raises(ModuleFailed):
        store.run("cloud_credential", secret=dict(account.wrong_secret), retries=0)
    assert store.opened.get("account") == before


def test_an_unreachable_endpoint_is_told_apart(store: Store, account: CloudAccount) -> None:
    endpoints = {
        name: "https://127.0.0.1:9" + ("/" + url.split("/", 3)[3] if url.count("/") > 2 else "")
        for name, url in account.options["endpoints"].items()
    }
    with pytest.raises(ModuleFailed) as failed:
        store.run("cloud_credential", endpoints=endpoints, retries=0, timeout_s=5)
    assert failed.value.result["error"]["kind"] == "unreachable", failed.value


def test_an_untrusted_certificate_is_told_apart(store: Store, account: CloudAccount, tmp_path: Path) -> None:
    other = make_ca(tmp_path / "other")
    with pytest.raises(ModuleFailed) as failed:
        store.run("cloud_credential", ca_file=str(other.cert_path), retries=0)
    assert failed.value.result["error"]["kind"] == "tls", failed.value


def test_the_credential_may_come_from_a_file_that_only_its_owner_reads(
    store: Store, account: CloudAccount, tmp_path: Path
) -> None:
    source = tmp_path / "key.json"
    source.write_text(json.dumps(dict(account.secret)))
    source.chmod(0o644)
    with pytest.raises(ModuleFailed, match="others can get at it"):
        store.run("cloud_credential", credential="fresh", secret_from={"file": str(source)})
    source.chmod(0o600)
    assert store.run("cloud_credential", credential="fresh", secret_from={"file": str(source)})["changed"]


def test_a_missing_field_is_named_and_nothing_is_shown(store: Store, account: CloudAccount) -> None:
    partial = dict(list(account.secret.items())[:1])
    with pytest.raises(ModuleFailed, match="is missing or empty") as failed:
        store.run("cloud_credential", credential="fresh", secret=partial)
    assert failed.value.result["error"]["type"] == "InvalidInput"


def test_absent_forgets_it_and_the_list_never_shows_a_secret(store: Store, account: CloudAccount) -> None:
    store.run("cloud_credential", credential="fresh", secret=dict(account.secret))
    listed = run_module("cloud_credential_info", {"secret_store": store.option})
    assert [row["name"] for row in listed["credentials"]] == ["account", "fresh"]
    assert not [value for value in hidden(account) if value in json.dumps(listed)]
    assert store.run("cloud_credential", credential="fresh", state="absent")["changed"]
    assert not store.run("cloud_credential", credential="fresh", state="absent")["changed"]


def test_a_name_that_was_reserved_for_a_bundle_can_be_used(store: Store, account: CloudAccount) -> None:
    """A run of secret_handover that was killed, or could not keep the secret, leaves the reservation."""
    store.opened.put("fresh", {"version": 1, "kind": "reserved", "secrets": {}, "meta": {}})
    with pytest.raises(ModuleFailed, match="it is not registered"):
        store.run("cloud_credential", credential="fresh")
    arguments = {"credential": "fresh", "secret": dict(account.secret)}
    predicted, first, second = (
        store.run("cloud_credential", check=check, diff=True, **arguments) for check in (True, False, False)
    )
    assert [predicted["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert predicted["diff"] == first["diff"]
    assert store.opened.get("fresh")["provider"] == account.provider


def test_of_a_name_that_was_reserved_for_a_bundle_there_is_nothing_to_revoke(
    store: Store, account: CloudAccount
) -> None:
    store.opened.put("fresh", {"version": 1, "kind": "reserved", "secrets": {}, "meta": {}})
    done = store.run("cloud_credential", state="revoked", credential="fresh")
    assert not done["changed"]


def test_a_credential_of_another_provider_is_refused(store: Store, account: CloudAccount) -> None:
    record = dict(store.opened.get("account"))
    other = "azure" if account.provider != "azure" else "aws"
    store.opened.put("other", {**record, "provider": other})
    with pytest.raises(ModuleFailed, match="is registered for"):
        lists = [{"scope": dict(account.scopes[0]), "entries": []}]
        store.run("access_allowlist", credential="other", allowlists=lists)
