# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both servers share: arguments, configuration, call log, who may ask /_lab. Standard library only,
because ministack runs in an environment that holds nothing else of the lab's."""

from __future__ import annotations

import argparse
import collections
import ipaddress
import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_KNOWN = {"account", "region", "users", "buckets", "lab_token", "authority"} | {
    "security_groups",
    "prefix_lists",
    "network_acls",
    "quotas",
    "vpcs",
    "vpn_addresses",
}
_KEEP_CALLS = 20_000


@dataclass(frozen=True)
class User:
    name: str
    access_key_id: str
    secret_access_key: str
    status: str = "Active"
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    account: str = "123456789012"
    region: str = "eu-west-2"
    users: tuple[User, ...] = ()
    buckets: tuple[str, ...] = ()
    security_groups: tuple[dict[str, str], ...] = ()
    prefix_lists: tuple[dict[str, Any], ...] = ()
    network_acls: tuple[dict[str, str], ...] = ()
    quotas: dict[str, int] = field(default_factory=dict)
    vpcs: tuple[str, ...] = ()
    vpn_addresses: tuple[str, ...] = ()
    lab_token: str = ""
    authority: dict[str, str] | None = None


def load(path: str | None) -> Config:
    """Raises ValueError when the file says something that is not known."""
    data = json.loads(Path(path).read_text()) if path else {}
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        raise ValueError(f"unknown in {path}: {', '.join(unknown)}")
    users = tuple(User(**user) for user in data.get("users", ()))
    for user in users:
        if len(user.access_key_id) != 20 or not user.access_key_id.startswith("AKIA"):
            raise ValueError(f"user {user.name}: an access key id has 20 characters and begins with AKIA")
    named = ("buckets", "security_groups", "prefix_lists", "network_acls", "vpcs", "vpn_addresses")
    lists = {key: tuple(data.get(key, ())) for key in named}
    return Config(**{**data, "users": users, **lists})


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.clouds.aws")
    parser.add_argument("--which", choices=("moto", "ministack"), default="moto")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--config")
    return parser.parse_args(argv)


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


class CallLog:
    """The latest calls, oldest first; safe to use from several threads."""

    def __init__(self) -> None:
        self._calls: collections.deque[dict[str, Any]] = collections.deque(maxlen=_KEEP_CALLS)
        self._lock = threading.Lock()

    def add(self, method: str, path: str, action: str, source: str, status: int) -> None:
        call = {"method": method, "path": path, "action": action, "source": source, "status": status}
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    def as_json(self) -> bytes:
        with self._lock:
            return json.dumps(list(self._calls)).encode()


def may_ask_lab(source: str, host: str) -> bool:
    """/_lab is for loopback and the server's own network (a /24 in the lab)."""
    address = ipaddress.ip_address(source)
    if address.is_loopback:
        return True
    own = ipaddress.ip_address(host)
    return not own.is_unspecified and address in ipaddress.ip_network(f"{own}/24", strict=False)


def scope_of(authorization: str) -> tuple[str, str, str]:
    """(access key id, region, service) of a SigV4 Authorization header; empty strings when it is none."""
    _head, _equals, rest = authorization.partition("Credential=")
    parts = rest.partition(",")[0].strip().split("/")
    return (parts[0], parts[2], parts[3]) if len(parts) >= 5 else ("", "", "")


def action_of(query: str, body: bytes, headers: dict[str, str]) -> str:
    """The API operation as far as a call names it (Query protocol and JSON protocols)."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    text = query
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        text += "&" + body.decode("utf-8", "replace")
    return next((pair[7:] for pair in text.split("&") if pair.startswith("Action=")), "")
