# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every component of the lab is given."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import ca as ca_module
from .errors import LabError
from .podman import Podman, make_podman
from .process import Service
from .progress import Progress
from .state import State
from .topology import CLOUDS_CONTAINER, PREFIX

PACKAGE = Path(__file__).resolve().parent
REPO = PACKAGE.parent


@dataclass(frozen=True)
class Context:
    """folder: the lab's state (LAB_DIR). All paths below it are absolute."""

    folder: Path
    podman: Podman
    state: State
    progress: Progress

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca" / "ca.pem"

    def certificate(self, names: Sequence[str], ips: Sequence[str]) -> tuple[Path, Path]:
        """A server certificate of the lab's CA: (cert_path, key_path)."""
        return ca_module.issue(ca_module.make_ca(self.folder / "ca"), names, ips)

    def say(self, who: str, text: str) -> None:
        self.progress.say(who, text)

    def step(self, who: str, doing: str) -> AbstractContextManager[None]:
        return self.progress.step(who, doing)

    def service(self, name: str) -> Service:
        """A background process of the machine, by name."""
        return Service(name, self.run, self.log)

    def exec(self, host: str, *command: str, data: str | None = None, timeout_s: float = 120) -> str:
        """Runs a command on a host of the lab (by its plain name) as root; its stdout."""
        return self.podman.exec(PREFIX + host, *command, data=data, timeout_s=timeout_s)

    def host_folder(self, host: str) -> Path:
        """What the host sees, read-only, as /etc/lab."""
        return self.folder / "hosts" / host

    def clouds_netns(self) -> int:
        """A process in the clouds' network namespace, for Service.start(netns=)."""
        pid = self.podman.pid(CLOUDS_CONTAINER)
        if not pid:
            raise LabError(f"the container {CLOUDS_CONTAINER} does not run; run: python -m lab up --only clouds")
        return pid

    def python_environment(self, **more: str) -> dict[str, str]:
        """For servers of this package: nothing of the machine's proxy settings, and the package found."""
        env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        return {**env, "PYTHONPATH": str(REPO), "PYTHONUNBUFFERED": "1", **more}

    def read_secret(self, name: str) -> Any:
        """The content of secrets/NAME.json, or None."""
        path = self.secrets / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def write_secret(self, name: str, content: Any) -> Path:
        self.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.secrets / f"{name}.json"
        ca_module.write_private(path, json.dumps(content, indent=2).encode() + b"\n")
        return path

    def once(self, name: str, make: Any) -> Any:
        """The secret of that name; made by make() the first time."""
        content = self.read_secret(name)
        if content is None:
            content = make()
            self.write_secret(name, content)
        return content


def random_password() -> str:
    return secrets.token_urlsafe(24)


def lab_folder() -> Path:
    return Path(os.environ.get("LAB_DIR") or REPO / ".lab").resolve()


def make_context(folder: Path | None = None, progress: Progress | None = None) -> Context:
    where = folder.resolve() if folder else lab_folder()
    where.mkdir(parents=True, exist_ok=True, mode=0o755)
    return Context(where, make_podman(where), State(where), progress or Progress(sys.stderr))
