# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing report files: whole or not at all, readable by their owner only."""

from __future__ import annotations

import json
import os
import tempfile

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import html, text
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import Report
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.topology import topology

TEXT_WIDTH = 160


def render(report: Report, kind: str) -> str:
    if kind == "json":
        document = {**report.as_dict(), "topology": topology(report).as_dict()}
        return json.dumps(document, indent=2, sort_keys=False, ensure_ascii=False) + "\n"
    if kind == "html":
        return html.render(report)
    return text.render(report, TEXT_WIDTH) + "\n"


SUFFIXES = {"html": "html", "json": "json", "text": "txt"}


def write(report: Report, folder: str, formats: list[str]) -> list[str]:
    """Writes `report.<suffix>` for each format into `folder` (made 0700 if missing); returns the paths."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    paths = []
    for kind in formats:
        path = os.path.join(folder, f"report.{SUFFIXES[kind]}")
        _write_atomically(path, render(report, kind))
        paths.append(path)
    return paths


def _write_atomically(path: str, content: str) -> None:
    """mkstemp opens with O_EXCL and 0600, so nobody reads the file or plants one while it is written."""
    handle, temporary = tempfile.mkstemp(prefix=".report-", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
