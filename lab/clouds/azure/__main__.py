# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab.clouds.azure`; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from lab.clouds.azure.server import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.clouds.azure", description="Azure emulator over TLS")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--cert", required=True, help="certificate chain, PEM")
    parser.add_argument("--key", required=True, help="private key, PEM")
    parser.add_argument("--config", help="JSON file; see the package's docstring")
    options = parser.parse_args()
    config = json.loads(Path(options.config).read_text("utf-8")) if options.config else {}
    server = serve(options.host, options.port, options.cert, options.key, config)
    # shutdown() waits for the serving loop, so it must not run on the loop's own thread.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"ready https://{options.host}:{server.server_address[1]}", flush=True)
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
