# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One control plane: a folder with configuration, keys and databases, and the two services that run on it."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import socket
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.ca import write_private
from lab.clouds.openstack import settings, uwsgi
from lab.clouds.openstack.environment import DATABASES, Environment
from lab.clouds.openstack.keys import make_keys
from lab.clouds.openstack.unix_http import Client
from lab.errors import LabError
from lab.process import Service
from lab.progress import Progress

SERVICES = ("keystone", "neutron")
# Neutron loads what the lab adds to it from there.
_PLUGINS = Path(__file__).with_name("neutron_plugins")
#: See lab_vpnaas there.
REPORTS = "vpn-status"
# sizeof(sockaddr_un.sun_path) - 1 (unix(7)).
_LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True)
class Plane:
    """folder: everything the services keep. sockets: where they listen. identity_url, network_url: what the
    catalog says, without a path."""

    folder: Path
    sockets: Path
    logs: Path
    environment: Environment
    identity_url: str
    network_url: str
    progress: Progress

    def client(self, service: str, token: str = "") -> Client:
        return Client(self.sockets / f"{service}.sock", token)

    def service(self, name: str) -> Service:
        return Service(f"openstack-{name}", self.folder / "run", self.logs)

    @property
    def urls(self) -> settings.Urls:
        internal = f"http://127.0.0.1:{self.state()['port']}/v3"
        return settings.Urls(f"{self.identity_url}/v3", self.network_url, internal)

    def state(self) -> dict[str, Any]:
        """{port, admin_password, neutron_password, catalog?, accounts?}; empty before the first start."""
        path = self.folder / "state.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def remember(self, **more: Any) -> None:
        write_private(self.folder / "state.json", json.dumps({**self.state(), **more}, indent=2).encode())

    def start(self) -> None:
        """Starts what does not run, and returns when both services answer.

        Without accounts yet it starts from empty databases: seed() may have been stopped half way.
        """
        if self.state().get("accounts") and all(self.running().values()):
            return
        self.stop()
        self._prepare()
        self._write_configuration()
        with self.progress.step("openstack", "starting Keystone and Neutron"):
            self._launch("keystone", f"127.0.0.1:{self.state()['port']}")
            self._launch("neutron")
            for name in SERVICES:
                self._await(name)

    def stop(self) -> None:
        for name in SERVICES:
            self.service(name).stop()
            (self.sockets / f"{name}.sock").unlink(missing_ok=True)

    def running(self) -> dict[str, bool]:
        return {name: bool(self.service(name).pid()) and self.client(name).answers() for name in SERVICES}

    def snapshot(self) -> None:
        """Keeps the databases as they are now, for restore()."""
        for name in DATABASES:
            _copy_database(self.folder / name, self.folder / f"seeded-{name}")

    def restore(self) -> None:
        """Puts the databases back under the running services, and forgets what was reported of VPN connections."""
        shutil.rmtree(self.folder / REPORTS, ignore_errors=True)
        for name in DATABASES:
            _copy_database(self.folder / f"seeded-{name}", self.folder / name)

    def report_vpn(self, statuses: Mapping[str, str]) -> None:
        """Says how VPN connections are, by their ids; from now on the others wait for a report of their own."""
        folder = self.folder / REPORTS
        folder.mkdir(exist_ok=True)
        for name, status in statuses.items():
            # Renamed, so that Neutron reads no half of it.
            new = folder / f".{uuid.UUID(name)}"
            new.write_text(status)
            new.rename(folder / name)

    def _prepare(self) -> None:
        """Databases, keys and passwords; a free port when there is none yet or it has been taken since."""
        state = self.state()
        new = not state.get("accounts")
        if new:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.folder / "locks", self.sockets, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        if len(str(self.sockets / "keystone.sock")) > _LONGEST_SOCKET_PATH:
            raise LabError(f"{self.sockets} is too long for a unix socket's path; set LAB_DIR to a shorter one")
        if new:
            for name in DATABASES:
                _copy_database(self.environment.schema / name, self.folder / name)
            state = {
                "admin_password": self.environment.first_password.read_text(),
                "neutron_password": secrets.token_urlsafe(24),
            }
            make_keys(self.folder / "keys" / "fernet")
            make_keys(self.folder / "keys" / "credential")
        if not _is_free(state.get("port")):
            state["port"] = _free_port()
        self.remember(**state)

    def _write_configuration(self) -> None:
        state, env = self.state(), self.environment
        keystone = settings.keystone(self.folder / DATABASES[0], self.folder / "keys", self.logs / "keystone.log")
        neutron = settings.neutron(
            self.folder / DATABASES[1],
            self.folder,
            env.neutron_paste,
            self.logs / "neutron.log",
            self.urls,
            state["neutron_password"],
        )
        for name, sections in (("keystone", keystone), ("neutron", neutron)):
            write_private(self.folder / f"{name}.conf", settings.render(sections).encode())

    def _launch(self, name: str, *listen: str) -> None:
        places = (str(self.sockets / f"{name}.sock"), *listen)
        application = (f"--module={name}.wsgi.api:application", f"--pythonpath={_PLUGINS}", "--chmod-socket=666")
        command = uwsgi.command(self.environment.program("uwsgi"), places, *application)
        where = {f"OS_{name.upper()}_CONFIG_DIR": str(self.folder), f"OS_{name.upper()}_CONFIG_FILES": f"{name}.conf"}
        self.service(name).start(command, env=uwsgi.variables(**where))

    def _await(self, name: str) -> None:
        service, client = self.service(name), self.client(name)
        try:
            uwsgi.wait_for(client, lambda: service.pid() is not None)
        except LabError as error:
            self.stop()
            raise LabError(f"{name} did not start; see {service.log} and {self.logs / name}.log") from error


def _copy_database(source: Path, target: Path) -> None:
    """SQLite's own copy: right also while a service has the file open."""
    with (
        contextlib.closing(sqlite3.connect(source, timeout=30)) as old,
        contextlib.closing(sqlite3.connect(target, timeout=30)) as new,
    ):
        old.backup(new)


def _free_port() -> int:
    with _loopback_socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _is_free(port: int | None) -> bool:
    if port is None:
        return False
    with _loopback_socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _loopback_socket() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # Without it the port of a service that was just stopped looks taken for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield listener
