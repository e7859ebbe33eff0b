# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job of AWX finds: the shipped credential types, filled in by AWX's own code (awx_plugins.interfaces)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

EXTENSIONS = Path(__file__).resolve().parents[2] / "extensions" / "awx"
TYPES = sorted(path.stem for path in (EXTENSIONS / "credential_types").glob("*.yml"))


def credential_type(name: str) -> dict[str, Any]:
    """Return a shipped credential type."""
    found: dict[str, Any] = yaml.safe_load((EXTENSIONS / "credential_types" / f"{name}.yml").read_text())
    return found


@dataclass
class Job:
    """A job's private folder, environment and arguments; ``safe_env`` is what AWX keeps of it in its database."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    safe_env: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)

    def attach(self, name: str, **inputs: Any) -> None:
        """Attach a credential of a shipped type to the job."""
        (self.folder / "env").mkdir(parents=True, exist_ok=True)
        shipped = credential_type(name)
        kind = ManagedCredentialType(
            namespace=name, name=shipped["name"], kind="cloud", inputs=shipped["inputs"], injectors=shipped["injectors"]
        )
        given: list[str] = []
        inject_credential(kind, Credential(inputs), self.env, self.safe_env, given, str(self.folder))
        # The container has the folder as /runner; here it is where it is.
        here = {"/runner": str(self.folder)}
        for variables in given[1::2]:
            path = Path(_moved(variables.removeprefix("@"), here))
            path.chmod(0o600)
            path.write_text(_moved(path.read_text(), here))
        self.arguments += [_moved(argument, here) for argument in given]
        self.env.update({key: _moved(value, here) for key, value in self.env.items()})

    def files(self) -> dict[str, str]:
        """Return what was written, by path."""
        return {str(path): path.read_text() for path in (self.folder / "env").iterdir()}

    def extra_vars(self) -> dict[str, Any]:
        """Return all extra variables of the job."""
        found: dict[str, Any] = {}
        for argument in self.arguments[1::2]:
            found.update(yaml.safe_load(Path(argument.removeprefix("@")).read_text()))
        return found

    def environment(self) -> dict[str, str]:
        """Return the environment for a process of the job."""
        return {**os.environ, **self.env}


def _moved(text: str, roots: Mapping[str, str]) -> str:
    for root, folder in roots.items():
        text = re.sub(rf"(?<![\w/]){root}(?=/)", folder, text)
    return text
