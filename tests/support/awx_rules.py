# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX's API refuses in credential types and surveys, after awx.main.fields and awx.api.views of AWX 24."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
from awx_plugins.interfaces import _temporary_private_inject_api as awx
from jinja2 import StrictUndefined
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.sandbox import ImmutableSandboxedEnvironment

WORD = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"
FIELD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "label"],
    "properties": {
        "type": {"enum": ["string", "boolean"]},
        "format": {"enum": ["ssh_private_key", "url"]},
        "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
        "id": {"type": "string", "pattern": WORD, "not": {"const": "tower"}},
        "label": {"type": "string"},
        "help_text": {"type": "string"},
        "multiline": {"type": "boolean"},
        "secret": {"type": "boolean"},
        "ask_at_runtime": {"type": "boolean"},
        "default": {},
    },
    # Only text can be secret, have choices, a format or lines.
    "if": {"properties": {"type": {"const": "boolean"}}, "required": ["type"]},
    "then": {"properties": dict.fromkeys(("choices", "multiline", "format", "secret"), False)},
}
INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {"type": "array", "items": FIELD},
    },
}
INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file": {
            "type": "object",
            "patternProperties": {r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$": {"type": "string"}},
            "additionalProperties": False,
        },
        "env": {
            "type": "object",
            "propertyNames": {"pattern": WORD, "not": {"pattern": "^ANSIBLE_"}},
            "additionalProperties": {"type": "string", "pattern": "^[\x00-\x7f]*$"},
        },
        "extra_vars": {
            "type": "object",
            "patternProperties": {
                r"^[a-zA-Z_\{\}]+[a-zA-Z0-9_\{\}]*$": {
                    "anyOf": [{"type": "string"}, {"type": "array"}, {"$ref": "#/properties/extra_vars"}]
                }
            },
            "additionalProperties": False,
        },
    },
}
QUESTIONS = {"text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float"}


def refuse_type(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> None:
    """Raise ValueError, jsonschema's or Jinja's error where AWX would refuse a credential type."""
    jsonschema.validate(inputs, INPUTS)
    jsonschema.validate(injectors, INJECTORS)
    ids = [field["id"] for field in inputs["fields"]]
    if len(set(ids)) != len(ids):
        raise ValueError(f"field ids must be unique: {ids}")
    # Jinja's own names stand where a field was left empty, such as the function namespace.
    if set(ids) & set(DEFAULT_NAMESPACE):
        raise ValueError(f"a field has the name of one of Jinja's functions: {ids}")
    if set(inputs.get("required", ())) - set(ids):
        raise ValueError("a required field does not exist")
    blocked = set(injectors.get("env", {})) & awx.ENV_BLOCKLIST
    if blocked:
        raise ValueError(f"{blocked} may not be set by a credential")
    files = list(injectors.get("file", {}))
    if "template" in files and len(files) > 1:
        raise ValueError("several files need names")
    named = {file.split(".")[1]: "EXAMPLE_FILENAME" for file in files if "." in file}
    tower = {"filename": "EXAMPLE_FILENAME" if "template" in files else named}
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    known = {**dict.fromkeys(ids, "EXAMPLE"), "tower": tower}
    for template in _texts(injectors):
        sandbox.from_string(template).render(known)


def _texts(node: Any) -> list[str]:
    if isinstance(node, Mapping):
        return [text for key, value in node.items() for text in (str(key), *_texts(value))]
    return [text for item in node for text in _texts(item)] if isinstance(node, list) else [str(node)]


def refuse_survey(survey: Mapping[str, Any]) -> None:
    """Raise ValueError where AWX would refuse a survey."""
    if not (isinstance(survey.get("name"), str) and isinstance(survey.get("description"), str) and survey.get("spec")):
        raise ValueError("a survey has a name, a description and questions")
    variables = [question["variable"] for question in survey["spec"]]
    if len(set(variables)) != len(variables):
        raise ValueError(f"variables must be unique: {variables}")
    for question in survey["spec"]:
        texts = [question[name] for name in ("type", "question_name", "variable")]
        if not all(isinstance(text, str) for text in texts) or not isinstance(question["required"], bool):
            raise ValueError(f"wrong type in question {texts}")
        if question["type"] not in QUESTIONS:
            raise ValueError(f"no such type of question: {question['type']}")
        if question["type"].startswith("multi") and not question.get("choices"):
            raise ValueError(f"{question['variable']} has no choices")
        if not all(isinstance(question.get(name), (int, type(None))) for name in ("min", "max")):
            raise ValueError(f"the limits of {question['variable']} are no integers")
