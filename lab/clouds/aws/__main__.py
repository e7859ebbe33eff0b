# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.clouds.aws``: see the package's documentation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import options

_CHECKOUT = Path(__file__).resolve().parents[3]


def ministack_python() -> str:
    """The interpreter of the environment that has ministack."""
    named = os.environ.get("LAB_MINISTACK_PYTHON")
    beside = _CHECKOUT / ".venv-ministack" / "bin" / "python"
    return named or (str(beside) if beside.exists() else sys.executable)


def _become_ministack(arguments: list[str]) -> None:
    """Replaces this process, so that pid, signals and output stay the same for whoever started it."""
    python = ministack_python()
    path = os.pathsep.join(p for p in (str(_CHECKOUT), os.environ.get("PYTHONPATH")) if p)
    os.execve(python, [python, "-m", "lab.clouds.aws.ministack_server", *arguments], {**os.environ, "PYTHONPATH": path})


def main() -> int:
    arguments = sys.argv[1:]
    parsed = options.parse(arguments)
    if parsed.which == "ministack":
        _become_ministack(arguments)
    from .moto_server import run

    return run(parsed)


if __name__ == "__main__":
    sys.exit(main())
