# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Baselines as data: a mistake is shown at its line, before any host is asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.baseline.observe import READERS
from ansible_collections.strategic.service_store.plugins.module_utils.model import baseline_want
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_fix import FIXERS
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline import load
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.bundle import pack, resolve, select
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.errors import BaselineInvalid
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.load import load_baseline
from tools import baseline_table

GOOD = """\
controls:
  - id: own-umask
    title: Our own rule on umask
    rationale: Our policy asks for it since the audit.
    severity: low
    references: {}
    read:
      reader: settings
      path: /etc/login.defs
      key: UMASK
    want:
      umask_at_least: "${own_umask}"
    fix:
      kind: setting
      path: /etc/login.defs
      key: UMASK
      value: "${own_umask}"
    values:
      own_umask: {type: str, default: "0027", description: Octal.}
"""


@pytest.fixture(scope="module")
def shipped() -> list[dict[str, Any]]:
    return load_baseline("debian12", [], check_shipped=True).controls


def own(tmp_path: Path, text: str) -> list[dict[str, Any]]:
    path = tmp_path / "own.yml"
    path.write_text(text)
    return load_baseline(str(path), []).controls


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(BaselineInvalid) as caught:
        own(tmp_path, text)
    return str(caught.value).replace(str(tmp_path), "")


def test_good_file_loads_and_values_are_filled_in(tmp_path: Path) -> None:
    resolved = resolve(own(tmp_path, GOOD), {"own_umask": "0077"})
    assert (resolved[0]["want"], resolved[0]["fix"]["value"]) == ({"umask_at_least": "0077"}, "0077")


WANTED = 'umask_at_least: "${own_umask}"'
FIRST_PATH = "      path: /etc/login.defs\n      key: UMASK\n    want"
UNDEFINED = r"^/own.yml:12: .*\$\{own_mask\} is not among its values \(own_umask\)"
NO_TEXT = r"^/own.yml:19: .*is 27, which is not of type str"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("severity: low", "severity: lwo", r"^/own.yml:5: controls.0.severity: 'lwo' is not", id="choice"),
        pytest.param("    severity", "    sevrity", r"^/own.yml:(2|5): .*sevrity", id="unknown-key"),
        pytest.param("reader: settings", "reader: setings", r"^/own.yml:8: .*'setings' is not", id="unknown-reader"),
        pytest.param(
            FIRST_PATH, FIRST_PATH.partition("\n")[2], r"^/own.yml:7: .*'path' is a required", id="missing-parameter"
        ),
        pytest.param("id: own-umask", "id: Own Umask", r"^/own.yml:2: .*does not match", id="bad-id"),
        pytest.param(WANTED, "umask_at_least: 0027", r"^/own.yml:12: .*", id="octal-without-quotes"),
        pytest.param(WANTED, 'umask_at_least: "${own_mask}"', UNDEFINED, id="undefined-value"),
        pytest.param('default: "0027"', "default: 27", NO_TEXT, id="default-of-other-type"),
        pytest.param("kind: setting", "kind: [", r"^/own.yml:\d+: is not YAML", id="not-yaml"),
        pytest.param("controls:", "contrls:", r"^/own.yml:1: ", id="unknown-top"),
    ],
)
def test_mistake_is_shown_at_its_line(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert before in GOOD
    assert re.search(expected, refusal(tmp_path, GOOD.replace(before, after, 1)))


def test_control_defined_twice_names_both_places(tmp_path: Path) -> None:
    again = GOOD + GOOD.removeprefix("controls:\n")
    assert refusal(tmp_path, again) == "/own.yml:20: control own-umask is already defined at /own.yml:2"


def test_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    assert "includes itself" in refusal(tmp_path, "include: [own.yml]\n")


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaselineInvalid, match=r"none\.yml: cannot be read: No such file"):
        load_baseline(str(tmp_path / "none.yml"), [])


def test_unknown_baseline_names_those_that_exist() -> None:
    with pytest.raises(BaselineInvalid, match="debian13 is none of debian12"):
        load_baseline("debian13", [])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({"ssh_rot_login": "no"}, "did you mean ssh_root_login", id="unknown"),
        pytest.param({"ssh_root_login": "yes"}, "none of no, prohibit-password", id="no-choice"),
        pytest.param({"ssh_max_auth_tries": 100}, "the most is 6", id="too-much"),
        pytest.param({"ssh_max_auth_tries": "4"}, "not of type int", id="text-for-number"),
        pytest.param({"ssh_max_auth_tries": True}, "not of type int", id="yes-is-no-number"),
        pytest.param({"sudo_logfile": "/x\nALL ALL=(ALL) NOPASSWD: ALL"}, "holds a line break", id="line-break"),
        pytest.param({"ssh_ciphers": ["aes256-ctr\nPermitRootLogin yes"]}, "holds a line break", id="in-a-list"),
    ],
)
def test_unfit_value_is_refused(shipped: list[dict[str, Any]], values: dict[str, Any], expected: str) -> None:
    with pytest.raises(BaselineInvalid, match=expected):
        resolve(shipped, values)


def test_pattern_that_fits_nothing_is_refused(shipped: list[dict[str, Any]]) -> None:
    with pytest.raises(BaselineInvalid, match="sshd-x11 fits no control; did you mean"):
        select(shipped, ["sshd-x11"], [])
    with pytest.raises(BaselineInvalid, match="leave nothing"):
        select(shipped, ["sshd-*"], ["sshd-*"])


def test_selection_keeps_order(shipped: list[dict[str, Any]]) -> None:
    chosen = [control["id"] for control in select(shipped, ["sudo-*", "sshd-ba*"], ["sudo-files"])]
    assert chosen[0] == "sshd-banner" and "sudo-files" not in chosen and "sudo-use-pty" in chosen


def test_same_choices_make_the_same_bundle(shipped: list[dict[str, Any]]) -> None:
    again = load_baseline("debian12", []).controls
    assert pack(resolve(shipped, {})).name == pack(resolve(again, {})).name
    assert pack(resolve(shipped, {})).name != pack(resolve(shipped, {"ssh_root_login": "no"})).name


def test_bundle_stays_small(shipped: list[dict[str, Any]]) -> None:
    assert len(pack(resolve(shipped, {})).content) < 64 * 1024


def test_schema_and_engine_know_the_same_words() -> None:
    definitions = yaml.safe_load(load.SCHEMA.read_text())["$defs"]
    assert sorted(definitions["read"]["properties"]["reader"]["enum"]) == sorted(READERS)
    assert set(definitions["fix"]["properties"]["kind"]["enum"]) == {*FIXERS, "manual"}
    assert sorted(definitions["want"]["properties"]) == sorted(baseline_want.names())


def test_every_shipped_value_and_control_is_told_apart(shipped: list[dict[str, Any]]) -> None:
    names = [name for control in shipped for name in control.get("values", {})]
    assert len(names) == len(set(names)), "a value is set by its name alone"
    titles = [control["title"] for control in shipped]
    assert len(titles) == len(set(titles))


def test_every_severity_and_reference_is_there(shipped: list[dict[str, Any]]) -> None:
    assert len(shipped) >= 60
    assert {control["severity"] for control in shipped} == {"low", "medium", "high"}
    referenced = [control for control in shipped if control["references"]]
    assert len(referenced) > 0.8 * len(shipped)


def test_page_of_controls_is_up_to_date() -> None:
    written = baseline_table.PAGE.read_text(encoding="utf-8")
    assert written == baseline_table.page("debian12"), "run: python -m tools.baseline_table"
