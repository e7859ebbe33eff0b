# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the emulator: prints `ready https://HOST:PORT` once it accepts connections, ends on SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType

from .config import load
from .server import Server


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="cloudstack", description="An emulator of CloudStack's API")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--config")
    options = parser.parse_args(argv)
    try:
        config = load(options.config)
        config.fresh_store()
    except (OSError, ValueError, KeyError) as error:
        print(f"cloudstack: the configuration {options.config} cannot be used: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _stop)
    with Server((options.host, options.port), config, options.cert, options.key) as server:
        print(f"ready https://{options.host}:{server.server_address[1]}", flush=True)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
