# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""galaxy-importer on the built tarball, from its own environment and without network."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import tree

ROOT = Path(__file__).resolve().parent.parent
# The programs that it would start have stages of their own: sanity, ruff, and ansible-lint with its strictest profile.
CONFIG = """[galaxy-importer]
RUN_ANSIBLE_TEST = False
RUN_ANSIBLE_LINT = False
RUN_FLAKE8 = False
CHECK_REQUIRED_TAGS = True
CHANGELOG_MAX_AGE_IN_DAYS = 0
"""


def main() -> int:
    """Import the newest tarball; 1 when the importer found an error or lint findings."""
    tarball = tree.newest_tarball()
    bin_folder = ROOT / ".venv-galaxy" / "bin"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "galaxy-importer.cfg"
        config.write_text(CONFIG, encoding="utf-8")
        env = {**os.environ, "GALAXY_IMPORTER_CONFIG": str(config), "HOME": folder, "TMPDIR": folder}
        env["PATH"] = f"{bin_folder}{os.pathsep}{env['PATH']}"
        command = [str(bin_folder / "python"), "-m", "galaxy_importer.main", str(tarball)]
        done = subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True, check=False)
    output = done.stdout + done.stderr
    print(output)
    findings = [line for line in output.splitlines() if line.startswith(("ERROR:", "WARNING:"))]
    return 1 if done.returncode or findings else 0


if __name__ == "__main__":
    sys.exit(main())
