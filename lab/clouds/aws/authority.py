# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the lab's IAM (ministack) whether a call that came to moto is to be let through.

Closes moto's gaps that matter here: `aws:SourceIp`, inactive keys, and one IAM for every service.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import options

TIMEOUT_S = 60


@dataclass(frozen=True)
class Refusal:
    """The answer AWS would give, in the protocol of the service that was called."""

    status: int
    headers: dict[str, str]
    body: bytes


class Authority:
    def __init__(self, settings: Mapping[str, str]) -> None:
        self._url = settings["url"] + "/_lab/authorize"
        self._token = settings["token"]
        context = ssl.create_default_context(cafile=settings["ca_file"])
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def refusal(
        self, environ: Mapping[str, Any], headers: Mapping[str, str], body: bytes, action: str
    ) -> Refusal | None:
        """None when the call is allowed. No answer from the authority is an error, never a yes."""
        _key, _region, service = options.scope_of(headers.get("authorization", ""))
        raw_path, _mark, query = str(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")
        question = {
            "method": environ["REQUEST_METHOD"],
            "path": raw_path,
            "query": query,
            "headers": dict(headers),
            "body": base64.b64encode(body).decode(),
            "source": environ["REMOTE_ADDR"],
            "service": service or "ec2",
            "action": f"{service or 'ec2'}:{action or environ['REQUEST_METHOD']}",
        }
        request = urllib.request.Request(
            self._url,
            data=json.dumps(question).encode(),
            headers={"Content-Type": "application/json", "X-Lab-Token": self._token},
        )
        with self._opener.open(request, timeout=TIMEOUT_S) as response:
            verdict = json.loads(response.read())
        if verdict["allowed"]:
            return None
        return Refusal(verdict["status"], verdict["headers"], base64.b64decode(verdict["body"]))
