# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret that is handed over, taken over or refused as weak is in nothing that a loud run prints or leaves behind."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization as serial
from cryptography.hazmat.primitives.asymmetric import x25519

from tests.support.leaks import assert_nothing_leaked, run_tasks

CANARY = "Qx7canary9Lw2Rk5Tz8Vn3Bm6Hs4Jd1Gp"
WEAK = "canary-canary-canary-canary-canary"
BOUND = {"customer": "globex", "account": "globex-vpn", "purpose": "psk"}


def private(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o600)
    return str(path)


def task(module: str, **arguments: Any) -> dict[str, Any]:
    failing = arguments.pop("failing", False)
    return {f"strategic.service_store.{module}": arguments, "register": "seen", "ignore_errors": failing}


def test_a_hand_over_leaves_no_secret(tmp_path: Path) -> None:
    hidden, folder = tmp_path / "private", tmp_path / "site"
    hidden.mkdir(mode=0o700)
    folder.mkdir()
    key = x25519.X25519PrivateKey.generate()
    pem = key.private_bytes(serial.Encoding.PEM, serial.PrivateFormat.PKCS8, serial.NoEncryption())
    key_file = private(hidden, "handover.key", pem)
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    store = {
        "type": "encrypted_file",
        "path": str(folder / "s.json"),
        "auth": {"key_file": private(hidden, "store.key", base64.b64encode(os.urandom(32)))},
    }
    taken = {"file": private(hidden, "psk", CANARY.encode())}
    weak = {"file": private(hidden, "weak", WEAK.encode())}
    path = str(folder / "bundle")
    tasks = [
        task("vpn_psk", name="tunnel", secret_from=taken, secret_store=store),
        task("vpn_psk", name="other", secret_from=weak, secret_store=store, failing=True),
        task(
            "secret_handover", name="tunnel", path=path, recipient={"public_key": public}, secret_store=store, **BOUND
        ),
        task("secret_handover", state="opened", name="copy", path=path, key_file=key_file, secret_store=store, **BOUND),
        task(
            "secret_handover",
            **{**BOUND, "account": "other"},
            state="opened",
            name="more",
            path=path,
            key_file=key_file,
            secret_store=store,
            failing=True,
        ),
        {"ansible.builtin.debug": {"var": "seen"}},
    ]
    run = run_tasks(tasks, folder)
    assert run.status == 0 and "failed=0" in run.output and "ignored=2" in run.output, run.output[-3000:]
    assert_nothing_leaked(folder, [run], [CANARY, WEAK, pem.decode()])
