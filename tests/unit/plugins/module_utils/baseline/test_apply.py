# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: whole or not at all, never through a link, and never over somebody else's change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.baseline import services
from ansible_collections.strategic.service_store.plugins.module_utils.baseline.apply import apply
from ansible_collections.strategic.service_store.plugins.module_utils.baseline.errors import BaselineError
from ansible_collections.strategic.service_store.plugins.module_utils.baseline.write import install
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline import Control
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_plan import (
    FileEdit,
    FileState,
    Repairs,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from tests.support.baseline_root import host

from .engine import Engine, tree_hash


def state(content: bytes | None, mode: int = 0o644) -> FileState:
    return FileState(content, mode, os.getuid(), os.getgid())


def edit(path: str, before: FileState | None, after: FileState | None) -> FileEdit:
    return FileEdit(path, before, after, ("own",))


def test_new_file_is_made_with_its_mode_and_its_folder(bare_root: Path) -> None:
    install(host(bare_root), edit("/etc/new.d/a.conf", None, state(b"x\n", 0o600)))
    made = bare_root / "etc/new.d/a.conf"
    assert (made.read_bytes(), made.stat().st_mode & 0o7777) == (b"x\n", 0o600)
    assert os.listdir(made.parent) == ["a.conf"], "no temporary file is left"


def test_file_that_changed_since_the_audit_is_left_alone(bare_root: Path) -> None:
    before = tree_hash(bare_root)
    with pytest.raises(BaselineError, match="changed while the baseline was at work"):
        install(host(bare_root), edit("/etc/shells", state(b"something else\n"), state(b"x\n")))
    assert tree_hash(bare_root) == before


def test_link_that_was_slipped_in_is_not_followed(bare_root: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("keep\n")
    victim.chmod(0o644)
    (bare_root / "home/x").symlink_to(victim)
    with pytest.raises(BaselineError):
        install(host(bare_root), edit("/home/x", state(None, 0o644), state(None, 0o600)))
    assert victim.stat().st_mode & 0o777 == 0o644


def test_disk_that_is_full_leaves_the_old_file(bare_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    before = tree_hash(bare_root)
    content = (bare_root / "etc/shells").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BaselineError, match="could not write /etc/shells: No space left on device"):
        install(host(bare_root), edit("/etc/shells", state(content), state(b"new\n")))
    assert tree_hash(bare_root) == before


def test_failure_half_way_tells_what_was_done(bare_root: Path) -> None:
    good = edit("/etc/a", None, state(b"a\n"))
    bad = edit("/etc/shells", state(b"not what is there\n"), state(b"x\n"))
    done: list[Change] = []
    with pytest.raises(BaselineError):
        apply(host(bare_root), Repairs((good, bad)), {}, done.append)
    assert [change.describe() for change in done] == ["add file: /etc/a"]


@pytest.mark.parametrize(
    ("path", "program"),
    [
        pytest.param("/etc/ssh/sshd_config.d/00-service-store.conf", "sshd", id="sshd"),
        pytest.param("/etc/sudoers", "visudo", id="sudo"),
    ],
)
def test_configuration_that_its_program_refuses_is_not_installed(bare_root: Path, path: str, program: str) -> None:
    old = bare_root / path.lstrip("/")
    before = state(old.read_bytes(), 0o440) if old.exists() else None
    hash_before = tree_hash(bare_root)
    harmless = edit("/etc/a", None, state(b"a\n"))
    with pytest.raises(BaselineError, match=f"nothing was changed: .*{program}: "):
        apply(host(bare_root), Repairs((harmless, edit(path, before, state(b"garbage in\n", 0o440)))), {}, print)
    assert tree_hash(bare_root) == hash_before


def test_sshd_that_does_not_take_its_files_up_gets_the_old_ones_back(
    bare_root: Path, controls: list[Control], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "reload_sshd", lambda _host: "sshd does not answer")
    chosen = [control for control in controls if control.id == "sshd-x11-forwarding"]
    before = (bare_root / "etc/ssh/sshd_config").read_bytes()
    with pytest.raises(BaselineError, match="sshd does not answer; its files were put back as they were"):
        Engine(bare_root, chosen).repair()
    assert (bare_root / "etc/ssh/sshd_config").read_bytes() == before
    assert not (bare_root / "etc/ssh/sshd_config.d/00-service-store.conf").exists()
    assert (bare_root / services.RELOAD_MARK.lstrip("/")).exists(), "the next run owes a reload"
