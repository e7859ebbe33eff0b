# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that end with the measuring, and the calls that came in at them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.ca import issue, make_ca
from lab.faults import FaultProxy
from tests.support.servers import LabServer, StartServer, start_server


def starter(stack: contextlib.ExitStack, folder: Path) -> StartServer:
    """Return what starts a server that ends with the stack; its files are below ``folder``."""

    def start(name: str, config: Mapping[str, Any] | None = None, tmp: Path | None = None, **more: Any) -> LabServer:
        server = start_server(name, config, tmp or folder / name, **more)
        stack.callback(server.stop)
        return server

    return start


def counted(stack: contextlib.ExitStack, server: LabServer, url: str = "") -> FaultProxy:
    """Return the lab's proxy before the server, or before another address of it: it counts what comes in."""
    cert, key = issue(make_ca(Path(server.ca_file).parent), ["localhost"], ["127.0.0.1"])
    return stack.enter_context(FaultProxy(url or server.url, server.ca_file, str(cert), str(key)))


def logged(server: LabServer) -> list[str]:
    """Return the names of the calls that the server itself has noted."""
    return [str(call.get("action") or call.get("command") or _named(call)) for call in server.calls()]


def _named(call: Mapping[str, Any]) -> str:
    return f"{call['method']} {call['path']}"
