# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container whose network namespace the public cloud servers live in.

They are processes of the machine, with the machine's Python packages, but they have addresses of the
public network and see who really calls them.
"""

from __future__ import annotations

import subprocess
from typing import Any

from .. import image
from ..context import Context
from ..errors import LabError
from ..podman import remove_containers
from ..topology import CLOUD_SERVERS, CLOUDS_CONTAINER, PUBLIC
from .base import Component, Status

_ADDRESSES = [server.ip for server in CLOUD_SERVERS]


def _have(pid: int) -> set[str]:
    done = subprocess.run(
        ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-4", "-o", "addr", "show", "dev", "eth0"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {line.split()[3].partition("/")[0] for line in done.stdout.splitlines()}


def _add(pid: int, address: str) -> None:
    length = PUBLIC.subnet.partition("/")[2]
    done = subprocess.run(
        ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "addr", "add", f"{address}/{length}", "dev", "eth0"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"the clouds' address {address} could not be set: {done.stderr.strip()}")


def up(ctx: Context) -> dict[str, Any]:
    image_name = image.ensure(ctx.podman, ctx.progress, ctx.log / "image.log")
    row = ctx.podman.containers().get(CLOUDS_CONTAINER)
    if row is None or row["State"] != "running":
        if row is not None:
            remove_containers(ctx.podman, [CLOUDS_CONTAINER])
        ctx.podman.run(
            "run",
            "--detach",
            "--name",
            CLOUDS_CONTAINER,
            "--label",
            ctx.podman.label,
            "--hostname",
            "clouds",
            "--stop-signal",
            "SIGKILL",
            "--network",
            f"{PUBLIC.name}:ip={_ADDRESSES[0]},interface_name=eth0",
            image_name,
            "sleep",
            "infinity",
        )
    pid = ctx.clouds_netns()
    for address in _ADDRESSES:
        if address not in _have(pid):
            _add(pid, address)
    return {"container": CLOUDS_CONTAINER, "addresses": _ADDRESSES}


def down(ctx: Context) -> None:
    if CLOUDS_CONTAINER in ctx.podman.containers():
        remove_containers(ctx.podman, [CLOUDS_CONTAINER])


def status(ctx: Context) -> Status:
    pid = ctx.podman.pid(CLOUDS_CONTAINER)
    if not pid:
        return Status(False, f"container {CLOUDS_CONTAINER} does not run")
    lost = set(_ADDRESSES) - _have(pid)
    return Status(not lost, f"without address {', '.join(sorted(lost))}" if lost else f"{len(_ADDRESSES)} addresses")


COMPONENT = Component("clouds", ("networks",), up, down, status)
