# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolved controls as the controller sent them, kept under their hash in the remote temporary folder."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from ..model.baseline import Control
from .errors import BaselineError

FORMAT = 1
# Several baselines may take turns on one host; more old bundles than this are of no use.
KEPT = 4


def load(bundle: Mapping[str, Any]) -> list[Control]:
    """Controls of the bundle named by `sha256`: from `path` when it was just sent, else from the folder `cache`.

    Raises BaselineError with the result `bundle_missing` when the controller has to send it first.
    """
    sha256 = str(bundle["sha256"])
    kept = os.path.join(os.path.expanduser(str(bundle["cache"])), "controls.%s.json" % sha256)
    content = _read(bundle["path"]) if bundle.get("path") else _read(kept)
    if content is None:
        raise BaselineError("the controls have to be sent to this host first", {"bundle_missing": True})
    # The folder may belong to an unprivileged user while we are root: the name vouches for the bytes.
    if hashlib.sha256(content).hexdigest() != sha256:
        if bundle.get("path"):
            raise BaselineError("the controls were damaged on their way to this host; run again")
        raise BaselineError("the kept controls are not what their name says", {"bundle_missing": True})
    if bundle.get("path"):
        _keep(kept, content)
    data = json.loads(content.decode("utf-8"))
    if data.get("format") != FORMAT:
        raise BaselineError("these controls have format %s, this module reads %d" % (data.get("format"), FORMAT))
    return [Control.parse(entry) for entry in data["controls"]]


def folder(bundle: Mapping[str, Any]) -> str | None:
    """The folder `cache` where it exists: for what has to be on disk for a moment."""
    path = os.path.expanduser(str(bundle["cache"]))
    return path if os.path.isdir(path) else None


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def _keep(path: str, content: bytes) -> None:
    """Only saves the next run a transfer: whatever goes wrong here is no failure."""
    folder = os.path.dirname(path)
    with contextlib.suppress(OSError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        fd = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as stream:
            stream.write(content)
        os.rename(path + ".new", path)
        names = [name for name in os.listdir(folder) if name.startswith("controls.") and name.endswith(".json")]
        paths = sorted((os.path.join(folder, name) for name in names), key=os.path.getmtime, reverse=True)
        for old in paths[KEPT:]:
            os.unlink(old)
