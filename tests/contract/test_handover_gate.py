# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes out of a bundle passes the same gate as any other secret, and its sender decides nothing on our side."""

from __future__ import annotations

import base64
import datetime
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

from ansible_collections.strategic.service_store.plugins.module_utils.core import sealing
from ansible_collections.strategic.service_store.plugins.module_utils.model import handover as model
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import ModuleFailed, run_module

PSK = "k7Vq2mXwR9tBz4LpN8sYc3HdJ6fGe5Ua"
WEAK = "Password-Password-Password-Password-2026"
BOUND = {"customer": "globex", "account": "globex-api", "purpose": "registration"}
USER = {"username": "store", "user_domain_name": "Default", "project_name": "globex"}
FORGED = {
    "owner": "mallory@globex.example",
    "registered_at": "2099-01-01T00:00:00Z",
    "expires_at": "2099-01-01T00:00:00Z",
    "permissions": {"verdict": "exact"},
    "earlier_secrets": {"salt": "00", "fingerprints": []},
    "rotated_at": "2099-01-01T00:00:00Z",
}


def psk(secret: str = PSK, **more: Any) -> dict[str, Any]:
    return {"version": 1, "kind": "psk", "secrets": {"psk": secret}, **more}


def keystone(password: str) -> dict[str, Any]:
    return {"version": 1, "provider": "openstack", "public": USER, "secrets": {"password": password}}


