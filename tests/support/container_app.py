# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's sample application, deployed by the role app into containers of a host of its own."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lab.gitrepo import make_repository

from .container_host import PYTHON, ContainerHost, container_host
from .playbook import Run, run_playbook

HOST, NAME, PORT = "containers", "board-test", 8099
REPOSITORY = "/opt/board.git"
REGISTRY_PORT = 5000
SERVED_TIMEOUT_S = 120
PLAY = f"""
- name: Deploy
  hosts: {HOST}
  gather_facts: false
  tasks:
    - name: Deploy
      ansible.builtin.import_role:
        name: strategic.service_store.app
"""
REMOVE = f"""
systemctl disable --quiet --now {NAME}.service
rm -rf /srv/{NAME} /etc/systemd/system/{NAME}.service /etc/{NAME}.environment /etc/{NAME}.secret
systemctl daemon-reload
systemctl stop registry.service
podman rm --force --all
userdel {NAME}
"""
# Enough of the distribution protocol for a pull by digest, from a folder that podman wrote.
REGISTRY = f"""
import http.server

class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, name = self.path.split("/")[-2:]
        try:
            path = "manifest.json" if kind == "manifests" else name.partition(":")[2] or "version"
            body = open("/opt/registry/" + path, "rb").read()
            wanted = open("/opt/registry/digest").read().strip()
            self.send_response(200 if kind != "manifests" or name == wanted else 404)
        except OSError:
            body = b""
            self.send_response(404)
        if kind == "manifests":
            self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(("127.0.0.1", {REGISTRY_PORT}), Registry).serve_forever()
"""
INSECURE = f'[[registry]]\nlocation = "127.0.0.1:{REGISTRY_PORT}"\ninsecure = true\n'


@dataclass(frozen=True)
class Application:
    """folder: where the playbook runs. commits: tag to commit id. variables: what every run of the role is given."""

    host: ContainerHost
    folder: Path
    commits: dict[str, str]
    variables: dict[str, Any]

    def deploy(self, version: str, *arguments: str, watch: bool = False, **more: Any) -> Run:
        """Run the role with --diff. watch: note the command lines of all processes meanwhile."""
        (self.folder / "deploy.yml").write_text(PLAY)
        connection = {
            "ansible_connection": "containers.podman.podman",
            "ansible_host": self.host.name,
            "ansible_python_interpreter": "/usr/bin/python3",
            # Not below /tmp: podman copies files past what systemd mounts there.
            "ansible_remote_tmp": "/root/.ansible/tmp",
            "ansible_pipelining": True,
        }
        (self.folder / "inventory.yml").write_text(json.dumps({"all": {"hosts": {HOST: connection}}}))
        return run_playbook(
            "deploy.yml",
            self.folder,
            *("-i", "inventory.yml", "--diff", *arguments),
            variables={**self.variables, "app_version": version, **more},
            env={"CONTAINERS_CONF": str(self.host.podman.conf)},
            watch=watch,
        )

    def served(self) -> str:
        version: str = json.loads(self.host.shell(f"curl -s -m 60 http://127.0.0.1:{PORT}/healthz"))["version"]
        return version

    def wait_until_served(self) -> None:
        deadline = time.monotonic() + SERVED_TIMEOUT_S
        while self.host.call(f"curl -sf -m 10 http://127.0.0.1:{PORT}/healthz").returncode != 0:
            assert time.monotonic() < deadline, self.host.shell(f"journalctl --no-pager -u {NAME} | tail -30")
            time.sleep(0.2)

    def container(self) -> str:
        """The id of the running container."""
        return self.host.shell(f"podman ps --quiet --no-trunc --filter name={NAME}")

    def inside(self, code: str) -> str:
        """What a Python program in the application's container prints."""
        return self.host.shell(f"podman exec {NAME} /usr/bin/python3 -c {shlex.quote(code)}")

    def left(self, *kinds: str) -> list[str]:
        """What there is of the application on the host."""
        places = {
            "folder": f"/srv/{NAME}",
            "unit": f"/etc/systemd/system/{NAME}.service",
            "environment": f"/etc/{NAME}.environment",
        }
        looks = {kind: f"test -e {path}" for kind, path in places.items()} | {"user": f"id {NAME}"}
        return [kind for kind in kinds or looks if self.host.call(looks[kind]).returncode == 0]

    def start_registry(self) -> str:
        """Serve an image that the host does not have from a registry on it; gives its name with its digest."""
        made = "localhost/registry:test"
        self.host.shell(f"cat > /opt/registry.py <<'END'\n{REGISTRY}\nEND")
        self.host.shell(f"cat > /etc/containers/registries.conf.d/test.conf <<'END'\n{INSECURE}\nEND")
        self.host.shell(f"echo 'FROM {PYTHON}' | podman build --quiet --label registry=yes --tag {made} -")
        self.host.shell(f"rm -rf /opt/registry; podman push --quiet --format oci {made} dir:/opt/registry")
        self.host.shell(f"podman rmi --force {made}")
        digest = "sha256:" + self.host.shell("sha256sum /opt/registry/manifest.json").split()[0]
        self.host.shell(f"echo {digest} > /opt/registry/digest")
        self.host.shell("systemd-run --quiet --collect --unit=registry /usr/bin/python3 /opt/registry.py")
        return f"127.0.0.1:{REGISTRY_PORT}/python@{digest}"

    def stop_registry(self) -> None:
        self.host.shell("systemctl stop registry.service")


def changes(run: Run) -> int:
    recap = next(line for line in run.output.splitlines() if line.startswith(f"{HOST} ") and "changed=" in line)
    return int(recap.split("changed=")[1].split()[0])


def diff_of(run: Run) -> str:
    """What the run showed of the release before and after."""
    return run.output.partition(f"--- before: /srv/{NAME}")[2].partition("\n\n")[0]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """A host that a whole test file shares, with the sample application's repository on it."""
    folder = tmp_path_factory.mktemp("containers")
    commits = make_repository(folder / "board.git")
    variables = {
        "app_name": NAME,
        "app_repo": REPOSITORY,
        "app_command": ["/usr/bin/python3", "-m", "board"],
        "app_port": PORT,
        "app_environment": {"BOARD_HOST": "0.0.0.0", "BOARD_PORT": PORT, "BOARD_DATA": "data"},
        "app_runtime": "container",
        "app_image": PYTHON,
        "app_image_pull": "never",
    }
    with container_host(folder, f"{folder / 'board.git'}:{REPOSITORY}:ro") as host:
        yield Application(host, folder, commits, variables)


@pytest.fixture
def application(board: Application, tmp_path: Path) -> Iterator[Application]:
    """The application, not deployed."""
    board.host.call(REMOVE)
    yield replace(board, folder=tmp_path)
    board.host.call(REMOVE)
