# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret stores full of credentials: an encrypted file, and OpenBao behind the proxy that counts."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from lab.faults import FaultProxy
from tests.contract.stores import write_key
from tests.support.openbao import MOUNT, OpenBao, vault_option

from .credential_clouds import Peer
from .servers import counted, starter

Option = dict[str, Any]


@dataclass(frozen=True)
class Vault:
    """OpenBao with records in it."""

    option: Option
    faults: FaultProxy
    peer: Peer


def names(many: int) -> list[str]:
    """The names under which the credentials are kept."""
    return [f"account-{number:04}" for number in range(many)]


def fill(option: Option, provider: str, secrets: Sequence[Mapping[str, str]]) -> None:
    """Put the credentials into the store, registered forty days ago."""
    store = open_store(option, lambda *values: None)
    then = written(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=40))
    for name, secret in zip(names(len(secrets)), secrets, strict=True):
        credential = replace(parse(name, provider, secret), meta={"registered_at": then})
        store.put(name, credential.record())


def encrypted_file(folder: Path) -> Option:
    """Return the option for a new encrypted file."""
    folder.mkdir(parents=True, exist_ok=True)
    key = write_key(folder / "key")
    return {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}


def vault(stack: contextlib.ExitStack, folder: Path, provider: str, secrets: Sequence[Mapping[str, str]]) -> Vault:
    """Start OpenBao and fill a folder of it."""
    folder.mkdir(parents=True, exist_ok=True)
    secrets_file = folder / "secrets.json"
    config = {"mount": MOUNT, "secrets_file": str(secrets_file)}
    bao = OpenBao(starter(stack, folder)("openbao", config, module="lab.openbao"), secrets_file)
    faults = counted(stack, bao.server)
    option = {**vault_option(bao, folder), "url": faults.url}
    fill(option, provider, secrets)
    faults.reset()
    path = option["path"].removeprefix(f"{MOUNT}/")
    items = [
        {
            "url": faults.url,
            "engine_mount_point": MOUNT,
            "path": f"{path}/{name}",
            "token": bao.secrets["token"],
            "auth_method": "token",
            "ca_cert": bao.server.ca_file,
        }
        for name in names(len(secrets))
    ]
    return Vault(option, faults, Peer("community.hashi_vault.vault_kv2_get", items))
