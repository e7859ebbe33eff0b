# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which calls go wrong, and how: the rules of the fault proxy, and every cloud's own way to say "slow down"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MODES = ("throttle", "status", "lost", "reset", "hang", "slow")
_KEYS = {"mode", "operation", "method", "first", "times", "shape", "status", "headers", "body", "seconds"}


@dataclass(frozen=True)
class Answer:
    """What the proxy answers itself."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Rule:
    """One fault.

    mode: `throttle` (the cloud's own refusal, by `shape`), `status` (a given status, headers and body), `lost` (the
    call is applied, its answer is not delivered), `reset` (neither), `hang` (no answer for `seconds`),
    `slow` (the call is handed on after `seconds`).
    operation: a pattern (`*` matches anything) for what `operation_of` says of the call. method: an HTTP method.
    first: the matching call, counted from 1, at which the fault begins. times: how many calls it spoils, 0 for all.
    """

    mode: str
    operation: str = "*"
    method: str = ""
    first: int = 1
    times: int = 1
    shape: str = ""
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 600.0
    seen: int = 0

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Rule:
        unknown = sorted(set(raw) - _KEYS)
        if unknown:
            raise ValueError(f"a rule has the unknown key {unknown[0]}; known are {', '.join(sorted(_KEYS))}")
        rule = cls(**raw)
        if rule.mode not in MODES:
            raise ValueError(f"the mode {rule.mode} is none of {', '.join(MODES)}")
        if rule.mode == "throttle" and rule.shape not in SHAPES:
            raise ValueError(f"the shape {rule.shape!r} is none of {', '.join(SHAPES)}")
        return rule

    def takes(self, method: str, operation: str) -> bool:
        """Counts the call where it matches, and says whether it is one to spoil."""
        if self.method and self.method.upper() != method:
            return False
        if not fnmatchcase(operation, self.operation):
            return False
        self.seen += 1
        return self.seen >= self.first and (self.times == 0 or self.seen < self.first + self.times)

    def answer(self, operation: str) -> Answer:
        if self.mode == "throttle":
            return throttled(self.shape, operation)
        return Answer(self.status, self.body.encode(), {"Content-Type": "text/plain", **self.headers})


def operation_of(method: str, target: str, headers: Mapping[str, str], body: bytes) -> str:
    """The call's name as its cloud has it: an AWS action, a CloudStack command, else `METHOD /path`."""
    headers = {name.lower(): value for name, value in headers.items()}
    json_target = headers.get("x-amz-target", "")
    if json_target:
        return json_target.rpartition(".")[2]
    url = urlsplit(target)
    fields = dict(parse_qsl(url.query))
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        fields.update(parse_qsl(body.decode("utf-8", "replace")))
    named = fields.get("Action") or fields.get("command")
    return named or f"{method} {url.path}"


def _ec2(operation: str) -> Answer:
    text = "<Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message>"
    return _xml(503, f"<Response><Errors><Error>{text}</Error></Errors><RequestID>fault</RequestID></Response>")


def _aws_query(operation: str) -> Answer:
    text = "<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>"
    return _xml(400, f"<ErrorResponse><Error>{text}</Error><RequestId>fault</RequestId></ErrorResponse>")


def _s3(operation: str) -> Answer:
    return _xml(503, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")


def _aws_json(operation: str) -> Answer:
    answer = _json(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
    return Answer(answer.status, answer.body, {"Content-Type": "application/x-amz-json-1.1"})


def _arm(operation: str) -> Answer:
    error = {"code": "TooManyRequests", "message": "The request is being throttled."}
    return _json(429, {"error": error}, {"Retry-After": "0"})


def _openstack(operation: str) -> Answer:
    error = {"code": 429, "title": "Too Many Requests", "message": "Too many requests"}
    return _json(429, {"error": error}, {"Retry-After": "0"})


def _cloudstack(operation: str) -> Answer:
    text = "The given user has reached his/her account api limit, please retry after 100 ms."
    error = {"uuidList": [], "errorcode": 429, "cserrorcode": 9999, "errortext": text}
    return _json(429, {f"{operation.lower()}response": error})


def _xml(status: int, body: str) -> Answer:
    return Answer(status, body.encode(), {"Content-Type": "text/xml;charset=UTF-8"})


def _json(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


SHAPES = {
    "aws_ec2": _ec2,
    "aws_query": _aws_query,
    "aws_s3": _s3,
    "aws_json": _aws_json,
    "arm": _arm,
    "openstack": _openstack,
    "cloudstack": _cloudstack,
}


def throttled(shape: str, operation: str) -> Answer:
    """How the cloud of that shape refuses a call it gets too often."""
    return SHAPES[shape](operation)
