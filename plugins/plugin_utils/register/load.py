# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the register's YAML files and holds them against their JSON Schemas; errors name file and line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .errors import RegisterError

HERE = Path(__file__).parent
OPERATOR_FILE = "service_store.yml"


class _Loader(yaml.SafeLoader):
    """YAML as people write it: a date without quotes is a text like any other, which the schema can judge."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """One file: its path, its content, and the tree of YAML nodes that knows the lines."""

    path: str
    content: dict[str, Any]
    root: yaml.Node

    def line(self, where: Iterable[str | int]) -> int:
        """Return the line of the nearest node on the way to ``where``."""
        node, line = self.root, self.root.start_mark.line
        for step in where:
            found = _below(node, step)
            if found is None:
                break
            node, line = found
        return int(line) + 1


@dataclass(frozen=True)
class Register:
    """The operator's file and those of all customers."""

    operator: Document
    customers: tuple[Document, ...]


def read_register(folder: str) -> Register:
    """Read ``service_store.yml`` and every other ``*.yml`` of a folder as one customer each; raises RegisterError."""
    base = Path(folder)
    if not (base / OPERATOR_FILE).is_file():
        raise RegisterError(
            str(base),
            None,
            f"holds no {OPERATOR_FILE}; a register is a folder with that file and one per customer",
        )
    customers = sorted(path for path in base.glob("*.yml") if path.name != OPERATOR_FILE)
    operator = read_document(base / OPERATOR_FILE, "service_store.schema.json")
    return Register(operator, tuple(read_document(path, "customer.schema.json") for path in customers))


def read_document(path: Path, schema: str) -> Document:
    """Read one file and hold it against its schema."""
    text = path.read_text(encoding="utf-8")
    try:
        root = yaml.compose(text, Loader=_Loader)
        # A subclass of SafeLoader: it makes plain values only.
        content = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        raise RegisterError(str(path), mark.line + 1 if mark else None, f"is no YAML: {exc.problem}") from exc
    if not isinstance(content, dict) or root is None:
        raise RegisterError(str(path), 1, "is empty, or no mapping; see the schema in the register's documentation")
    _refuse_twice(path, root)
    document = Document(str(path), content, root)
    _validate(document, schema)
    return document


def _validate(document: Document, schema: str) -> None:
    try:
        import jsonschema
    except ImportError as exc:
        raise RegisterError(document.path, None, "cannot be checked: pip install jsonschema") from exc
    validator = jsonschema.Draft202012Validator(json.loads((HERE / schema).read_text(encoding="utf-8")))
    errors = sorted(
        validator.iter_errors(document.content),
        key=lambda error: (-len(error.absolute_path), str(error.message)),
    )
    if not errors:
        return
    error = jsonschema.exceptions.best_match(errors)
    where = list(error.absolute_path)
    extra = _unknown_key(error)
    line = document.line([*where, extra] if extra else where)
    place = ".".join(str(step) for step in where) or "the file"
    raise RegisterError(document.path, line, f"{place}: {_words(error, extra, _account(document, where))}")


def _account(document: Document, where: list[str | int]) -> str:
    """Return the name of the cloud account that a place is in, "" outside of all."""
    if where[:1] != ["cloud_accounts"] or len(where) < 2:
        return ""
    account = document.content["cloud_accounts"][where[1]]
    return str(account.get("name", "")) if isinstance(account, dict) else ""


def _unknown_key(error: Any) -> str | None:
    if error.validator != "additionalProperties" or not isinstance(error.instance, dict):
        return None
    known = error.schema.get("properties", {})
    return next((str(key) for key in error.instance if key not in known), None)


def _words(error: Any, extra: str | None, account: str) -> str:
    """Return the schema's complaint in an operator's words."""
    if extra:
        return f"unknown key {extra}; known are {', '.join(sorted(error.schema.get('properties', {})))}"
    if error.validator == "required":
        return f"{error.message}; add it"
    if error.validator == "enum":
        return f"{error.instance!r} is not one of {', '.join(map(str, error.validator_value))}"
    if error.validator == "not" and error.schema.get("description"):
        # What the schema refuses altogether it gives the reason for.
        name = str(list(error.absolute_path)[-1])
        return f"{name} of {account or 'the account'} {error.schema['description']}"
    return str(error.message)


def _below(node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
    """Return the node one step down and its line; for a mapping that is the key's line."""
    if isinstance(node, yaml.MappingNode):
        return next(((value, key.start_mark.line) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line
    return None


def _refuse_twice(path: Path, node: yaml.Node) -> None:
    """Refuse a key that stands twice in one mapping: YAML would silently keep the last."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_twice(path, item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise RegisterError(str(path), key.start_mark.line + 1, f"key {key.value} stands twice; keep one")
            seen.add(key.value)
            _refuse_twice(path, value)
