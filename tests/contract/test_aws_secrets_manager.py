# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is AWS Secrets Manager's own: staging labels, credentials, regions, secrets of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput, SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store import (
    aws_client,
    aws_secrets_manager,
)
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.ca import issue, make_ca
from lab.faults import FaultProxy
from tests.support.revocation import revoke
from tests.support.servers import LabServer

from . import stores


@pytest.fixture
def option(request: pytest.FixtureRequest, moto: LabServer, tmp_path: Path) -> dict[str, Any]:
    return stores.secrets_manager(request, tmp_path).option


def opened(option: dict[str, Any]) -> Any:
    return open_store(option, lambda *values: None)


def kind(option: dict[str, Any]) -> str:
    with pytest.raises(SecretStoreError) as caught:
        opened(option).get("acme")
    return caught.value.kind


def test_the_version_before_is_awsprevious(option: dict[str, Any], moto: LabServer) -> None:
    store = opened(option)
    store.put("acme", {"n": 1})
    store.put("acme", {"n": 2})
    client = stores.aws_client(moto, "secretsmanager")
    held = {
        stage: json.loads(
            client.get_secret_value(SecretId=f"{option['path']}/acme", VersionStage=stage)["SecretString"]
        )
        for stage in ("AWSCURRENT", "AWSPREVIOUS")
    }
    assert held == {
        "AWSCURRENT": {"version": 2, "record": {"n": 2}},
        "AWSPREVIOUS": {"version": 1, "record": {"n": 1}},
    }


def test_what_a_dead_writer_left_pending_is_not_read_and_stops_nobody(option: dict[str, Any], moto: LabServer) -> None:
    store = opened(option)
    store.put("acme", {"n": 1})
    client = stores.aws_client(moto, "secretsmanager")
    client.put_secret_value(
        SecretId=f"{option['path']}/acme",
        SecretString=json.dumps({"version": 2, "record": {"n": "dead"}}),
        VersionStages=["AWSPENDING"],
    )
    assert (store.get("acme"), store.version("acme")) == ({"n": 1}, 1)
    assert store.put("acme", {"n": 2}, expect=1) == 2
    assert store.get("acme") == {"n": 2}


@pytest.mark.parametrize("operation", ["CreateSecret", "PutSecretValue", "UpdateSecretVersionStage"])
def test_a_write_whose_answer_was_lost_is_done_once(
    option: dict[str, Any], moto: LabServer, tmp_path: Path, operation: str
) -> None:
    ca = make_ca(tmp_path / "ca")
    cert, key = issue(ca, ["localhost"], ["127.0.0.1"])
    with FaultProxy(moto.url, moto.ca_file, str(cert), str(key)) as faults:
        auth = {**option["auth"], "ca_file": str(ca.cert_path)}
        store = opened({**option, "url": faults.url, "auth": auth})
        first = 0 if operation == "CreateSecret" else store.put("acme", {"n": 1})
        faults.add(mode="lost", operation=f"*{operation}*")
        assert store.put("acme", {"n": 2}, expect=first) == first + 1
        assert store.get("acme") == {"n": 2}
        assert [call for call in faults.calls if call["fault"] == "lost"]


@pytest.mark.parametrize("operation", ["put_secret_value", "update_secret_version_stage"])
@pytest.mark.parametrize("change", ["put", "delete"])
def test_who_meets_a_removal_is_told_of_a_conflict(
    option: dict[str, Any], moto: LabServer, monkeypatch: pytest.MonkeyPatch, change: str, operation: str
) -> None:
    store = opened(option)
    first = store.put("acme", {"n": 1})
    remove_just_before(operation, option, moto, monkeypatch)
    with pytest.raises(SecretStoreError, match="somebody removed it at the same time.*run again") as caught:
        store.put("acme", {"n": 2}, expect=first) if change == "put" else store.delete("acme", expect=first)
    assert caught.value.kind == "conflict" and store.version("acme") == 0


