# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make lock`: resolves every requirement file into the exact set of packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import index

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
HEADER = "# Every package of one environment, direct or not; written by `make lock`.\n"
# The oldest Python on which each set is installed.
PYTHONS = {"core-2.21": "3.12", "core-2.19": "3.11", "galaxy-importer": "3.11", "ministack": "3.11"}


def main() -> int:
    """Write requirements/locks anew; `make setup` then rebuilds the environments that changed."""
    python = ROOT / ".venv" / "bin" / "python"
    env = index.environment_for_uv(python)
    for name, version in PYTHONS.items():
        command = [
            str(python.parent / "uv"),
            "pip",
            "compile",
            "--quiet",
            "--upgrade",
            "--no-header",
            "--no-annotate",
        ]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--python-version", version]
        resolved = subprocess.run(
            [*command, str(REQUIREMENTS / f"{name}.txt")],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        (REQUIREMENTS / "locks" / f"{name}.txt").write_text(HEADER + resolved.stdout, encoding="utf-8")
        print(f"{name}: {len(resolved.stdout.splitlines())} packages", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
