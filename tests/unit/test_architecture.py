# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrows run one way, and the parts that must stay pure do."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
UTILS = REPO / "plugins" / "module_utils"
PREFIX = "ansible_collections.strategic.service_store.plugins"
#: Which parts of module_utils a part may import.
MAY = {
    "model": {"model"},
    "core": {"core", "model"},
    "secret_store": {"secret_store", "core"},
    "provider": {"provider", "core", "model", "secret_store"},
    "handover": {"handover", "core", "model", "secret_store"},
}
#: What model may use of the standard library: nothing that has a clock, chance, a file or a network.
PURE = {"__future__", "collections", "dataclasses", "datetime", "enum", "fnmatch", "functools", "hashlib"}
PURE |= {
    "ipaddress",
    "itertools",
    "json",
    "math",
    "re",
    "string",
    "textwrap",
    "typing",
    "posixpath",
    "shlex",
    "difflib",
}
#: core/runner.py is the one place that knows Ansible; the gateway may import everything else of core.
KNOWS_ANSIBLE = {UTILS / "core" / "runner.py"}


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the absolute dotted name of everything a file imports, relative imports resolved below module_utils."""
    package = path.relative_to(REPO).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = f"{base}.{node.module}" if node.module and base else (node.module or base)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_part(name: str) -> str | None:
    """Return the part of module_utils that a name lies in."""
    name = name.removeprefix("ansible_collections.strategic.service_store.")
    parts = name.split(".")
    return parts[2] if parts[:2] == ["plugins", "module_utils"] and len(parts) > 2 else None


@pytest.mark.parametrize("part", sorted(MAY))
def test_arrows_run_one_way(part: str) -> None:
    backwards = [
        (str(path.relative_to(REPO)), name)
        for path in files(UTILS / part)
        for name in imports(path)
        if own_part(name) and own_part(name) not in MAY[part]
    ]
    assert backwards == []


def test_model_is_pure() -> None:
    used = [
        (str(path.relative_to(REPO)), name)
        for path in files(UTILS / "model")
        for name in imports(path)
        if not own_part(name) and name.split(".")[0] not in PURE
    ]
    assert used == []


def test_only_the_runner_knows_ansible() -> None:
    knowing = [
        str(path.relative_to(REPO))
        for path in files(UTILS)
        if path not in KNOWS_ANSIBLE and any(name.startswith("ansible.") for name in imports(path))
    ]
    assert knowing == []


@pytest.mark.slow
def test_module_utils_load_nothing_but_the_standard_library() -> None:
    foreign = [
        (str(path.relative_to(REPO)), name)
        for path in files(UTILS)
        for name in imports(path)
        if not own_part(name)
        and name.split(".")[0] not in sys.stdlib_module_names | {"__future__", "ansible"}
        and not _for_typing_only(path, name)
    ]
    assert foreign == []


def _for_typing_only(path: Path, name: str) -> bool:
    """Return whether a name is imported below ``if TYPE_CHECKING:`` alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            inside = ast.Module(node.body, [])
            names = [f"{n.module}.{a.name}" for n in ast.walk(inside) if isinstance(n, ast.ImportFrom) for a in n.names]
            names += [a.name for n in ast.walk(inside) if isinstance(n, ast.Import) for a in n.names]
            if name in names:
                return True
    return False


@pytest.mark.slow
def test_the_lab_and_the_product_do_not_know_each_other() -> None:
    lab = [(str(p), n) for p in files(REPO / "lab") for n in imports(p) if "ansible_collections" in n or "plugins" in n]
    product = [(str(p), n) for p in files(REPO / "plugins") for n in imports(p) if n.split(".")[0] in {"lab", "tests"}]
    assert lab == [] and product == []


def test_only_a_providers_own_folder_asks_which_provider_it_is() -> None:
    """``if provider == "aws"`` outside of a provider's folder would be a difference that is no data."""
    names = {"aws", "azure", "openstack", "cloudstack", "bt_cloud"}
    found = []
    outside = [p for p in files(UTILS) if "provider" not in p.parts or p.parent.name == "provider"]
    for path in [*outside, *files(REPO / "plugins" / "modules")]:
        if path.name == "registry.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                values = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                found += [(str(path.relative_to(REPO)), value) for value in values if value in names]
    assert found == []
