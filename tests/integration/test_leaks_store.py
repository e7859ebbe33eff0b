# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What opens a secret store or its key is in nothing that a loud run prints or leaves behind, right or wrong.

The PIN of a PKCS#11 token, a Vault token, the secret id of an AppRole, and the content of a key file: each of them
opens the store once, and a wrong one of its kind is refused once.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from tests.support.openbao import MOUNT, OpenBao
from tests.support.playbook import Run, left_behind, run_playbook
from tests.support.servers import StartServer
from tests.support.softhsm import make_token

LOUD = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
Option = dict[str, Any]


@dataclass
class Opened:
    """A store that opens, the same with a wrong secret, every secret in between, and the environment it takes."""

    right: Option
    wrong: Option
    hidden: list[str]
    env: dict[str, str] = field(default_factory=dict)


def private(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def encrypted_file(path: Path, **more: Any) -> Option:
    return {"type": "encrypted_file", "path": str(path), **more}


def key_file(hidden: Path, site: Path, _start: StartServer) -> Opened:
    keys = [os.urandom(32) for _unused in range(2)]
    texts = [base64.b64encode(key).decode() for key in keys]
    files = [private(hidden, f"key-{n}", text) for n, text in enumerate(texts)]
    right, wrong = (encrypted_file(site / "s.json", auth={"key_file": path}) for path in files)
    return Opened(right, wrong, [*texts, *(key.hex() for key in keys)])


def pkcs11_pin(hidden: Path, site: Path, _start: StartServer) -> Opened:
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


def openbao(hidden: Path, start: StartServer) -> OpenBao:
    secrets_file = hidden / "openbao.json"
    config = {"mount": MOUNT, "secrets_file": str(secrets_file)}
    return OpenBao(start("openbao", config, hidden / "server", module="lab.openbao"), secrets_file)


def vault(bao: OpenBao, *auths: Option) -> list[Option]:
    base = {"type": "vault", "url": bao.server.url, "path": f"{MOUNT}/leaks"}
    return [{**base, "auth": {**auth, "ca_file": bao.server.ca_file}} for auth in auths]


def vault_token(hidden: Path, _site: Path, start: StartServer) -> Opened:
    bao = openbao(hidden, start)
    tokens = [bao.secrets["token"], f"s.canary{secrets.token_hex(12)}"]
    files = [private(hidden, f"token-{n}", token) for n, token in enumerate(tokens)]
    return Opened(*vault(bao, *({"token_file": path} for path in files)), tokens)


def vault_secret_id(hidden: Path, _site: Path, start: StartServer) -> Opened:
    bao = openbao(hidden, start)
    ids = [bao.secrets["secret_id"], f"canary-{secrets.token_hex(12)}"]
    files = [private(hidden, f"secret-id-{n}", secret_id) for n, secret_id in enumerate(ids)]
    return Opened(*vault(bao, *({"role_id": bao.secrets["role_id"], "secret_id_file": path} for path in files)), ids)


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


def play(opened: Opened, site: Path) -> Run:
    playbook = site / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks(opened)}]))
    env = {**LOUD, **opened.env, "ANSIBLE_LOG_PATH": str(site / "ansible.log")}
    return run_playbook(str(playbook), site, "-i", "localhost,", "-c", "local", "-vvvv", "--diff", env=env)


@pytest.mark.parametrize(
    "make", [key_file, pkcs11_pin, vault_token, vault_secret_id], ids=["key file", "PIN", "token", "secret id"]
)
def test_what_opens_the_store_is_nowhere(make: Any, lab_server: StartServer, tmp_path: Path) -> None:
    hidden, site = tmp_path / "private", tmp_path / "site"
    hidden.mkdir(mode=0o700)
    site.mkdir()
    opened: Opened = make(hidden, site, lab_server)
    run = play(opened, site)
    assert run.status == 0 and "failed=0" in run.output and "ignored=3" in run.output, run.output[-3000:]
    known = {spelling for secret in opened.hidden for spelling in spellings(secret)}
    assert not [text for text in known if text in run.output]
    assert not [line for line in run.command_lines if any(text in line for text in known)]
    for path, content in left_behind(site):
        assert not [text for text in known if text.encode() in content], path
