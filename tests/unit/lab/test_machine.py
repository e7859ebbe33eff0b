# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that cannot run the lab is told what it lacks and the exact command."""

from __future__ import annotations

import ctypes
import os
import stat
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.machine import check_inotify, check_machine, inotify_in_use, missing_packages
from lab.podman import Podman, make_podman


def have(*absent: str):  # type: ignore[no-untyped-def]
    return lambda program: None if program in absent else f"/usr/bin/{program}"


def everywhere(_path: str) -> bool:
    return True


def test_a_complete_machine_passes() -> None:
    check_machine(0, have(), everywhere)


def test_missing_programs_become_one_apt_command() -> None:
    with pytest.raises(LabError, match=r"\n    apt-get install --no-install-recommends mmdebstrap podman$"):
        check_machine(0, have("podman", "mmdebstrap"), everywhere)


def test_who_is_not_root_gets_the_command_with_sudo() -> None:
    with pytest.raises(LabError, match="sudo apt-get install"):
        check_machine(1000, have("podman"), everywhere)
    with pytest.raises(LabError, match="needs root: .*\n    sudo "):
        check_machine(1000, have(), everywhere)


def test_netavark_is_no_program_on_the_path() -> None:
    assert missing_packages(have(), lambda path: "netavark" not in path) == ["netavark"]


def test_a_machine_without_tun_devices_is_told_why() -> None:
    with pytest.raises(LabError, match="/dev/net/tun.*modprobe tun"):
        check_machine(0, have(), lambda path: path != "/dev/net/tun")


def test_podman_that_does_not_work_says_so_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "podman"
    program.write_text("#!/bin/sh\necho 'Error: cannot set up namespace' >&2\nexit 125\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(LabError, match="podman does not work on this machine: Error: cannot set up namespace"):
        make_podman(tmp_path / "lab").check()


def test_no_podman_at_all_is_an_error_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="apt-get install podman"):
        Podman(tmp_path / "containers.conf", "k=v").check()


def test_the_settings_are_the_labs_own(tmp_path: Path) -> None:
    podman = make_podman(tmp_path)
    assert podman.environment()["CONTAINERS_CONF"] == str(tmp_path / "containers.conf")
    assert podman.label == f"service-store.lab={tmp_path}"


def test_too_few_inotify_instances_are_told_before_systemd_ends_without_a_word() -> None:
    check_inotify(12, in_use=60, limit=128)
    with pytest.raises(LabError, match="12 hosts need 48 .* hold 100 of the 128(.|\n)*max_user_instances=512"):
        check_inotify(12, in_use=100, limit=128)


def test_inotify_instances_are_counted(tmp_path: Path) -> None:
    libc = ctypes.CDLL(None)
    made = [libc.inotify_init() for _unused in range(3)]
    try:
        assert inotify_in_use() >= (3 if os.geteuid() == 0 else 0)
    finally:
        for descriptor in made:
            os.close(descriptor)
