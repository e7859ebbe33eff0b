# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request's parameters: names without regard to case, values checked against the command's table row.

What a command does not know it ignores (CloudStack logs a warning); the names are kept so that a test can
claim there were none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .commands import Command, Param
from .errors import PARAM_ERROR, ApiError, invalid

# Parts of the protocol itself, not of a command.
_ENVELOPE = frozenset(
    {
        "command",
        "response",
        "apikey",
        "signature",
        "signatureversion",
        "expires",
        "sessionkey",
        "ctxuserid",
        "_",
    }
)
_MAP_PART = re.compile(r"^(?P<name>[a-z]+)\[(?P<index>\d+)\](?:\.(?P<part>.+))?$")
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


@dataclass
class Params:
    """Typed values of one call; absent ones are None."""

    values: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return None if value is None else str(value)

    def number(self, name: str) -> int | None:
        value = self.values.get(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        return bool(self.values.get(name, False))

    def items(self, name: str) -> list[str]:
        return list(self.values.get(name) or [])

    def maps(self, name: str) -> list[dict[str, str]]:
        return list(self.values.get(name) or [])

    def pairs(self, name: str) -> dict[str, str]:
        """`tags[0].key=a&tags[0].value=b` as {a: b}."""
        return {part.get("key", ""): part.get("value", "") for part in self.maps(name)}


def parse(command: Command, request: Mapping[str, str]) -> Params:
    """Raises ApiError 431 for what is missing or malformed."""
    params = Params()
    maps: dict[str, dict[int, dict[str, str]]] = {}
    for raw_name, value in request.items():
        name = raw_name.lower()
        matched = _MAP_PART.match(name)
        base = matched["name"] if matched else name
        param = command.param(base)
        if base in _ENVELOPE:
            continue
        if param is None:
            params.unknown.append(raw_name)
        elif matched and param.type == "map":
            maps.setdefault(base, {}).setdefault(int(matched["index"]), {})[matched["part"] or ""] = value
        elif value != "":
            params.values[name] = _convert(command, param, value)
    for base, parts in maps.items():
        params.values[base] = [parts[index] for index in sorted(parts)]
    _require(command, params)
    return params


def _require(command: Command, params: Params) -> None:
    for param in command.params:
        if param.required and params.values.get(param.name) in (None, [], ""):
            raise ApiError(
                PARAM_ERROR,
                f"Unable to execute API command {command.name.lower()} due to missing parameter {param.name}",
            )


def _convert(command: Command, param: Param, value: str) -> Any:
    if param.type in {"integer", "long"}:
        try:
            return int(value)
        except ValueError:
            raise _bad(command, param, value) from None
    if param.type == "boolean":
        if value.lower() not in {"true", "false"}:
            raise _bad(command, param, value)
        return value.lower() == "true"
    if param.type == "list":
        return [part.strip() for part in value.split(",") if part.strip()]
    if param.type == "uuid" and not _UUID.match(value) and value != "-1":
        raise not_found(command, param.name, value)
    if param.type == "string" and len(value) > param.length:
        raise invalid(f"Value greater than max allowed length {param.length} for param: {param.name}")
    return value


def _bad(command: Command, param: Param, value: str) -> ApiError:
    return invalid(
        f"Unable to execute API command {command.name.lower()} due to invalid value {value} for parameter {param.name}"
    )


def not_found(command: Command, name: str, value: str) -> ApiError:
    """What CloudStack says of an id it does not know."""
    return invalid(
        f"Unable to execute API command {command.name.lower()} due to invalid value. Invalid parameter"
        f" {name} value={value} due to incorrect long value format, or entity does not exist or due to"
        " incorrect parameter annotation for the field in api cmd class."
    )
