# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the server and ends it on SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from .store import Store
from .web import Server


def main() -> int:
    folder = Path(os.environ.get("BOARD_DATA", "data"))
    address = (os.environ.get("BOARD_HOST", "127.0.0.1"), int(os.environ.get("BOARD_PORT", "8080")))
    version = Path(__file__).resolve().parent.parent.joinpath("VERSION").read_text(encoding="utf-8").strip()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Server(address, Store(folder / "board.sqlite"), version) as server:
        print(f"board {version} listens on http://{address[0]}:{server.server_address[1]}", flush=True)
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
