# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples, guides and playbooks call modules by the name that their collection gives them today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import ansible
import ansible_collections
import pytest
import yaml
from ansible.release import __version__

from tools import tree

ROOT = Path(__file__).resolve().parents[2]
TASK = re.compile(r"^ *(?:- )?([a-z_]+\.[a-z_]+\.[a-z0-9_]+):(?: *\{.*)?$", re.MULTILINE)
#: The newer ansible packages leave it out; see the guide to AWX.
ABSENT = {"awx.awx"}
#: Modules and the action plugins that stand for one.
KINDS = ("modules", "action")

pytestmark = pytest.mark.skipif(
    __version__.startswith("2.19."), reason="the oldest pair's collections have some modules under their former names"
)


def written() -> Iterator[tuple[str, str]]:
    """Yield each file and each name in it that stands where a task names its module."""
    for source in tree.sources():
        if source.suffix in {".py", ".yml", ".rst", ".md", ".j2"} and source.parts[0] not in {"tests", "changelogs"}:
            text = (ROOT / source).read_text(encoding="utf-8")
            yield from ((str(source), name) for name in TASK.findall(text))


def folders(collection: str) -> list[Path]:
    """Return where a collection is installed; ansible.builtin is ansible-core itself."""
    if collection == "ansible.builtin":
        return [Path(ansible.__file__).parent]
    parts = collection.split(".")
    return [found for root in ansible_collections.__path__ if (found := Path(root).joinpath(*parts)).is_dir()]


@cache
def routing(collection: str) -> dict[str, Any]:
    """Return a collection's table of renamed and removed plugins."""
    name = "config/ansible_builtin_runtime.yml" if collection == "ansible.builtin" else "meta/runtime.yml"
    files = [folder / name for folder in folders(collection) if (folder / name).is_file()]
    found = yaml.safe_load(files[0].read_text(encoding="utf-8")) if files else {}
    return (found or {}).get("plugin_routing") or {}


def wrong_with(name: str) -> str:
    """Return what is wrong with a module's name, "" where nothing is."""
    collection, _dot, module = name.rpartition(".")
    if collection in ABSENT:
        return ""
    if not folders(collection):
        return "no such collection"
    for kind in KINDS:
        renamed = (routing(collection).get(kind) or {}).get(module) or {}
        if {"redirect", "tombstone", "deprecation"} & set(renamed):
            return f"is now {renamed.get('redirect', 'gone')}"
    below = {"ansible.builtin": ("modules", "plugins/action")}.get(collection, ("plugins/modules", "plugins/action"))
    found = any((folder / kind / f"{module}.py").is_file() for folder in folders(collection) for kind in below)
    return "" if found else "no such module"


def test_every_module_is_called_by_its_present_name() -> None:
    names = list(written())
    assert {name for _file, name in names} >= {"strategic.service_store.cloud_credential", "ansible.builtin.copy"}
    assert not [(file, name, wrong) for file, name in names if (wrong := wrong_with(name))]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("ngine_io.cloudstack.cs_zone_info", "is now ngine_io.cloudstack.zone_info"),
        ("ngine_io.cloudstack.zones", "no such module"),
        ("nobody.nothing.at_all", "no such collection"),
        ("strategic.service_store.cloud_credentials", "no such module"),
        ("ngine_io.cloudstack.zone_info", ""),
        ("ansible.builtin.set_fact", ""),
        ("strategic.service_store.baseline", ""),
    ],
)
def test_a_name_that_is_not_a_modules_is_noticed(name: str, wrong: str) -> None:
    assert wrong_with(name) == wrong
