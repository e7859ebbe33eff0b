# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON over HTTPS to the lab's own servers, checked against the lab's own authority."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import LabError

TIMEOUT_S = 30.0


class Https:
    """Calls to one server."""

    def __init__(self, base: str, ca_file: Path) -> None:
        self._base = base
        handler = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca_file)))
        # Whatever the machine's proxy settings are: the lab is at hand.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON; LabError for everything but a success."""
        data = None if body is None else json.dumps(body).encode()
        kind = "application/json"
        if form is not None:
            data, kind = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
        request = urllib.request.Request(
            self._base + path, data, {"Content-Type": kind, **(headers or {})}, method=method
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                content = answer.read()
        except OSError as error:
            raise LabError(f"{method} {self._base}{path.partition('?')[0]}: {error}") from error
        return json.loads(content) if content else None
