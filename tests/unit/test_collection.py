# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the collection as a whole: metadata, documentation, and what ships."""

from __future__ import annotations

import ast
import fnmatch
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import tree

ROOT = Path(__file__).resolve().parents[2]
SOURCES = tree.sources()
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
ROLES = sorted(path for path in (ROOT / "roles").glob("*") if path.is_dir())
HEADER = re.compile(
    r"\A(#!.*\n)?# Copyright: \(c\) \d{4}, strategic\.service_store contributors\n"
    r"# GNU General Public License v3\.0\+ \(see LICENSE or https://www\.gnu\.org/licenses/gpl-3\.0\.txt\)\n"
    r"# SPDX-License-Identifier: GPL-3\.0-or-later\n"
)
# Written in halves, so that this file does not contain what it forbids.
FORBIDDEN = {
    "a path of one machine": re.compile(r"/" + r"work/|/" + r"root/\.(pyenv|cache|local|config)"),
    "a host of a package registry": re.compile(
        r"deb\.deb" + r"ian\.org|py" + r"pi\.org|python" + r"hosted|npm" + r"js"
    ),
    "something left undone": re.compile(r"\bTO" + r"DO\b|\bFIX" + r"ME\b|NotImplemented" + r"Error"),
}


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def documentation(module: Path) -> dict[str, Any]:
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module.name} has no DOCUMENTATION")


def fragments(module: Path) -> list[str]:
    found = documentation(module).get("extends_documentation_fragment", [])
    return [found] if isinstance(found, str) else found


def takes_provider_options(module: Path) -> bool:
    own = set(documentation(module).get("options") or ())
    return "strategic.service_store.cloud" in fragments(module) or {"provider", "credential", "endpoints"} <= own


def text(source: Path) -> str | None:
    """Return the text of a source file, or None for a binary one and one that has just been removed."""
    try:
        return (ROOT / source).read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return None


@pytest.mark.slow
def test_the_action_group_is_every_module_with_provider_options() -> None:
    cloud = [m.stem for m in MODULES if takes_provider_options(m)]
    assert load("meta/runtime.yml")["action_groups"]["cloud"] == sorted(cloud)


def test_the_action_group_of_the_secret_store_is_every_module_that_takes_one() -> None:
    store = [m.stem for m in MODULES if "strategic.service_store.secret_store" in fragments(m)]
    assert load("meta/runtime.yml")["action_groups"]["secret_store"] == sorted(store)


def test_requires_ansible_names_the_oldest_pair() -> None:
    assert load("meta/runtime.yml")["requires_ansible"] == ">=2.19.0"


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.stem)
def test_a_module_says_what_it_does_in_check_and_diff_mode(module: Path) -> None:
    attributes = documentation(module)["attributes"]
    for name in ("check_mode", "diff_mode"):
        assert attributes[name]["support"] in {"full", "partial", "none"}
        assert attributes[name]["description"]
    assert attributes["check_mode"]["support"] != "none"


@pytest.mark.parametrize("role", ROLES, ids=lambda r: r.name)
def test_a_role_has_an_argument_spec_and_a_readme(role: Path) -> None:
    specs = load(f"roles/{role.name}/meta/argument_specs.yml")["argument_specs"]
    assert specs["main"]["short_description"] and specs["main"]["options"]
    assert len((role / "README.md").read_text(encoding="utf-8")) > 200


def test_every_python_file_names_its_license() -> None:
    # ansible-test wants the __init__.py files of plugins and tests to be empty.
    files = {p: text(p) for p in SOURCES if p.suffix == ".py"}
    assert not [str(p) for p, content in files.items() if content and not HEADER.match(content)]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    assert not [str(p) for p in SOURCES if p.name != "LICENSE" and FORBIDDEN[what].search(text(p) or "")]


def newer_than_3_9(source: Path) -> list[str]:
    """Return what a file uses that Python 3.9 does not have; grammar it does not have is a SyntaxError."""
    newer = {("dataclass", "slots"), ("dataclass", "kw_only"), ("zip", "strict")}
    calls = [n for n in ast.walk(ast.parse(text(source) or "", feature_version=(3, 9))) if isinstance(n, ast.Call)]
    used = [(getattr(call.func, "id", ""), keyword.arg) for call in calls for keyword in call.keywords]
    return [f"{source}: {function}({argument}=)" for function, argument in used if (function, argument) in newer]


@pytest.mark.slow
def test_module_side_code_is_python_3_9() -> None:
    """Modules run on hosts whose Python may be 3.9."""
    folders = {("plugins", "modules"), ("plugins", "module_utils")}
    sources = [p for p in SOURCES if p.suffix == ".py" and p.parts[:2] in folders]
    assert not [found for source in sources for found in newer_than_3_9(source)]


@pytest.mark.slow
def test_plugins_do_not_assert() -> None:
    # python -O drops assertions; what must hold is checked and said in words.
    sources = [p for p in SOURCES if p.suffix == ".py" and p.parts[0] == "plugins"]
    trees = {p: ast.parse(text(p) or "") for p in sources}
    assert not [str(p) for p, found in trees.items() if any(isinstance(n, ast.Assert) for n in ast.walk(found))]


def ignored(name: str) -> bool:
    patterns = load("galaxy.yml")["build_ignore"]
    parts = Path(name).parts
    prefixes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    return any(fnmatch.fnmatch(tried, pattern) for pattern in patterns for tried in [*prefixes, parts[-1]])


@pytest.mark.parametrize(
    "name",
    ["lab/cli.py", "tests/unit/x.py", ".ci/run", "Makefile", "docs/adr/0001.md", ".venv/x", ".venv-min/x", "build/x",
     "tools/setup.py", ".lab/ca/key.pem", ".cache/tree/x", "extensions/molecule/ipsec/molecule.yml"],
)  # fmt: skip
def test_what_only_a_checkout_needs_does_not_ship(name: str) -> None:
    assert ignored(name)


@pytest.mark.parametrize(
    "name",
    ["gateway/app.py", "baselines/linux.yml", "docs/docsite/links.yml", "requirements.txt", "README.md", "LICENSE",
     "extensions/eda/x.py", "roles/ipsec/README.md", "meta/execution-environment.yml"],
)  # fmt: skip
def test_what_users_need_ships(name: str) -> None:
    assert not ignored(name)


def test_no_sanity_finding_is_ignored() -> None:
    assert not list((ROOT / "tests" / "sanity").glob("ignore*"))


def test_every_runtime_requirement_has_a_lower_bound() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+>=[\d.]+", line) for line in lines if line and not line.startswith("#"))
