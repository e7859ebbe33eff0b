# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one module in this process and prints the most memory that it held, in MiB.

python -m tests.bench.once < {"module": ..., "arguments": {...}}
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.support.module import run_module


def peak_mib() -> float:
    """Return the peak of this program; getrusage would tell that of the process that started it, where larger."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    given = json.load(sys.stdin)
    run_module(given["module"], given["arguments"])
    print(round(peak_mib(), 1))
