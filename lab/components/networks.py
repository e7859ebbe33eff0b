# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's networks, with fixed subnets; anything that has one of them already is a clear error."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .. import isolation
from ..context import Context
from ..errors import LabError
from ..machine import check_machine
from ..podman import Podman
from ..topology import NETWORKS, Network
from .base import Component, Status

_LABEL = "service-store.lab"


@dataclass(frozen=True)
class Taken:
    """A subnet that is in use on this machine, and by what."""

    subnet: str
    by: str


def find_clash(networks: Iterable[Network], taken: Iterable[Taken]) -> str | None:
    """Why these networks cannot be made; None when nothing overlaps."""
    used = [(ipaddress.ip_network(item.subnet, strict=False), item.by) for item in taken]
    for network in networks:
        wanted = ipaddress.ip_network(network.subnet)
        for subnet, by in used:
            if subnet.version == wanted.version and subnet.prefixlen > 0 and subnet.overlaps(wanted):
                return (
                    f"network {network.name} needs {wanted}, but {by} has {subnet} on this machine; "
                    f"remove that, or run the lab on another machine"
                )
    return None


def _machine_routes() -> list[Taken]:
    done = subprocess.run(
        ["ip", "-4", "-json", "route", "show", "table", "main"], capture_output=True, text=True, check=True
    )
    return [
        Taken(row["dst"], f"interface {row.get('dev', '?')}")
        for row in json.loads(done.stdout or "[]")
        if row.get("dst", "default") != "default"
    ]


def _existing(podman: Podman) -> dict[str, dict[str, Any]]:
    names = [row["name"] for row in podman.json("network", "ls", "--format", "json")]
    return {row["name"]: row for row in podman.json("network", "inspect", *names)} if names else {}


def _subnets(row: dict[str, Any]) -> list[str]:
    return [item["subnet"] for item in row.get("subnets") or []]


def _is_ours(row: dict[str, Any], podman: Podman) -> bool:
    key, _equals, value = podman.label.partition("=")
    return bool((row.get("labels") or {}).get(key) == value)


def refuse_foreign(network: Network, row: dict[str, Any], podman: Podman) -> None:
    """Raises LabError when the network of that name is somebody else's."""
    if _is_ours(row, podman):
        return
    other = (row.get("labels") or {}).get(_LABEL)
    if other:
        raise LabError(
            f"another lab is up on this machine, in {other}; use that one (LAB_DIR={other}), or take it "
            f"down first:\n    LAB_DIR={other} python -m lab down"
        )
    raise LabError(
        f"podman has a network {network.name} that the lab did not make; remove it first:\n"
        f"    podman network rm {network.name}"
    )


def _make(podman: Podman, network: Network) -> None:
    options = ["--internal"] if network.internal else []
    podman.run(
        "network",
        "create",
        "--driver",
        "bridge",
        "--disable-dns",
        "--subnet",
        network.subnet,
        "--gateway",
        network.bridge_address,
        "--label",
        podman.label,
        *options,
        network.name,
    )


def _internal_bridges(existing: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {n.name: str(existing[n.name]["network_interface"]) for n in NETWORKS if n.internal}


def up(ctx: Context) -> dict[str, Any]:
    check_machine()
    ctx.podman.check()
    existing = _existing(ctx.podman)
    missing = [network for network in NETWORKS if network.name not in existing]
    for network in NETWORKS:
        if network not in missing:
            refuse_foreign(network, existing[network.name], ctx.podman)
    others = [
        Taken(subnet, f"podman network {name}")
        for name, row in existing.items()
        if not _is_ours(row, ctx.podman)
        for subnet in _subnets(row)
    ]
    bridges = {row.get("network_interface") for row in existing.values() if _is_ours(row, ctx.podman)}
    routes = [t for t in _machine_routes() if t.by.removeprefix("interface ") not in bridges]
    clash = find_clash(missing, [*others, *routes])
    if clash:
        raise LabError(clash)
    for network in missing:
        _make(ctx.podman, network)
    isolation.close(_internal_bridges(_existing(ctx.podman)))
    return {network.name: network.subnet for network in NETWORKS}


def down(ctx: Context) -> None:
    # By label, not by name: a lab of an older version may have had others.
    ours = [name for name, row in _existing(ctx.podman).items() if _is_ours(row, ctx.podman)]
    if ours:
        isolation.remove()
        ctx.podman.run("network", "rm", "--force", *ours)


def status(ctx: Context) -> Status:
    existing = _existing(ctx.podman)
    lost = [n.name for n in NETWORKS if n.name not in existing or not _is_ours(existing[n.name], ctx.podman)]
    if lost:
        return Status(False, f"missing: {', '.join(lost)}")
    if not isolation.is_closed(_internal_bridges(existing)):
        return Status(False, "the internal networks are not kept apart (the packet filter's table is gone)")
    return Status(True, f"{len(NETWORKS)} networks, the internal ones kept apart")


COMPONENT = Component("networks", (), up, down, status)
