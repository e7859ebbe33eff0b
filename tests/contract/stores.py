# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty secret store of each kind, and what a test can do to the server or key behind it."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.secret_store import barbican as barbican_store
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.barbican import Barbican
from tests.support.openbao import OpenBao, vault_option
from tests.support.servers import LabServer
from tests.support.skipping import Skipping
from tests.support.softhsm import make_token

from .accounts.aws import CONFIG, REGION, SECRET

Option = dict[str, Any]
#: Nothing listens there.
NOWHERE = "https://127.0.0.1:9"
TRANSIT_POLICY = "service-store-transit"
#: What the store calls, and nothing else; the documentation names the same.
NEEDED = [
    "secretsmanager:GetSecretValue",
    "secretsmanager:CreateSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:DeleteSecret",
    "secretsmanager:ListSecrets",
    "kms:Encrypt",
    "kms:Decrypt",
]
_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": NEEDED, "Resource": "*"}]}
STORE_KEY = {"access_key_id": "AKIASECRETSTORE00001", "secret_access_key": "store/Secret+Access/Key0123456789abcdef0"}
AWS_CONFIG = {
    **CONFIG,
    "security_groups": [],
    "users": [*CONFIG["users"], {"name": "store", **STORE_KEY, "status": "Active", "policies": {"store": _POLICY}}],
}


@dataclass
class Backend:
    """``option`` opens the store. The others change it, or are None where there is no such failure.

    ``hurry`` lets the store's waits for dead writers take no time. Living writers need them to keep apart.
    """

    option: Option
    locked_out: Callable[[], None]
    down: Callable[[], Option] | None = None
    sealed: Callable[[], Any] | None = None
    hurry: Callable[[], None] = lambda: None

    def open(self, option: Option | None = None) -> Any:
        """Open the store, as another process would."""
        return open_store(option or self.option, lambda *values: None)


def write_key(path: Path) -> Path:
    """Write a new key file."""
    path.write_bytes(base64.b64encode(os.urandom(32)))
    path.chmod(0o600)
    return path


def with_url(option: Option, *where: str) -> Callable[[], Option]:
    """Return the option with the address of nobody; ``where`` is the path to the dict that holds it."""

    def changed() -> Option:
        copy: Option = {**option, **{name: {**option[name]} for name in where}}
        inner = copy[where[0]] if where else copy
        inner["url"] = NOWHERE
        return copy

    return changed


def key_file(request: pytest.FixtureRequest, folder: Path) -> Backend:
    key = write_key(folder / "key")
    option = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}
    return Backend(option, lambda: write_key(key) and None)


def pkcs11(request: pytest.FixtureRequest, folder: Path) -> Backend:
    token = make_token(folder)
    request.getfixturevalue("monkeypatch").setenv("SOFTHSM2_CONF", str(token.config))
    token.add_key("kek")
    option = {"type": "encrypted_file", "path": str(folder / "s.json"), **token.option(folder)}
    absent = {**option, "kek": {**option["kek"], "token_label": "another"}}
    return Backend(option, lambda: _write(folder / "pin", "0000"), down=lambda: absent)


def transit(request: pytest.FixtureRequest, folder: Path) -> Backend:
    bao: OpenBao = request.getfixturevalue("openbao")
    name = f"kek-{uuid.uuid4().hex[:8]}"
    option = {"type": "encrypted_file", "path": str(folder / "s.json"), **transit_option(bao, folder, name)}
    return Backend(
        option,
        lambda: _write(folder / "token", "s.unknown"),
        with_url(option, "kek"),
        lambda: _sealed(bao),
    )