@dataclass(frozen=True)
class Reader:
    """Somebody who opens bundles that anybody may have sealed."""

    folder: Path
    public: str
    option: dict[str, Any]

    @property
    def store(self) -> Any:
        return open_store(self.option, lambda *values: None)

    def open(self, record: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Seal a record as a sender may who does not use this collection, and open it."""
        now = datetime.datetime.now(datetime.UTC)
        times = (model.time_text(now), model.time_text(now + datetime.timedelta(hours=1)))
        binding = model.Binding(str(uuid.uuid4()), *BOUND.values(), *times, "")
        whole = {**model.content(binding, {}), "record": record}
        sealed = sealing.seal_hpke(model.canonical(whole), self.public, binding.context("hpke"), "public_key")
        (self.folder / "bundle").write_text(model.Bundle("hpke", sealed, binding).text())
        return self.open_again(**more)

    def open_again(self, *, check: bool = False, **more: Any) -> dict[str, Any]:
        arguments = {"state": "opened", "name": "globex-api", "path": str(self.folder / "bundle"), **BOUND}
        keys = {"key_file": str(self.folder / "own.key"), "secret_store": self.option}
        return run_module("secret_handover", {**arguments, **keys, **more}, check=check, diff=True)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    key = x25519.X25519PrivateKey.generate()
    for name, content in (("own.key", key.private_bytes_raw()), ("store.key", os.urandom(32))):
        (tmp_path / name).write_bytes(base64.b64encode(content))
        (tmp_path / name).chmod(0o600)
    option = {"path": str(tmp_path / "s.json"), "auth": {"key_file": str(tmp_path / "store.key")}}
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return Reader(tmp_path, public, {"type": "encrypted_file", **option})


@pytest.mark.parametrize(
    ("record", "field", "rule"),
    [
        (psk(WEAK[:32]), "psk", "rule (dictionary|alphabet), secret_policy"),
        (keystone("Summer-2026-Winter"), "password", "rule (dictionary|pattern|min_bits), secret_policy.min_bits"),
        (keystone("xK4!short"), "password", "rule min_length, secret_policy.min_length"),
        ({"version": 1, "kind": "app", "secrets": {"token": WEAK}}, "token", "rule dictionary, secret_policy.min_bits"),
    ],
)
def test_a_weak_secret_is_refused_with_the_rule_and_not_kept(
    reader: Reader, record: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(ModuleFailed, match=rule) as failed:
        reader.open(record)
    assert failed.value.result["error"]["option"] == f"path.{field}"
    assert record["secrets"][field] not in json.dumps(failed.value.result)
    assert reader.store.names() == ()


def test_check_mode_refuses_it_too(reader: Reader) -> None:
    with pytest.raises(ModuleFailed):
        reader.open(psk(WEAK))
    with pytest.raises(ModuleFailed, match="rule dictionary"):
        reader.open_again(check=True)


def test_the_receiver_may_ask_for_more_and_for_less(reader: Reader) -> None:
    with pytest.raises(ModuleFailed, match="rule min_length, secret_policy.min_length"):
        reader.open(psk(), secret_policy={"min_length": 40})
    with pytest.raises(ModuleFailed, match="rule alphabet, secret_policy.alphabet"):
        reader.open(psk(PSK + "~"))
    assert reader.open_again(secret_policy={"alphabet": "any"})["changed"]


def test_a_secret_that_was_replaced_does_not_come_back(reader: Reader) -> None:
    assert reader.open(psk())["changed"] and reader.open(psk(PSK[::-1]))["changed"]
    with pytest.raises(ModuleFailed, match="rule reuse, secret_policy.reuse"):
        reader.open(psk())


def test_nothing_that_the_sender_says_is_kept_and_what_he_claims_is_shown(reader: Reader) -> None:
    opened = reader.open(psk(meta=FORGED, orders="none"))
    record = reader.store.get("globex-api")
    assert set(record) == {"version", "kind", "secrets", "meta"} and set(record["meta"]) == {"handover"}
    assert opened["claims"] == {name: FORGED[name] for name in ("owner", "registered_at", "expires_at")}
    assert reader.open_again()["claims"] == {}


def test_the_owner_is_the_one_that_the_receiver_has_recorded(reader: Reader) -> None:
    reader.store.put("globex-api", psk(PSK[::-1], meta={"owner": "we@store.example"}))
    reader.open(psk(meta=FORGED))
    assert reader.store.get("globex-api")["meta"]["owner"] == "we@store.example"


def test_a_credential_with_a_forged_age_and_end_is_due(reader: Reader) -> None:
    public = {"application_credential_id": "a1b2c3", "expires_at": "2099-01-01T00:00:00Z"}
    secrets = {"application_credential_secret": PSK * 2}
    record = {"version": 1, "provider": "openstack", "public": public, "secrets": secrets, "meta": FORGED}
    opened = reader.open(record)
    (row,) = run_module("cloud_credential_info", {"secret_store": reader.option})["credentials"]
    assert row["state"] == "due" and row["expires_at"] == "" and row["owner"] == "" and "permissions" not in row
    assert opened["claims"]["expires_at"] == public["expires_at"]


@pytest.mark.parametrize("kind", ["rotation", "notice"])
def test_a_journal_of_this_collection_is_no_secret(reader: Reader, kind: str) -> None:
    with pytest.raises(ModuleFailed, match=f"holds a record of the kind {kind}"):
        reader.open({"version": 1, "kind": kind, "phase": "begun", "secrets": {"key": PSK}})
    reader.store.put("globex-api", {"version": 1, "kind": kind})
    with pytest.raises(ModuleFailed, match="take another name"):
        reader.open(psk())
    assert reader.store.get("globex-api") == {"version": 1, "kind": kind}


def test_a_reservation_of_this_collection_is_no_secret(reader: Reader) -> None:
    with pytest.raises(ModuleFailed, match="holds a record of the kind reserved.*ask for the secret alone"):
        reader.open({"version": 1, "kind": "reserved", "secrets": {"token": PSK}})
    assert reader.store.names() == ()


def test_both_sides_show_one_fingerprint_of_a_password(reader: Reader, tmp_path: Path) -> None:
    record = keystone("mE7!qT2#vB9&xK4p")
    reader.store.put("theirs", record)
    given = run_module(
        "secret_handover",
        {
            **{"name": "theirs", "path": str(tmp_path / "sent"), "recipient": {"public_key": reader.public}},
            **{"secret_store": reader.option, **BOUND},
        },
    )
    opened = reader.open_again(path=str(tmp_path / "sent"))
    assert opened["fingerprint"] == given["fingerprint"] == opened["receipt"]["secret_fingerprint"]
    assert given["fingerprint"].startswith("pbkdf2:")


def test_a_credential_has_the_fields_of_its_provider_and_no_others(reader: Reader) -> None:
    record = keystone("mE7!qT2#vB9&xK4p")
    record["public"] = {**USER, "auth_url": "https://mallory.example"}
    with pytest.raises(ModuleFailed, match="path.auth_url: .*is no field of a openstack credential"):
        reader.open(record)


def test_what_is_sealed_tells_of_the_senders_records_what_others_may_know(reader: Reader) -> None:
    record = psk(meta={**FORGED, "user_id": "u-1"})
    binding = model.Binding("id", *BOUND.values(), "", "", "")
    told = model.content(binding, record)["record"]["meta"]
    assert set(told) == {"owner", "registered_at", "expires_at"}