def test_who_writes_without_expecting_anything_makes_it_again(
    option: dict[str, Any], moto: LabServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(option)
    store.put("acme", {"n": 1})
    with monkeypatch.context() as during:
        remove_just_before("put_secret_value", option, moto, during)
        assert store.put("acme", {"n": 2}) == 1
    assert store.get("acme") == {"n": 2}


def remove_just_before(
    operation: str, option: dict[str, Any], moto: LabServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let somebody else remove the record at the moment before a call."""
    call = aws_client.AwsClient.call

    def removed_before(self: aws_client.AwsClient, doing: str, name: str, *args: Any, **arguments: Any) -> Any:
        if name == operation:
            stores.aws_client(moto, "secretsmanager").delete_secret(
                SecretId=f"{option['path']}/acme", ForceDeleteWithoutRecovery=True
            )
        return call(self, doing, name, *args, **arguments)

    monkeypatch.setattr(aws_client.AwsClient, "call", removed_before)


def test_a_removal_that_aws_still_works_on_is_a_conflict_too(
    option: dict[str, Any], moto: LabServer, tmp_path: Path
) -> None:
    refusal = {
        "__type": "InvalidRequestException",
        "message": "You can't perform this operation on the secret because it was marked for deletion.",
    }
    ca = make_ca(tmp_path / "ca")
    cert, key = issue(ca, ["localhost"], ["127.0.0.1"])
    with FaultProxy(moto.url, moto.ca_file, str(cert), str(key)) as faults:
        store = opened({**option, "url": faults.url, "auth": {**option["auth"], "ca_file": str(ca.cert_path)}})
        first = store.put("acme", {"n": 1})
        faults.add(mode="status", operation="*PutSecretValue*", status=400, body=json.dumps(refusal))
        with pytest.raises(SecretStoreError) as caught:
            store.put("acme", {"n": 2}, expect=first)
    assert caught.value.kind == "conflict"


def test_a_name_that_aws_is_still_deleting_is_waited_for(
    option: dict[str, Any], moto: LabServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {
        "__type": "InvalidRequestException",
        "message": "You can't create this secret because a secret with this name is already scheduled for deletion.",
    }
    ca = make_ca(tmp_path / "ca")
    cert, key = issue(ca, ["localhost"], ["127.0.0.1"])
    with FaultProxy(moto.url, moto.ca_file, str(cert), str(key)) as faults:
        auth = {**option["auth"], "ca_file": str(ca.cert_path)}
        store = opened({**option, "url": faults.url, "auth": auth})
        faults.add(mode="status", operation="*CreateSecret*", times=2, status=400, body=json.dumps(refusal))
        assert store.put("acme", {"n": 1}, expect=0) == 1
        monkeypatch.setattr(aws_secrets_manager, "DELETING_S", 0.0)
        faults.add(mode="status", operation="*CreateSecret*", times=0, status=400, body=json.dumps(refusal))
        with pytest.raises(SecretStoreError, match="scheduled for deletion.*restore-secret") as caught:
            store.put("globex", {"n": 1})
    assert caught.value.kind == "deleting"


def test_a_secret_that_somebody_marked_for_deletion_is_no_record(option: dict[str, Any], moto: LabServer) -> None:
    store = opened(option)
    store.put("acme", {"n": 1})
    stores.aws_client(moto, "secretsmanager").delete_secret(SecretId=f"{option['path']}/acme")
    assert store.version("acme") == 0 and store.names() == ()


def test_a_secret_of_somebody_else_is_not_taken_for_a_record(option: dict[str, Any], moto: LabServer) -> None:
    client = stores.aws_client(moto, "secretsmanager")
    client.create_secret(Name=f"{option['path']}/acme", SecretString="canary-91-secret")
    with pytest.raises(SecretStoreError) as caught:
        opened(option).put("acme", {"n": 1})
    assert caught.value.kind == "damaged" and "canary" not in str(caught.value)


def test_keys_of_the_environment_do_not_replace_those_that_are_named(
    option: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYAAAAAAAAAA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 40)
    hidden: list[str] = []
    open_store(option, lambda *values: hidden.extend(values)).put("acme", {"n": 1})
    assert stores.STORE_KEY["secret_access_key"] in hidden


def test_keys_of_the_environment_serve_where_none_are_named(
    option: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", stores.STORE_KEY["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", stores.STORE_KEY["secret_access_key"])
    option["auth"].pop("credentials_file")
    opened(option).put("acme", {"n": 1})


def test_a_credentials_file_that_others_can_read_is_refused(option: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "aws").chmod(0o640)
    assert kind(option) == "unsafe"


def test_an_unknown_profile_is_named(option: dict[str, Any]) -> None:
    option["auth"]["profile"] = "nobody"
    with pytest.raises(SecretStoreError, match="nobody") as caught:
        opened(option)
    assert caught.value.kind == "locked"


def test_a_certificate_of_another_authority_is_refused(option: dict[str, Any], tmp_path: Path) -> None:
    other = make_ca(tmp_path / "other")
    assert kind({**option, "auth": {**option["auth"], "ca_file": str(other.cert_path)}}) == "tls"


def test_plain_http_and_a_missing_region_are_refused(option: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="is not https"):
        opened({**option, "url": option["url"].replace("https", "http")})
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InvalidInput, match="secret_store.region: is not set"):
        opened({**option, "region": None})


def test_the_key_that_opens_the_store_is_not_revoked(option: dict[str, Any], moto: LabServer) -> None:
    store = opened(option)
    store.put("own", parse("own", "aws", stores.STORE_KEY).record())
    endpoints = dict.fromkeys(("sts", "iam"), moto.url)
    shared = {"provider": "aws", "region": stores.REGION, "endpoints": endpoints, "ca_file": moto.ca_file}
    with pytest.raises(InvalidInput, match="credential: own opens the secret store itself"):
        revoke({**shared, "credential": "own", "secret_store": option})
    assert opened(option).names() == ("own",)
