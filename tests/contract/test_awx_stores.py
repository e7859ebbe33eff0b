# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every secret store, and every key of an encrypted file, is opened by what a credential type of AWX injects."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.opener import opened_with
from tests.support.awx_job import TYPES, Job, credential_type
from tests.support.module import run_module
from tests.support.openbao import OpenBao

from .accounts import RunningAccounts
from .stores import BACKENDS, SLOW, STORE_KEY, TRANSIT_POLICY, Option

Inputs = dict[str, str]
STORE_TYPES = [name for name in TYPES if name.startswith("store_")]
#: What a careless template would spoil; a file takes all of it but a line's end.
HARD = 'canary-"quoted"-\'%(x)s-$HOME-#-;-<&>{{no}}-\\back-é'


def read(option: Option, name: str) -> str:
    return Path(option["auth"][name]).read_text()


def of_file(option: Option) -> Inputs:
    return {"path": option["path"], "key": read(option, "key_file")}


def of_pkcs11(option: Option) -> Inputs:
    kek = option["kek"]
    place = {"path": option["path"], "library": kek["library"], "token_label": kek["token_label"]}
    return {**place, "key_label": kek["key"], "pin": read(option, "pin_file")}


def of_transit(option: Option) -> Inputs:
    kek = option["kek"]
    server = {"url": kek["url"], "ca_cert": read(option, "ca_file")}
    return {"path": option["path"], "key_name": kek["key"], "token": read(option, "token_file"), **server}


def of_kms(option: Option) -> Inputs:
    kek = option["kek"]
    place = {"path": option["path"], "key_id": kek["key"], "region": kek["region"], "url": kek["url"]}
    return {**place, **STORE_KEY, "ca_cert": read(option, "ca_file")}


def of_vault(option: Option) -> Inputs:
    place = {"url": option["url"], "path": option["path"]}
    return {**place, "token": read(option, "token_file"), "ca_cert": read(option, "ca_file")}


def of_secrets_manager(option: Option) -> Inputs:
    place = {name: option[name] for name in ("url", "path", "region")}
    return {**place, **STORE_KEY, "ca_cert": read(option, "ca_file")}


def of_barbican(option: Option) -> Inputs:
    place = {name: option[name] for name in ("url", "path", "region")}
    return {**place, **json.loads(read(option, "credentials_file")), "ca_cert": read(option, "ca_file")}


#: The type of AWX, the store of this suite that it opens, and what somebody types into AWX for that store.
FILLED: Mapping[str, tuple[str, Callable[[Option], Inputs]]] = {
    "store_encrypted_file": ("encrypted_file", of_file),
    "store_encrypted_file_pkcs11": ("encrypted_file-pkcs11", of_pkcs11),
    "store_encrypted_file_transit_token": ("encrypted_file-vault_transit", of_transit),
    "store_encrypted_file_transit_approle": ("encrypted_file-vault_transit", of_transit),
    "store_encrypted_file_kms": ("encrypted_file-aws_kms", of_kms),
    "store_vault_token": ("vault", of_vault),
    "store_vault_approle": ("vault", of_vault),
    "store_aws_secrets_manager": ("aws_secrets_manager", of_secrets_manager),
    "store_barbican": ("barbican", of_barbican),
}
NAMES = [
    pytest.param(name, marks=[pytest.mark.openstack, pytest.mark.long] if FILLED[name][0] in SLOW else [], id=name)
    for name in FILLED
]


def with_role(bao: OpenBao, name: str, inputs: Inputs) -> Inputs:
    """Return the inputs with an AppRole of the same rights in place of the token."""
    without = {key: value for key, value in inputs.items() if key != "token"}
    if name == "store_vault_approle":
        return {**without, **{key: bao.secrets[key] for key in ("role_id", "secret_id")}}
    root, key_name = bao.root(), inputs["key_name"]
    role = f"auth/approle/role/{key_name}"
    root.call("POST", role, {"token_policies": [f"{TRANSIT_POLICY}-{key_name}"]})
    made = root.call("POST", f"{role}/secret-id", {})
    role_id = root.call("GET", f"{role}/role-id")["data"]["role_id"]
    return {**without, "role_id": role_id, "secret_id": made["data"]["secret_id"]}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "runner")


