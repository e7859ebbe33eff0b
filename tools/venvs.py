# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments, keyed on their requirement files and their Python."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tools import index

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"


@dataclass(frozen=True)
class Environment:
    """One environment: its folder, the interpreter it stands on and `requirements/<name>.txt`."""

    folder: Path
    python: Path
    name: str
    collection: bool = False

    def build(self) -> None:
        """Make the environment, or bring its packages to the pins, unless both are as recorded."""
        ready, key = self.folder / ".ready", self._key()
        recorded = ready.read_text(encoding="utf-8").split() if ready.is_file() else []
        if recorded != key:
            started = time.monotonic()
            self._prepare(keep=recorded[:1] == key[:1])
            self._install()
            ready.write_text("\n".join(key) + "\n", encoding="utf-8")
            _say(f"{self.folder.name} ready in {time.monotonic() - started:.0f} s")
        if self.collection:
            self._link_collection()

    def _key(self) -> list[str]:
        """Return what the environment depends on: its interpreter and place, and its pins."""
        base = hashlib.sha256(f"{self.python.resolve()} {self.folder}".encode())
        files = [REQUIREMENTS / f"{self.name}.txt", REQUIREMENTS / "locks" / f"{self.name}.txt"]
        if self.collection:
            files.append(REQUIREMENTS / "dev.txt")
        return [base.hexdigest(), hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()]

    def _prepare(self, *, keep: bool) -> None:
        if keep:
            _say(f"updating {self.folder.name} ({self.name}): its pins changed")
            return
        _say(f"building {self.folder.name} ({self.name}) on {self.python}")
        shutil.rmtree(self.folder, ignore_errors=True)
        _run([str(self.python), "-m", "venv", str(self.folder)])

    def _install(self) -> None:
        wanted = ["-r", str(REQUIREMENTS / f"{self.name}.txt")]
        wanted += ["-c", str(REQUIREMENTS / "locks" / f"{self.name}.txt")]
        python = self.folder / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-input"]
        uv = _uv(pip)
        if uv:
            command = [uv, "pip", "install", "--python", str(python), "--quiet", *wanted]
            if subprocess.run(command, env=index.environment_for_uv(python), check=False).returncode == 0:
                return
            _say("uv could not install the packages; pip tries it now (about a minute)")
        _run([*pip, *wanted])

    def _link_collection(self) -> None:
        # Python and Ansible both find the collection here, so that nothing has to be installed after an edit.
        for packages in self.folder.glob("lib/python3.*/site-packages"):
            link = packages / "ansible_collections" / "strategic" / "service_store"
            link.parent.mkdir(parents=True, exist_ok=True)
            if not (link.is_symlink() and link.resolve() == ROOT):
                link.unlink(missing_ok=True)
                link.symlink_to(ROOT)


def _uv(pip: list[str]) -> str | None:
    """Return a uv to install with: the machine's own, or one put into the environment; else None."""
    here = Path(pip[0]).parent / "uv"
    found = shutil.which("uv")
    if found:
        return found
    return str(here) if subprocess.run([*pip, "uv"], check=False).returncode == 0 else None


def _run(command: list[str]) -> None:
    env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if subprocess.run(command, check=False, env=env).returncode:
        raise SystemExit(f"setup: failed: {' '.join(command)}")


def _say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)
