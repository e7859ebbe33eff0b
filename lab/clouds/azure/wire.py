# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests, responses and the three error shapes that Azure's services speak."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One HTTP request; `base_url` is what the client called us, `source` the TCP peer."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    source: str
    base_url: str

    def json(self) -> Json:
        """The body as a JSON object; anything else is an InvalidRequestContent."""
        try:
            data = json.loads(self.body or b"{}")
        except ValueError as error:
            raise AzureError(400, "InvalidRequestContent", f"The request content was invalid: {error}") from error
        if not isinstance(data, dict):
            raise AzureError(400, "InvalidRequestContent", "The request content must be a JSON object.")
        return data

    def form(self) -> dict[str, str]:
        """The body as form fields; the first value of each."""
        return {name: values[0] for name, values in parse_qs(self.body.decode("utf-8", "replace")).items()}


@dataclass
class Response:
    """Status, JSON body (None for no content; bytes are sent as they are) and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class AzureError(Exception):
    """A refusal; the service that raised it decides on its shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[Json] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or []
        self.headers = headers or {}

    def arm(self) -> Response:
        """Resource Manager: {"error": {"code", "message", "details"}}."""
        error: Json = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        return Response(self.status, {"error": error}, {**self.headers, "x-ms-failure-cause": "gateway"})

    def graph(self) -> Response:
        """Microsoft Graph adds an innerError with the request's id and date."""
        inner = {
            "date": now_text()[:-1],
            "request-id": str(uuid.uuid4()),
            "client-request-id": str(uuid.uuid4()),
        }
        body = {"error": {"code": self.code, "message": self.message, "innerError": inner}}
        return Response(self.status, body, self.headers)


class EntraError(Exception):
    """A refusal of the token endpoint: an OAuth error with an AADSTS number."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.number = number
        self.message = message

    def response(self, base_url: str) -> Response:
        trace, correlation, now = str(uuid.uuid4()), str(uuid.uuid4()), now_text().replace("T", " ")
        marks = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        body = {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self.message} {marks}",
            "error_codes": [self.number],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{base_url}/error?code={self.number}",
        }
        return Response(self.status, body)


def new_etag() -> str:
    """A version of a resource, weak as Microsoft.Network gives them."""
    return f'W/"{uuid.uuid4()}"'


def now_text() -> str:
    """The present instant as Azure prints it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
