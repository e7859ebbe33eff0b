# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a bundle for the other hosts of the same run: Ansible works on each host in a process of its own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible import constants

from .bundle import Bundle

Make = Callable[[], tuple[Bundle, list[Path]]]


def remembered(choices: Any, make: Make) -> Bundle:
    """The bundle for these choices: from this run's own temporary folder while no file has changed, else made."""
    key = hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()
    # Ansible makes this folder for one run, for its user alone, and removes it at the end.
    kept = Path(constants.DEFAULT_LOCAL_TMP) / f"service-store-baseline-{key}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        data = json.loads(kept.read_text(encoding="utf-8"))
        if data["files"] == _stamps([Path(name) for name in data["files"]]):
            return Bundle(data["content"].encode("utf-8"))
    bundle, paths = make()
    with contextlib.suppress(OSError):
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps({"files": _stamps(paths), "content": bundle.content.decode("utf-8")}))
        new.replace(kept)
    return bundle


def _stamps(paths: list[Path]) -> dict[str, list[int]]:
    seen = {str(path): path.stat() for path in paths}
    return {name: [one.st_mtime_ns, one.st_size, one.st_ino] for name, one in seen.items()}
