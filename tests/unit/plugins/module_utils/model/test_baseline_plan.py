# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs as values: what several controls do to one file, what is withheld, and what the diff shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline import Control, Finding, Item
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_diff import diff, hide_hashes
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_fix import FIXERS
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_fix_accounts import locked
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_fix_dropin import (
    SSHD_DROPIN,
    SSHD_MAIN,
    SUDO_DROPIN,
    SUDO_MAIN,
    split_sudo_settings,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_plan import (
    FileState,
    Repairs,
    Workspace,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_text import (
    add_line,
    set_setting,
)

NAMES = {"users": {"root": 0, "alice": 1000}, "groups": {"root": 0, "shadow": 42}}
INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\n"


class Files(dict[str, FileState]):
    """A FileSource of texts."""

    def __init__(self, **texts: str) -> None:
        super().__init__()
        for path, text in texts.items():
            self.add(path, text)

    def add(self, path: str, text: str, mode: int = 0o644) -> None:
        self[path] = FileState(text.encode(), mode, 0, 0)

    def stat(self, path: str) -> FileState | None:
        state = self.get(path)
        return FileState(None, state.mode, state.uid, state.gid) if state else None

    def load(self, path: str) -> FileState | None:
        return self.get(path)


def control(name: str, fix: dict[str, Any], **more: Any) -> Control:
    data = {"id": name, "title": name, "severity": "low", "read": {}, "want": {}, "fix": fix, **more}
    return Control.parse(data)


def repairs(files: Files, *failing: tuple[Control, tuple[Item, ...]], **options: bool) -> Repairs:
    findings = [Finding(one.id, one.title, "low", "fail", "", "", (), items) for one, items in failing]
    chosen = {"packages": False, "disruptive": True, **options}
    return plan(findings, [one for one, _items in failing], Workspace(files, NAMES), FIXERS, **chosen)


def text(planned: Repairs, path: str) -> str:
    after = next(edit.after for edit in planned.files if edit.path == path)
    assert after is not None and after.content is not None
    return after.content.decode()


def sshd(keyword: str, value: str) -> Control:
    return control(f"sshd-{keyword.lower()}", {"kind": "sshd", "keyword": keyword, "value": value})


def test_two_controls_share_one_dropin_and_one_edit() -> None:
    files = Files(**{SSHD_MAIN: INCLUDE})
    item = (Item("x", "yes", SSHD_MAIN, 5),)
    planned = repairs(files, (sshd("X11Forwarding", "no"), item), (sshd("Banner", "/etc/issue.net"), item))
    assert [edit.path for edit in planned.files] == [SSHD_DROPIN]
    assert text(planned, SSHD_DROPIN).splitlines()[1:] == ["Banner /etc/issue.net", "X11Forwarding no"]
    assert planned.controls == ("sshd-banner", "sshd-x11forwarding")


def test_without_an_include_the_settings_go_to_the_top_of_sshd_config() -> None:
    files = Files(**{SSHD_MAIN: "Port 22\nMatch User bob\nX11Forwarding yes\n"})
    match = Item("x", "yes", SSHD_MAIN, 3, "Match User bob")
    planned = repairs(
        files,
        (sshd("Banner", "none"), (Item("x", "b"),)),
        (sshd("X11Forwarding", "no"), (match,)),
    )
    lines = text(planned, SSHD_MAIN).splitlines()
    assert lines.index("Banner none") < lines.index("Port 22")
    assert lines[-1] == "# service_store baseline: X11Forwarding yes", "line numbers hold though lines were added above"


def test_what_sshd_would_read_first_is_silenced() -> None:
    early = "/etc/ssh/sshd_config.d/00-a.conf"
    files = Files(**{SSHD_MAIN: INCLUDE, early: "# mine\nX11Forwarding yes\n"})
    item = Item("x", "yes", early, 2, places=((early, 2),))
    planned = repairs(files, (sshd("X11Forwarding", "no"), (item,)))
    assert text(planned, early) == "# mine\n# service_store baseline: X11Forwarding yes\n"


def test_one_sudo_setting_is_taken_out_of_a_line_with_others() -> None:
    late = "/etc/sudoers.d/zzz"
    files = Files(
        **{SUDO_MAIN: "@includedir /etc/sudoers.d\n", late: 'Defaults !use_pty, \\\n  badpass_message="a, b"\n'}
    )
    one = control("sudo-use-pty", {"kind": "sudo", "setting": "use_pty"})
    planned = repairs(files, (one, (Item("use_pty", "no", late, 1, places=((late, 1),)),)))
    assert text(planned, late) == 'Defaults badpass_message="a, b"\n\n'
    assert text(planned, SUDO_DROPIN).endswith("Defaults use_pty\n")


def test_split_keeps_commas_in_quotes() -> None:
    assert split_sudo_settings('!a, b="c, d",e=1') == ["!a", 'b="c, d"', "e=1"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param({}, "package changes are off (fix_packages: false)", id="packages-off"),
        pytest.param(
            {"packages": True, "disruptive": False}, "disruptive repairs are off (fix_disruptive: false)", id="gentle"
        ),
    ],
)
def test_withheld_repairs_say_why(options: dict[str, bool], why: str) -> None:
    one = control("package-telnet", {"kind": "package_absent"}, disruptive=True)
    planned = repairs(Files(), (one, (Item("telnet", "1.0"),)), **options)
    assert (planned.changed, planned.withheld) == (False, {"package-telnet": why})


def test_manual_controls_give_their_reason() -> None:
    one = control("own", {"kind": "manual", "reason": "two owners have to agree"})
    assert repairs(Files(), (one, (Item("x", "y"),))).withheld == {"own": "two owners have to agree"}


def test_a_strangers_set_uid_program_is_not_made_roots() -> None:
    files = Files()
    files["/opt/x"] = FileState(b"", 0o4755, 4242, 4242)
    one = control("own", {"kind": "attributes", "owner": "root", "group": "root", "drop_suid": True})
    planned = repairs(files, (one, (Item("/opt/x", {}, "/opt/x"),)))
    assert planned.files[0].after == FileState(None, 0o755, 0, 0)


def test_owner_that_is_allowed_already_stays() -> None:
    files = Files()
    files["/etc/shadow"] = FileState(b"", 0o644, 0, 42)
    one = control("own", {"kind": "attributes"}, want={"mode_at_most": "0640", "group": ["root", "shadow"]})
    planned = repairs(files, (one, (Item("/etc/shadow", {}, "/etc/shadow"),)))
    assert planned.files[0].after == FileState(None, 0o640, 0, 42)


def test_diff_of_shadow_shows_no_hash() -> None:
    files = Files(**{"/etc/shadow": "alice:$y$j9T$abcdefgh$ijklmnop:20000:0:99999:7:::\nbob::1::::::\n"})
    lock = control("own", {"kind": "account", "lock": True})
    shown = str(diff(repairs(files, (lock, (Item("alice", "set"), Item("bob", "empty"))))))
    assert "$y$" not in shown
    assert "alice:(hash):" in shown and "alice:!(hash):" in shown and "bob:!:" in shown


@given(st.text(alphabet="abcXYZ0189./$", min_size=9, max_size=60), st.sampled_from(["", "!", "!!", "*"]))
def test_no_hash_survives_in_a_shadow_line(secret: str, mark: str) -> None:
    assert secret not in hide_hashes(f"alice:{mark}{secret}:20000:0:99999:7:::\n")
    assert secret not in hide_hashes(f"$stray {secret}\n")


@given(st.text(alphabet="$abc!*", max_size=10))
def test_a_locked_password_is_locked_and_locking_it_again_changes_nothing(password: str) -> None:
    assert locked(password).startswith(("!", "*"))
    assert locked(locked(password)) == locked(password)


LINE = st.text(alphabet="ab =#\t1", max_size=12)


@given(st.lists(LINE, max_size=6).map(lambda lines: "".join(line + "\n" for line in lines)))
def test_setting_a_key_twice_is_setting_it_once_and_other_lines_stay(before: str) -> None:
    after = set_setting(before, "UMASK", "027", " ")
    assert set_setting(after, "UMASK", "027", " ") == after
    assert "UMASK 027" in after.splitlines()
    assert [line for line in after.splitlines() if not line.startswith("UMASK")] == before.splitlines()


def test_the_last_of_several_lines_is_set_and_comments_are_not() -> None:
    before = "# UMASK 000\nUMASK 022\nUMASK 002\n"
    assert set_setting(before, "UMASK", "027", " ") == "# UMASK 000\nUMASK 022\nUMASK 027\n"


def test_a_file_without_a_last_newline_keeps_its_last_line() -> None:
    assert add_line("a", "b") == "a\nb\n"
    assert add_line("a\nb\n", "b") == "a\nb\n"
