# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the server: prints `ready https://HOST:PORT` once it accepts connections, ends on SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType

from .server import Server


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _root(options: argparse.Namespace) -> Path:
    named = options.root or (json.loads(Path(options.config).read_text())["root"] if options.config else None)
    if named is None or not Path(named).is_dir():
        raise ValueError(f"--root {named} is no folder")
    return Path(named).resolve()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="git", description="Bare git repositories over https, for reading")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--root")
    parser.add_argument("--config")
    options = parser.parse_args(argv)
    try:
        root = _root(options)
    except (OSError, ValueError, KeyError) as error:
        print(f"git: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _stop)
    with Server((options.host, options.port), root, options.cert, options.key) as server:
        print(f"ready https://{options.host}:{server.server_address[1]}", flush=True)
        server.serve_forever(poll_interval=0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
