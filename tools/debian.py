# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages of bindep.txt: installed when missing, without leaving a service running."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LOG = Path(__file__).resolve().parent.parent / "build" / "log" / "apt.log"
POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass
class Packages:
    """The packages that are still missing."""

    names: list[str] = field(default_factory=list)

    @classmethod
    def missing_from(cls, bindep: Path) -> Packages:
        """Read the names of bindep.txt and keep those that dpkg does not know as installed."""
        lines = (line.split("#")[0].split() for line in bindep.read_text(encoding="utf-8").splitlines())
        wanted = [words[0] for words in lines if words]
        if shutil.which("dpkg-query") is None:
            print("setup: not a Debian system; the lab needs: " + " ".join(wanted), file=sys.stderr, flush=True)
            return cls()
        return cls([name for name in wanted if not _installed(name)])

    def install_first(self, name: str) -> None:
        """Install one package at once where the rest of the setup cannot start without it."""
        if name in self.names and _needs_ensurepip():
            Packages([name]).start().finish()
            self.names.remove(name)

    def start(self) -> Running:
        """Start apt in the background (it shares no resource with the package index) and return a handle."""
        if not self.names:
            return Running(None, [])
        if os.geteuid() != 0:
            command = "sudo apt-get update && sudo apt-get install --no-install-recommends -y " + shlex.join(self.names)
            raise SystemExit(f"setup: not root, and Debian packages are missing. Run this, then again:\n  {command}")
        print("setup: installing Debian packages: " + " ".join(self.names), file=sys.stderr, flush=True)
        child = [sys.executable, "-m", "tools.debian", *self.names]
        # To a file: apt may say more than a pipe holds before anyone reads it.
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with LOG.open("w", encoding="utf-8") as log:
            return Running(subprocess.Popen(child, stdout=log, stderr=subprocess.STDOUT), self.names)


@dataclass
class Running:
    """An installation under way."""

    process: subprocess.Popen[bytes] | None
    names: list[str]

    def finish(self) -> None:
        """Wait for the end; say what apt said when it failed."""
        if self.process is None:
            return
        started = time.monotonic()
        if self.process.wait() != 0:
            output = LOG.read_text(encoding="utf-8", errors="replace")
            raise SystemExit(f"setup: apt failed for {' '.join(self.names)}:\n{output[-4000:]}")
        waited = time.monotonic() - started
        print(f"setup: Debian packages installed (waited {waited:.0f} s for apt)", file=sys.stderr, flush=True)


def _installed(name: str) -> bool:
    query = ["dpkg-query", "-W", "-f=${db:Status-Abbrev}", name]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    return done.stdout.startswith("ii")


def _needs_ensurepip() -> bool:
    check = "import ensurepip, sys; sys.exit(0)"
    return subprocess.run([sys.executable, "-c", check], capture_output=True, check=False).returncode != 0


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Forbid maintainer scripts to start services (Debian policy 9.3.3.1); afterwards nothing is left."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def install(names: list[str]) -> None:
    """Refresh the package lists and install."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_service_starts():
        subprocess.run(["apt-get", "-q", "update"], env=env, check=True)
        options = ["-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
        subprocess.run(["apt-get", *options, "install", *names], env=env, check=True)


if __name__ == "__main__":
    install(sys.argv[1:])