def test_each_store_and_each_key_that_modules_take_has_a_type() -> None:
    """The store ``awx`` needs none: it is what the types of the clouds make."""
    assert set(FILLED) == set(STORE_TYPES)
    options = spec.SECRET_STORE.options["secret_store"]["options"]
    keks = {f"encrypted_file-{kind}".removesuffix("-file") for kind in options["kek"]["options"]["type"]["choices"]}
    taken = keks | set(options["type"]["choices"]) - {"awx"}
    assert {backend for backend, _inputs in FILLED.values()} == taken == set(BACKENDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_reaches_a_cloud_with_a_credential_out_of_the_store(
    request: pytest.FixtureRequest,
    running_accounts: RunningAccounts,
    job: Job,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    backend, inputs_of = FILLED[name]
    made = BACKENDS[backend](request, tmp_path)
    inputs = inputs_of(made.option)
    if name.endswith("_approle"):
        inputs = with_role(request.getfixturevalue("openbao"), name, inputs)
    job.attach(name, **inputs)
    for variable, value in job.env.items():
        monkeypatch.setenv(variable, value)
    option = job.extra_vars()["service_store_secret_store"]

    cloud = running_accounts.get("cloudstack")
    cloud.reset()
    cloud.faults.reset()
    public, secrets = {"api_key": cloud.secret["api_key"]}, {"secret_key": cloud.secret["secret_key"]}
    record = {"version": 1, "provider": "cloudstack", "public": public, "secrets": secrets, "meta": {}}
    made.open().put("initech-key", record)
    given = {"provider": "cloudstack", "credential": "initech-key", "secret_store": option, **cloud.options}
    # The module reads the credential through what was injected, and writes down whose key the provider says it is.
    first = run_module("cloud_credential", given)
    assert first["changed"] and first["identity"]
    assert made.open().get("initech-key")["meta"]["user_id"]
    assert not run_module("cloud_credential", given)["changed"]
    hidden = [inputs[field["id"]] for field in secret_fields(name) if field["id"] in inputs]
    assert hidden and not [value for value in (*hidden, *secrets.values()) if value in str(first)]


def secret_fields(name: str) -> list[dict[str, Any]]:
    return [field for field in credential_type(name)["inputs"]["fields"] if field.get("secret")]


def typed(name: str, folder: Path) -> dict[str, str]:
    """Return something for every field of a type; what is secret is hard to quote."""
    fields = credential_type(name)["inputs"]["fields"]
    places = {"url": "https://127.0.0.1:9", "path": str(folder / "store.json"), "ca_cert": ""}
    return {
        field["id"]: f"{HARD}-{field['id']}" if field.get("secret") else places.get(field["id"], "x")
        for field in fields
    }


@pytest.mark.parametrize("name", STORE_TYPES)
def test_a_secret_is_in_a_private_file_and_nowhere_else(job: Job, tmp_path: Path, name: str) -> None:
    job.attach(name, **typed(name, tmp_path))
    assert secret_fields(name)
    for found in (job.env, job.safe_env, job.arguments, job.extra_vars()):
        assert "canary" not in str(found)
    assert all(os.stat(path).st_mode & 0o077 == 0 for path in job.files())
    assert "canary" in str(job.files())


@pytest.mark.parametrize("name", sorted(set(STORE_TYPES) - {"store_encrypted_file"}))
def test_what_opens_a_store_arrives_as_it_was_typed(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fields = typed(name, tmp_path)
    job.attach(name, **fields)
    for variable, value in job.env.items():
        monkeypatch.setenv(variable, value)
    kept: list[Any] = []
    # An AppRole logs in at once, and nobody is there.
    with contextlib.suppress(SecretStoreError):
        open_store(job.extra_vars()["service_store_secret_store"], lambda *values: kept.extend(values))
    assert {fields[field["id"]] for field in secret_fields(name)} <= set(kept)


@pytest.mark.parametrize("name", ["store_aws_secrets_manager", "store_encrypted_file_kms"])
def test_without_an_access_key_it_is_that_of_the_machine(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place = {"region": "eu-central-1", "path": str(tmp_path / "store.json")}
    job.attach(name, **place, **({"key_id": "alias/x"} if "kms" in name else {}))
    option = job.extra_vars()["service_store_secret_store"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEMACHINE0001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-machine")
    kept: list[Any] = []
    open_store(option, lambda *values: kept.extend(values))
    assert kept[0] == "of-the-machine"


@pytest.mark.parametrize("given", ["access_key_id", "secret_access_key"])
def test_half_an_access_key_is_never_made_up_by_the_machines(
    job: Job, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEMACHINE0001")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-machine")
    job.attach("store_aws_secrets_manager", region="eu-central-1", **{given: "half-a-key"})
    option = job.extra_vars()["service_store_secret_store"]
    kept: list[Any] = []
    if given == "access_key_id":
        with pytest.raises(SecretStoreError, match="missing: aws_secret_access_key") as caught:
            open_store(option, lambda *values: kept.extend(values))
        assert caught.value.kind == "other"
    else:
        open_store(option, lambda *values: kept.extend(values))
        assert kept[0] == "half-a-key" and opened_with(option) == frozenset()
    assert "of-the-machine" not in kept
