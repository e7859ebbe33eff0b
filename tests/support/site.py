# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's site: a register, a secret store in an encrypted file, and playbooks that are run on them."""

from __future__ import annotations

import base64
import datetime
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS, parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.leaks import LOUD, loud_environment
from tests.support.playbook import Run, run_playbook

HIDDEN = {name for fields in FIELDS.values() for form in fields.forms for name in form.secret}


class Site:
    """What a run finds and leaves is in ``folder``; the operator's own secret files are in ``private``, beside it."""

    def __init__(self, folder: Path, operator: str, customers: Mapping[str, str]) -> None:
        """Write the register, given as YAML: the operator's file, and those of customers by their names."""
        self.folder, self.register = folder, folder / "register"
        self.register.mkdir(parents=True)
        for name, text in {"service_store": operator, **customers}.items():
            (self.register / f"{name}.yml").write_text(text)
        self.inventory = folder / "service_store.inventory.yml"
        self.inventory.write_text("plugin: strategic.service_store.register\n")
        self.private = folder.parent / f"{folder.name}-private"
        self.private.mkdir(mode=0o700)
        self.store_key = base64.b64encode(os.urandom(32)).decode()
        auth = {"key_file": self.keep("store.key", self.store_key)}
        self.option: dict[str, Any] = {"type": "encrypted_file", "path": str(folder / "secrets.json"), "auth": auth}
        self.store = open_store(self.option, lambda *values: None)

    def keep(self, name: str, text: str) -> str:
        """Write one of the operator's own secret files and return its path."""
        path = self.private / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def put(
        self,
        name: str,
        provider: str,
        fields: Mapping[str, str],
        days: float,
        since: str = "registered_at",
        known: Mapping[str, str] | None = None,
    ) -> None:
        """Store a key that was registered, or rotated, so many days ago; ``known`` is what its probe told of it."""
        then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
        self.store.put(
            name, {**parse(name, provider, fields).record(), "meta": {**(known or {}), since: written(then)}}
        )

    def secrets(self) -> set[str]:
        """Return every secret that the store has now, in credentials and journals."""
        return set(_secrets_in([dict(self.store.get(name)) for name in self.store.names()]))

    def run(
        self, playbook: str, *arguments: str, loud: bool = True, env: Mapping[str, str] | None = None, **more: Any
    ) -> Run:
        """Run a playbook, by its path or its name in the collection, over all accounts.

        loud: as loud as Ansible can be, with its command lines watched. ``more`` is of run_playbook; its ``variables``
        come on top of the site's own.
        """
        variables = {
            "service_store_secret_store": self.option,
            "service_store_credentials_dir": str(self.private),
            "service_store_rendered_dir": str(self.folder / "rendered"),
            **more.pop("variables", {}),
        }
        return run_playbook(
            playbook if "/" in playbook else f"strategic.service_store.{playbook}",
            self.folder,
            *["-i", str(self.inventory), *(LOUD if loud else ()), *arguments],
            variables=variables,
            env={**(loud_environment(self.folder) if loud else {}), **(env or {})},
            watch=loud,
            **more,
        )


def _secrets_in(node: object) -> Iterator[str]:
    """Yield the values of all secret fields, at any depth."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from [value] if name in HIDDEN and isinstance(value, str) else _secrets_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from _secrets_in(item)
