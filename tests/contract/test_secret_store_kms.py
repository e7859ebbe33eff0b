# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an encrypted file says while its key in AWS KMS cannot be used.

moto goes on decrypting with a key that is disabled, so the answers of the KMS API Reference (Decrypt, Errors; the
developer guide, "Key states of AWS KMS keys") are given at the wire, between the SDK and moto.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.ca import issue, make_ca
from lab.faults import FaultProxy
from tests.support.servers import LabServer

from . import stores

ARN = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
REFUSALS = {
    "disabled": ("DisabledException", 400, f"{ARN} is disabled."),
    "pending deletion": ("KMSInvalidStateException", 400, f"{ARN} is pending deletion."),
    "material not imported": ("KMSInvalidStateException", 400, f"{ARN} is pending import."),
    "key store disconnected": (
        "KeyUnavailableException",
        500,
        "The request was rejected because the key is unavailable.",
    ),
}


def opened(option: dict[str, Any]) -> Any:
    return open_store(option, lambda *values: None)


@contextmanager
def proxied(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[dict[str, Any], FaultProxy]]:
    moto: LabServer = request.getfixturevalue("moto")
    option = stores.kms(request, folder).option
    ca = make_ca(folder / "ca")
    cert, key = issue(ca, ["localhost"], ["127.0.0.1"])
    with FaultProxy(moto.url, moto.ca_file, str(cert), str(key)) as faults:
        kek, auth = {**option["kek"], "url": faults.url}, {**option["auth"], "ca_file": str(ca.cert_path)}
        yield {**option, "kek": kek, "auth": auth}, faults


def refuse(faults: FaultProxy, operation: str, code: str, status: int, text: str) -> None:
    faults.add(
        mode="status",
        operation=f"*{operation}*",
        times=0,
        status=status,
        headers={"Content-Type": "application/x-amz-json-1.1"},
        body=json.dumps({"__type": code, "message": text}),
    )


@pytest.mark.parametrize("state", list(REFUSALS))
def test_a_key_that_its_owner_has_switched_off_is_sealed_and_the_mend_is_named(
    request: pytest.FixtureRequest, tmp_path: Path, state: str
) -> None:
    with proxied(request, tmp_path) as (option, faults):
        opened(option).put("acme", {"n": 1})
        refuse(faults, "Decrypt", *REFUSALS[state])
        for call in (lambda: opened(option).get("acme"), lambda: opened(option).put("acme", {"n": 2})):
            with pytest.raises(SecretStoreError, match="aws kms enable-key.*aws kms cancel-key-deletion") as caught:
                call()
            assert caught.value.kind == "sealed"
        faults.reset()
        assert opened(option).get("acme") == {"n": 1}


def test_a_key_that_is_switched_off_takes_no_new_file(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with proxied(request, tmp_path) as (option, faults):
        refuse(faults, "Encrypt", *REFUSALS["disabled"])
        with pytest.raises(SecretStoreError, match="enable the KMS key") as caught:
            opened(option).put("acme", {"n": 1})
        assert caught.value.kind == "sealed" and not Path(option["path"]).exists()


def test_who_may_not_use_the_key_is_locked_out_and_told_which_rights_it_takes(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    text = f"User: arn:aws:iam::123456789012:user/store is not authorized to perform: kms:Decrypt on resource: {ARN}"
    with proxied(request, tmp_path) as (option, faults):
        opened(option).put("acme", {"n": 1})
        refuse(faults, "Decrypt", "AccessDeniedException", 400, text)
        with pytest.raises(SecretStoreError, match="not authorized.*allow kms:Encrypt and kms:Decrypt") as caught:
            opened(option).get("acme")
    assert caught.value.kind == "locked"
