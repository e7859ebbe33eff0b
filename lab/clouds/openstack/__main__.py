# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab.clouds.openstack`; see the package's docstring."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.clouds.openstack import environment
from lab.clouds.openstack.front import CallLog, Front, server_tls
from lab.clouds.openstack.plane import Plane
from lab.clouds.openstack.seed import Account, seed
from lab.errors import LabError
from lab.progress import Progress


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.clouds.openstack", description="Keystone and Neutron over TLS")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="of Keystone; 0 takes a free one")
    parser.add_argument("--neutron-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--cert", required=True, help="certificate chain, PEM")
    parser.add_argument("--key", required=True, help="private key, PEM")
    parser.add_argument("--config", help="JSON file; see the package's docstring")
    return parser.parse_args()


@contextlib.contextmanager
def _fronts(options: argparse.Namespace, sockets: Path) -> Iterator[tuple[Front, Front]]:
    """Both listeners, bound but silent: the catalog needs their ports before the services start."""
    tls, calls = server_tls(options.cert, options.key), CallLog()
    keystone = Front((options.host, options.port), "keystone", sockets / "keystone.sock", calls, tls)
    neutron = Front((options.host, options.neutron_port), "neutron", sockets / "neutron.sock", calls, tls)
    try:
        yield keystone, neutron
    finally:
        for front in (keystone, neutron):
            front.server_close()


def _serve(plane: Plane, accounts: list[dict[str, Any]], fronts: tuple[Front, Front], ended: threading.Event) -> None:
    def reset() -> None:
        plane.restore()
        fronts[0].calls.clear()

    for front in fronts:
        front.accounts, front.reset, front.report_vpn = accounts, reset, plane.report_vpn
        threading.Thread(target=front.serve_forever, args=(0.2,), daemon=True).start()
    print(f"ready {fronts[0].url}", flush=True)
    ended.wait()
    for front in fronts:
        front.shutdown()


def main() -> int:
    options = _options()
    config = json.loads(Path(options.config).read_text("utf-8")) if options.config else {}
    accounts = [Account.parse(raw) for raw in config.get("accounts", [{}])]
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    progress = Progress(sys.stderr)
    # A short path: those of unix sockets may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="lab-os-"))
    try:
        with _fronts(options, folder / "sockets") as fronts:
            plane = Plane(
                folder,
                folder / "sockets",
                folder / "log",
                environment.ensure(progress),
                fronts[0].url,
                fronts[1].url,
                progress,
            )
            try:
                plane.start()
                _serve(plane, seed(plane, accounts), fronts, ended)
            finally:
                plane.stop()
    except LabError as error:
        print(f"openstack: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
