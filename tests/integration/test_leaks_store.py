# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What opens a secret store or its key is in nothing that a loud run prints or leaves behind, right or wrong.

The PIN of a PKCS#11 token, a Vault token, the secret id of an AppRole, and the content of a key file: each of them
opens the store once, and a wrong one of its kind is refused once.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.leaks import assert_nothing_leaked, run_tasks
from tests.support.openbao import MOUNT, OpenBao, vault_option
from tests.support.servers import StartServer
from tests.support.softhsm import make_token

Option = dict[str, Any]


@dataclass
class Opened:
    """A store that opens, the same with a wrong secret, every secret in between, and the environment it takes."""

    right: Option
    wrong: Option
    hidden: list[str]
    env: dict[str, str] = field(default_factory=dict)


#: Gives the server that those share who need it; nobody else waits for its start.
StartBao = Callable[[], OpenBao]
Make = Callable[[Path, Path, StartBao], Opened]


def private(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def encrypted_file(path: Path, **more: Any) -> Option:
    return {"type": "encrypted_file", "path": str(path), **more}


def key_file(hidden: Path, site: Path, _start: StartBao) -> Opened:
    keys = [os.urandom(32) for _unused in range(2)]
    texts = [base64.b64encode(key).decode() for key in keys]
    files = [private(hidden, f"key-{n}", text) for n, text in enumerate(texts)]
    right, wrong = (encrypted_file(site / "s.json", auth={"key_file": path}) for path in files)
    return Opened(right, wrong, [*texts, *(key.hex() for key in keys)])


def pkcs11_pin(hidden: Path, site: Path, _start: StartBao) -> Opened:
    token = make_token(hidden)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(token.config))
        token.add_key("kek")
    wrong = str(secrets.randbelow(10**8) + 2 * 10**8)
    right = token.option(hidden)
    other = {**right, "auth": {"pin_file": private(hidden, "wrong-pin", wrong)}}
    path = site / "s.json"
    env = {"SOFTHSM2_CONF": str(token.config)}
    return Opened(encrypted_file(path, **right), encrypted_file(path, **other), [token.pin, wrong], env)


def vault(bao: OpenBao, hidden: Path, *auths: Option) -> list[Option]:
    base = vault_option(bao, hidden)
    return [{**base, "auth": {**auth, "ca_file": bao.server.ca_file}} for auth in auths]


def vault_token(hidden: Path, _site: Path, start: StartBao) -> Opened:
    bao = start()
    tokens = [bao.secrets["token"], f"s.canary{secrets.token_hex(12)}"]
    files = [private(hidden, f"token-{n}", token) for n, token in enumerate(tokens)]
    return Opened(*vault(bao, hidden, *({"token_file": path} for path in files)), tokens)


def vault_secret_id(hidden: Path, _site: Path, start: StartBao) -> Opened:
    bao = start()
    ids = [bao.secrets["secret_id"], f"canary-{secrets.token_hex(12)}"]
    files = [private(hidden, f"secret-id-{n}", secret_id) for n, secret_id in enumerate(ids)]
    role = {"role_id": bao.secrets["role_id"]}
    return Opened(*vault(bao, hidden, *({**role, "secret_id_file": path} for path in files)), ids)


def tasks(opened: Opened) -> list[dict[str, Any]]:
    """Return tasks that write, read and look up with the right secret, then fail with the wrong one."""
    made = []
    for store, failing in ((opened.right, False), (opened.wrong, True)):
        given = {"register": "seen", "ignore_errors": failing}
        made += [
            {"strategic.service_store.vpn_psk": {"name": "tunnel", "secret_store": store}, **given},
            {"strategic.service_store.cloud_credential_info": {"secret_store": store}, **given},
            {
                "ansible.builtin.assert": {"that": "lookup('strategic.service_store.credential', 'tunnel.psk') != ''"},
                "vars": {"service_store_secret_store": store},
                **given,
            },
            {"ansible.builtin.debug": {"var": "seen"}},
        ]
    return made


@pytest.fixture(scope="module")
def bao(module_lab_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> OpenBao:
    folder = tmp_path_factory.mktemp("openbao")
    config = {"mount": MOUNT, "secrets_file": str(folder / "openbao.json")}
    return OpenBao(module_lab_server("openbao", config, folder, module="lab.openbao"), folder / "openbao.json")


@pytest.mark.parametrize(
    "make", [key_file, pkcs11_pin, vault_token, vault_secret_id], ids=["key file", "PIN", "token", "secret id"]
)
def test_what_opens_the_store_is_nowhere(make: Make, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    hidden, site = tmp_path / "private", tmp_path / "site"
    hidden.mkdir(mode=0o700)
    site.mkdir()
    opened = make(hidden, site, lambda: request.getfixturevalue("bao"))
    run = run_tasks(tasks(opened), site, **opened.env)
    assert run.status == 0 and "failed=0" in run.output and "ignored=3" in run.output, run.output[-3000:]
    assert_nothing_leaked(site, [run], opened.hidden)
