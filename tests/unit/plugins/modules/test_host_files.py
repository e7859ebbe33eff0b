# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""host_files: what it says in check mode is what it does, a second run does nothing, and a secret is never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.host import files as host_files
from tests.support.module import ModuleFailed, run_module

SECRET = "Zq8wLm4RtXyPn6KdVb2HsJf9GcTe7Ua1"


def files(folder: Path, **changes: Any) -> list[dict[str, Any]]:
    return [
        {"path": str(folder / "etc/app"), "state": "folder", "mode": "0750"},
        {"path": str(folder / "etc/app/main.conf"), "content": "b = 1\na = 2\n", **changes},
        {"path": str(folder / "etc/app/key"), "secret_content": SECRET},
    ]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_check_mode_predicts_and_does_nothing(tmp_path: Path) -> None:
    predicted = run_module("host_files", {"files": files(tmp_path)}, check=True, diff=True)
    assert list(tmp_path.iterdir()) == []
    done = run_module("host_files", {"files": files(tmp_path)}, diff=True)
    assert (predicted["changed"], predicted["paths"], predicted["diff"]) == (True, done["paths"], done["diff"])


def test_content_and_modes_are_as_asked_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    run_module("host_files", {"files": files(tmp_path)})
    assert (tmp_path / "etc/app/main.conf").read_text() == "b = 1\na = 2\n"
    assert [mode(tmp_path / "etc/app" / name) for name in ("", "main.conf", "key")] == [0o750, 0o644, 0o600]
    again = run_module("host_files", {"files": files(tmp_path)})
    assert (again["changed"], again["paths"]) == (False, [])


@pytest.mark.parametrize("change", ["content", "mode"])
def test_a_drifted_file_is_put_right_and_named(tmp_path: Path, change: str) -> None:
    run_module("host_files", {"files": files(tmp_path)})
    path = tmp_path / "etc/app/main.conf"
    if change == "content":
        path.write_text("c = 3\n")
    else:
        path.chmod(0o666)
    assert run_module("host_files", {"files": files(tmp_path)})["paths"] == [str(path)]
    assert path.read_text() == "b = 1\na = 2\n" and mode(path) == 0o644


def test_the_diff_keeps_the_order_of_lines_and_hides_secrets(tmp_path: Path) -> None:
    done = run_module("host_files", {"files": files(tmp_path)}, diff=True)
    shown = {part["after_header"]: part["after"] for part in done["diff"]}
    assert shown[str(tmp_path / "etc/app/main.conf")] == "mode: 0644\nb = 1\na = 2\n"
    assert "pbkdf2:" in shown[str(tmp_path / "etc/app/key")]
    assert SECRET not in json.dumps(done)


def test_a_file_that_its_checker_refuses_is_not_put_in_place(tmp_path: Path) -> None:
    run_module("host_files", {"files": files(tmp_path)})
    with pytest.raises(ModuleFailed) as error:
        run_module("host_files", {"files": files(tmp_path, content="worse\n", validate=["grep", "a = 2", "%s"])})
    assert "was left as it is: grep a = 2 %s refuses the new one" in error.value.result["msg"]
    assert (tmp_path / "etc/app/main.conf").read_text() == "b = 1\na = 2\n"
    assert sorted(path.name for path in (tmp_path / "etc/app").iterdir()) == ["key", "main.conf"]


@pytest.mark.parametrize(
    ("checker", "why"),
    [
        (["no-such-checker", "%s"], "no-such-checker cannot be run"),
        (["sleep", "30"], "sleep did not answer within 0.2 s"),
    ],
)
def test_a_checker_that_gives_no_verdict_leaves_the_file_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checker: list[str], why: str
) -> None:
    monkeypatch.setattr(host_files, "VALIDATE_TIMEOUT_S", 0.2)
    with pytest.raises(ModuleFailed) as error:
        run_module("host_files", {"files": files(tmp_path, validate=checker)})
    assert why in error.value.result["msg"]
    assert not (tmp_path / "etc/app/main.conf").exists()


def test_absent_removes_and_a_root_is_put_before_every_path(tmp_path: Path) -> None:
    run_module("host_files", {"files": [{"path": "/etc/one", "content": "1"}], "root": str(tmp_path)})
    assert (tmp_path / "etc/one").read_text() == "1"
    gone = [{"path": "/etc", "state": "absent"}, {"path": "/never", "state": "absent"}]
    assert run_module("host_files", {"files": gone, "root": str(tmp_path)})["paths"] == [str(tmp_path / "etc")]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        pytest.param({"path": "etc/one", "content": ""}, "files[0].path: etc/one is not absolute", id="relative"),
        pytest.param({"path": "/one"}, "a file needs content", id="no content"),
        pytest.param({"path": "/one", "content": "", "mode": "644"}, "files[0].mode: 644 is no mode", id="mode"),
        pytest.param(
            {"path": "/one", "secret_content": SECRET, "mode": "0640"},
            "would let others read a secret",
            id="open secret",
        ),
    ],
)
def test_a_refusal_names_option_value_and_mend(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(ModuleFailed) as error:
        run_module("host_files", {"files": [raw]})
    assert says in error.value.result["msg"]
    assert SECRET not in json.dumps(error.value.result)
