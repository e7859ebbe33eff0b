# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a service of OpenStack runs: under uWSGI, on a unix socket."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from lab.clouds.openstack import environment
from lab.clouds.openstack.unix_http import Client
from lab.errors import LabError
from lab.starting import first_answer

# One process, one thread: see the package's docstring on SQLite.
_OPTIONS = (
    "--master",
    "--die-on-term",
    "--no-orphans",
    "--processes=1",
    "--threads=1",
    "--enable-threads",
    "--lazy-apps",
    "--need-app",
    "--worker-reload-mercy=3",
    "--buffer-size=65535",
    "--listen=100",
    "--disable-logging",
    "--add-header=Connection: close",
)


def command(program: str, listen: Sequence[str], *application: str) -> list[str]:
    """The command line; listen are sockets and HOST:PORTs, application are uWSGI's options that name it."""
    return [program, *(f"--http-socket={place}" for place in listen), *application, *_OPTIONS]


def variables(**more: str) -> dict[str, str]:
    """The service's environment: it talks over loopback alone."""
    kept = {k: v for k, v in environment.quiet(os.environ).items() if not k.lower().endswith("_proxy")}
    return {**kept, **more}


def wait_for(client: Client, runs: Callable[[], bool]) -> None:
    """Returns when the service gives its versions; raises LabError where it has ended or takes too long."""

    def greet() -> None:
        if not client.answers():
            raise LabError("it does not answer")

    first_answer(greet, LabError, runs)
