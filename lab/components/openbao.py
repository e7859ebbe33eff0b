# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's OpenBao, on this machine's loopback; its unseal key and tokens are in secrets/openbao.json."""

from __future__ import annotations

import shutil
import socket
import sys
from typing import Any

from ..context import Context
from ..errors import LabError
from ..openbao import Client, OpenBaoError
from ..topology import OPENBAO_HOST, OPENBAO_PORT
from . import servers
from .base import Component, Status

NAME, MOUNT = "openbao", "service-store"
URL = f"https://{OPENBAO_HOST}:{OPENBAO_PORT}"


def refuse_taken(host: str, port: int) -> None:
    """Raises LabError when something that is not the lab's listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LabError(
                f"{host}:{port} is taken by another program, and the lab's OpenBao needs it; find it with:\n"
                f"    ss -ltnp 'sport = :{port}'"
            ) from error


def up(ctx: Context) -> dict[str, Any]:
    storage = ctx.folder / "openbao"
    path, _changed = servers.write_config(
        ctx, NAME, {"mount": MOUNT, "secrets_file": str(ctx.secrets / "openbao.json"), "storage": str(storage)}
    )
    if not status(ctx).ok:
        ctx.service(NAME).stop()
        for port in (OPENBAO_PORT, OPENBAO_PORT + 1):
            refuse_taken(OPENBAO_HOST, port)
        ctx.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        cert, key = ctx.certificate(["localhost"], [OPENBAO_HOST])
        ctx.service(NAME).start_until_ready(
            [
                sys.executable,
                "-m",
                "lab.openbao",
                "--host",
                OPENBAO_HOST,
                "--port",
                str(OPENBAO_PORT),
                "--cert",
                str(cert),
                "--key",
                str(key),
                "--config",
                str(path),
            ],
            env=ctx.python_environment(),
        )
    return {"url": URL, "mount": MOUNT, "secrets": str(ctx.secrets / "openbao.json")}


def down(ctx: Context) -> None:
    ctx.service(NAME).stop()
    shutil.rmtree(ctx.folder / "openbao", ignore_errors=True)


def status(ctx: Context) -> Status:
    service = ctx.service(NAME)
    if service.pid() is None:
        return Status(False, f"has died; its log is {service.log}" if service.has_died() else "does not run")
    try:
        sealed = Client(URL, str(ctx.ca_file)).call("GET", "sys/seal-status")["sealed"]
    except OpenBaoError as error:
        return Status(False, str(error))
    return Status(not sealed, f"sealed at {URL}" if sealed else URL)


COMPONENT = Component("openbao", (), up, down, status)