def transit_option(bao: OpenBao, folder: Path, name: str) -> Option:
    """Make a transit key and return ``kek`` and ``auth`` with a token that may use it and nothing else."""
    root = bao.root()
    if "transit/" not in root.call("GET", "sys/mounts")["data"]:
        root.call("POST", "sys/mounts/transit", {"type": "transit"})
    root.call("POST", f"transit/keys/{name}", {})
    rules = "".join(f'path "transit/{op}/{name}" {{ capabilities = ["update"] }}\n' for op in ("encrypt", "decrypt"))
    rules += f'path "transit/keys/{name}" {{ capabilities = ["read"] }}\n'
    root.call("PUT", f"sys/policies/acl/{TRANSIT_POLICY}-{name}", {"policy": rules})
    made = root.call("POST", "auth/token/create-orphan", {"policies": [f"{TRANSIT_POLICY}-{name}"]})
    _write(folder / "token", made["auth"]["client_token"])
    kek = {"type": "vault_transit", "url": bao.server.url, "key": name}
    return {"kek": kek, "auth": {"token_file": str(folder / "token"), "ca_file": bao.server.ca_file}}


def kms(request: pytest.FixtureRequest, folder: Path) -> Backend:
    server: LabServer = request.getfixturevalue("moto")
    client = aws_client(server, "kms")
    key = client.create_key()["KeyMetadata"]["KeyId"]
    kek = {"type": "aws_kms", "key": key, "region": REGION, "url": server.url}
    option = {"type": "encrypted_file", "path": str(folder / "s.json"), "kek": kek, "auth": aws_auth(server, folder)}

    # moto goes on decrypting with a key that is disabled, so nothing can be sealed here.
    return Backend(option, lambda: aws_credentials(folder / "aws", "x" * 40), with_url(option, "kek"))


def vault(request: pytest.FixtureRequest, folder: Path) -> Backend:
    bao: OpenBao = request.getfixturevalue("openbao")
    option = vault_option(bao, folder)
    return Backend(option, lambda: _write(folder / "token", "s.unknown"), with_url(option), lambda: _sealed(bao))


def secrets_manager(request: pytest.FixtureRequest, folder: Path) -> Backend:
    server: LabServer = request.getfixturevalue("moto")
    auth = aws_auth(server, folder)
    option = {
        "type": "aws_secrets_manager",
        "path": f"lab/{uuid.uuid4().hex}",
        "region": REGION,
        "url": server.url,
        "auth": auth,
    }
    return Backend(option, lambda: aws_credentials(folder / "aws", "x" * 40), with_url(option))


def barbican(request: pytest.FixtureRequest, folder: Path) -> Backend:
    server: Barbican = request.getfixturevalue("barbican_server")
    option = server.option(folder)
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    return Backend(
        option,
        lambda: server.write_credential(folder / "credential", "another"),
        with_url(option),
        hurry=lambda: patch.setattr(barbican_store, "time", Skipping(factor=5.0)),
    )


def aws_client(server: LabServer, service: str) -> Any:
    """Return a client of moto's that may do everything."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=server.url,
        verify=server.ca_file,
        aws_access_key_id=SECRET["access_key_id"],
        aws_secret_access_key=SECRET["secret_access_key"],
        config=Config(proxies={}),
    )


def aws_credentials(path: Path, secret: str = STORE_KEY["secret_access_key"]) -> None:
    """Write a shared credentials file."""
    lines = f"[default]\naws_access_key_id = {STORE_KEY['access_key_id']}\naws_secret_access_key = {secret}\n"
    _write(path, lines)


def aws_auth(server: LabServer, folder: Path) -> Option:
    aws_credentials(folder / "aws")
    return {"credentials_file": str(folder / "aws"), "ca_file": server.ca_file}


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


@contextmanager
def _sealed(bao: OpenBao) -> Iterator[None]:
    bao.root().call("PUT", "sys/seal")
    try:
        yield
    finally:
        bao.unseal()


#: Real services that take a while to start.
SLOW = {"barbican"}
#: Every store that can be written, by name. A file is one store for each kind of key-encryption key.
BACKENDS: dict[str, Callable[[pytest.FixtureRequest, Path], Backend]] = {
    "encrypted_file": key_file,
    "encrypted_file-pkcs11": pkcs11,
    "encrypted_file-vault_transit": transit,
    "encrypted_file-aws_kms": kms,
    "vault": vault,
    "aws_secrets_manager": secrets_manager,
    "barbican": barbican,
}
