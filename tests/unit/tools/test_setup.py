# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make setup` on machines that lack something."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tools import debian, index, pythons


@pytest.fixture
def bindep(tmp_path: Path) -> Path:
    path = tmp_path / "bindep.txt"
    path.write_text("# comment\nno-such-package-1 [platform:dpkg]  # why\nno-such-package-2\n\n", encoding="utf-8")
    return path


@pytest.fixture
def no_dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def answer(folder: Path, name: str, text: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    program.chmod(0o755)


def test_without_root_the_exact_command_is_named(bindep: Path, no_dpkg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(no_dpkg, "dpkg-query", "exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="not root") as error:
        debian.Packages.missing_from(bindep).start()
    command = "sudo apt-get update && sudo apt-get install --no-install-recommends -y"
    assert f"{command} no-such-package-1 no-such-package-2" in str(error.value)


def test_what_is_installed_is_not_asked_for(bindep: Path, no_dpkg: Path) -> None:
    answer(no_dpkg, "dpkg-query", 'case "$4$3" in *-1*) echo "ii ";; *) exit 1;; esac')
    assert debian.Packages.missing_from(bindep).names == ["no-such-package-2"]


def test_a_machine_without_dpkg_is_told_what_the_lab_needs(
    bindep: Path, no_dpkg: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert debian.Packages.missing_from(bindep).names == []
    assert "no-such-package-1 no-such-package-2" in capsys.readouterr().err


def test_a_failing_apt_is_shown(tmp_path: Path, no_dpkg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(no_dpkg, "apt-get", "echo no route to the mirror; exit 100")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "LOG", tmp_path / "apt.log")
    with pytest.raises(SystemExit, match="apt failed for thing") as error:
        debian.Packages(["thing"]).start().finish()
    assert "no route to the mirror" in str(error.value)


@pytest.mark.slow
def test_uv_gets_the_index_that_pip_is_configured_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://index.example/simple\nextra-index-url =\n  https://a.example/simple\n"
        "  https://b.example/simple\nfind-links = /wheels\ncert = /ca.pem\n",
        encoding="utf-8",
    )
    for name in [n for n in os.environ if n.startswith(("PIP_", "UV_")) or n == "SSL_CERT_FILE"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_FIND_LINKS", "/other")
    env = index.environment_for_uv(Path(sys.executable))
    assert env["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert env["UV_INDEX"] == "https://a.example/simple https://b.example/simple"
    assert env["UV_FIND_LINKS"] == "/other"
    assert env["SSL_CERT_FILE"] == "/ca.pem"


def test_an_interpreter_that_does_not_run_is_not_found(no_dpkg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine may keep real interpreters of that version below the home of whoever runs the tests.
    monkeypatch.setenv("PYENV_ROOT", str(no_dpkg))
    monkeypatch.setenv("HOME", str(no_dpkg))
    answer(no_dpkg, "python3.8", "exit 127")
    assert pythons.find((3, 8)) is None
