# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the components that run one of the lab's own servers share."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..ca import write_private
from ..context import Context
from ..topology import CloudServer
from .base import Status


def write_config(ctx: Context, name: str, config: Mapping[str, Any]) -> tuple[Path, bool]:
    """The server's configuration file (it holds keys, so mode 0600), and whether it is new or changed."""
    path = ctx.run / f"{name}.json"
    text = json.dumps(config, indent=2, sort_keys=True).encode()
    ctx.run.mkdir(parents=True, exist_ok=True)
    changed = not path.exists() or hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(text).digest()
    if changed:
        write_private(path, text)
    return path, changed


def start(
    ctx: Context, server: CloudServer, module: str, config: Mapping[str, Any], arguments: Sequence[str] = ()
) -> None:
    """Runs ``python -m MODULE`` at the server's address in the clouds' network namespace.

    A server that runs with this configuration is left alone: it holds state that somebody may be using.
    """
    path, changed = write_config(ctx, server.name, config)
    service = ctx.service(server.name)
    if changed or service.pid() is None or not answers(ctx, server):
        service.stop()
        cert, key = ctx.certificate([server.dns_name], [server.ip])
        command = [
            sys.executable,
            "-m",
            module,
            "--host",
            server.ip,
            "--port",
            str(server.port),
            "--cert",
            str(cert),
            "--key",
            str(key),
            "--config",
            str(path),
            *arguments,
        ]
        service.start_until_ready(command, netns=ctx.clouds_netns(), env=ctx.python_environment(), cwd=ctx.run)


def answers(ctx: Context, server: CloudServer) -> bool:
    """Whether a TLS handshake with the lab's CA succeeds at the server's address."""
    context = ssl.create_default_context(cafile=str(ctx.ca_file))
    try:
        with (
            socket.create_connection((server.ip, server.port), timeout=30) as plain,
            context.wrap_socket(plain, server_hostname=server.ip),
        ):
            return True
    except OSError:
        return False


def status(ctx: Context, *servers: CloudServer) -> Status:
    for server in servers:
        service = ctx.service(server.name)
        if service.pid() is None:
            died = f"has died; its log is {service.log}" if service.has_died() else "does not run"
            return Status(False, f"{server.name} {died}")
        if not answers(ctx, server):
            return Status(False, f"{server.name} runs but does not answer at {server.url}; its log is {service.log}")
    return Status(True, ", ".join(server.url for server in servers))
