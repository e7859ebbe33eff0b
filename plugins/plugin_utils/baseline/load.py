# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads baselines on the controller: YAML files checked against the JSON Schema, then against themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.core.deps import load as load_library

from .errors import BaselineInvalid
from .lint import lint
from .yaml_lines import Place, line_of, load

#: Ships with the collection; found from here, wherever the collection is installed.
FOLDER = Path(__file__).resolve().parents[3] / "baselines"
SCHEMA = FOLDER / "schema" / "controls.json"

Control = dict[str, Any]


@dataclass
class Loaded:
    """All controls of a baseline, in order, and the files they are from."""

    controls: list[Control] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    check_shipped: bool = False


def load_baseline(name: str, extra: list[str], *, check_shipped: bool = False) -> Loaded:
    """Load and check a baseline.

    `name` is that of a shipped baseline or, with a slash in it, the path of a file; `extra` are more files.
    The collection's tests hold its own files to the schema (`check_shipped`); doing so in every run would cost
    more than the audit of a host, and make jsonschema necessary for those who have no controls of their own.
    Raises BaselineInvalid.
    """
    loaded = Loaded(check_shipped=check_shipped)
    for path in [_locate(name), *(Path(more).expanduser() for more in extra)]:
        _file(path.resolve(), loaded, ())
    return loaded


def shipped() -> list[str]:
    """Names of the baselines that come with the collection."""
    return sorted(path.stem for path in FOLDER.glob("*.yml"))


def _locate(name: str) -> Path:
    if "/" in name:
        return Path(name).expanduser()
    if name not in shipped():
        raise BaselineInvalid(f"baseline: {name} is none of {', '.join(shipped())}; a path needs a slash in it")
    return FOLDER / f"{name}.yml"


def _file(path: Path, loaded: Loaded, above: tuple[Path, ...]) -> None:
    if path in above:
        raise BaselineInvalid(f"{path}: includes itself by way of {above[-1]}")
    document, lines = _read(path)
    if loaded.check_shipped or not path.is_relative_to(FOLDER):
        _check_schema(path, document, lines)
    loaded.paths.append(path)
    for name in document.get("include", []):
        _file((path.parent / name).resolve(), loaded, (*above, path))
    for index, own in enumerate(document.get("controls", [])):
        control = {**document.get("defaults", {}), **own}
        place = f"{path}:{line_of(lines, ('controls', index))}"
        if control["id"] in loaded.places:
            first = loaded.places[control["id"]]
            raise BaselineInvalid(f"{place}: control {control['id']} is already defined at {first}")
        loaded.places[control["id"]] = place
        for where, mistake in lint(control):
            at = line_of(lines, ("controls", index, *where))
            raise BaselineInvalid(f"{path}:{at}: control {control['id']}: {mistake}")
        loaded.controls.append(control)


def _read(path: Path) -> tuple[Any, dict[Place, int]]:
    try:
        return load(path)
    except OSError as exc:
        raise BaselineInvalid(f"{path}: cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise BaselineInvalid(f"{path}: is not UTF-8: {exc.reason} at byte {exc.start}") from exc
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise BaselineInvalid(f"{path}:{line}: is not YAML: {exc.problem}") from exc


def _check_schema(path: Path, document: Any, lines: dict[Place, int]) -> None:
    error = load_library("jsonschema.exceptions", "jsonschema", "to check baselines").best_match(
        _validator().iter_errors(document)
    )
    if error is None:
        return
    # An unknown key is best shown at its own line.
    place: Place = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        unknown = [key for key in error.instance if key not in error.schema.get("properties", {})]
        place = (*place, unknown[0]) if unknown else place
    at = ".".join(str(part) for part in place) or "the file"
    raise BaselineInvalid(f"{path}:{line_of(lines, place)}: {at}: {error.message}")


@cache
def _validator() -> Any:
    library = load_library("jsonschema", "jsonschema", "to check baselines")
    return library.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
