# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the readers see in files that are less tidy than Debian's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.baseline import (
    accounts,
    cron,
    files,
    lines,
    settings,
    sshd,
    sudo,
    sysctl,
    walk,
)
from ansible_collections.strategic.service_store.plugins.module_utils.baseline.host import Host
from ansible_collections.strategic.service_store.plugins.module_utils.baseline.sshd_config import directives
from tests.support.baseline_root import host
from tests.support.baseline_steps import Append, Folder, Write


@pytest.fixture
def root(bare_root: Path) -> Path:
    return bare_root


def write(root: Path, path: str, text: str, mode: int = 0o644) -> None:
    Write(path, text, mode).do(root)


def test_sshd_reads_includes_where_they_stand_and_match_blocks_to_their_end(root: Path) -> None:
    write(root, "/etc/ssh/sshd_config.d/10-a.conf", "Match User bob\n  X11Forwarding no\n")
    write(
        root,
        "/etc/ssh/sshd_config",
        "Banner=a\nInclude sshd_config.d/*.conf\nX11Forwarding yes\nMatch all\nMaxSessions 2\n",
    )
    seen = [
        (line.path[9:], line.line, line.keyword, line.value, line.match, line.before_dropin)
        for line in directives(host(root))
    ]
    assert seen == [
        ("sshd_config", 1, "banner", "a", "", True),
        ("sshd_config.d/10-a.conf", 2, "x11forwarding", "no", "User bob", False),
        ("sshd_config", 3, "x11forwarding", "yes", "", False),
        ("sshd_config", 5, "maxsessions", "2", "", False),
    ]


def test_sshd_include_loop_ends(root: Path) -> None:
    write(root, "/etc/ssh/sshd_config.d/10-a.conf", "Include /etc/ssh/sshd_config.d/10-a.conf\nBanner a\n")
    assert len([line for line in directives(host(root)) if line.keyword == "banner"]) < 20


def test_sshd_tells_the_options_of_its_unit_too(root: Path) -> None:
    write(root, "/etc/default/ssh", 'SSHD_OPTS="-o Banner=none -4"\n')
    assert sshd.command(host(root), "-T") == ["/usr/sbin/sshd", "-T", "-o", "Banner=none", "-4"]


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        pytest.param("permitrootlogin", "without-password", "prohibit-password", id="old-name"),
        pytest.param("logingracetime", "1h30m", "5400", id="time"),
        pytest.param("x11forwarding", "Yes", "yes", id="case"),
        pytest.param("banner", '"/etc/a b"', "/etc/a b", id="quotes"),
    ],
)
def test_sshd_values_of_match_blocks_are_written_as_sshd_prints_them(keyword: str, value: str, expected: str) -> None:
    assert sshd.normal(keyword, value) == expected


def test_sshd_that_does_not_start_is_an_error_that_says_why(root: Path) -> None:
    Append("/etc/ssh/sshd_config", "Garbage in\n").do(root)
    seen = sshd.read(host(root), {"keyword": "banner"})
    assert (seen.status, seen.reason) == ("error", "sshd -T: Bad configuration option: garbage")


def test_sudo_last_value_wins_and_scopes_are_told_apart(root: Path) -> None:
    text = (
        "Defaults !env_reset\nDefaults:bob !use_pty\n#includedir /etc/sudoers.d\n"
        "Defaults  env_reset, \\\n timestamp_timeout = 5\n"
    )
    write(root, "/etc/sudoers", text)
    write(root, "/etc/sudoers.d/has.dot", "Defaults !env_reset\n")
    reset = sudo.read(host(root), {"setting": "env_reset"}).items
    assert [(item.value, item.line) for item in reset] == [("yes", 4)]
    timeout = sudo.read(host(root), {"setting": "timestamp_timeout"}).items[0]
    assert (timeout.value, timeout.places) == ("5", (("/etc/sudoers", 4),))
    pty = sudo.read(host(root), {"setting": "use_pty", "default": "no"}).items
    assert [(item.value, item.aspect) for item in pty] == [("no", ""), ("no", "Defaults:bob")]


def test_sysctl_exact_name_wins_over_pattern_and_etc_hides_usr_lib(root: Path) -> None:
    write(root, "/usr/lib/sysctl.d/50-a.conf", "net.ipv4.conf.all.rp_filter = 2\n")
    write(root, "/etc/sysctl.d/50-a.conf", "# hidden\nnet/ipv4/ip_forward=1\n")
    write(root, "/etc/sysctl.d/99-b.conf", "net.ipv4.conf.*.rp_filter = 0\n-net.ipv4.ip_forward = 0\n")
    reverse = sysctl.read(host(root), {"keys": ["net.ipv4.conf.all.rp_filter"]}).items[1]
    assert (reverse.value, reverse.path, reverse.line) == ("0", "/etc/sysctl.d/99-b.conf", 1)
    forward = sysctl.read(host(root), {"keys": ["net.ipv4.ip_forward"]}).items[1]
    assert (forward.value, forward.line) == ("0", 2)


def test_sysctl_evidence_is_the_file_behind_debians_link(root: Path) -> None:
    write(root, "/etc/sysctl.conf", "net.ipv4.ip_forward=1\n")
    (root / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    assert sysctl.read(host(root), {"keys": ["net.ipv4.ip_forward"]}).items[1].evidence == "/etc/sysctl.conf:1"


def test_sysctl_that_this_kernel_does_not_have_is_not_applicable(root: Path) -> None:
    seen = sysctl.read(host(root), {"keys": ["net.ipv6.conf.all.seg6_enabled"]})
    assert (seen.status, seen.reason) == ("not_applicable", "this kernel does not have net.ipv6.conf.all.seg6_enabled")


def test_accounts_never_hold_a_hash(root: Path) -> None:
    Append(
        "/etc/passwd", "a:x:1001:1001::/:/bin/sh\nb:$6$oldhash:1002:1002::/:/bin/sh\nc::1003:1003::/:/bin/sh\nbroken\n"
    ).do(root)
    Append("/etc/shadow", "a:$y$j9T$hash:20000:0:99999:7:::\n").do(root)
    items = accounts.read(host(root), {"field": "password", "of": "people"}).items
    assert [(item.subject, item.value) for item in items] == [("a", "set"), ("b", "set"), ("c", "empty")]
    assert "$" not in repr(items)


def test_settings_last_line_wins_and_quotes_go(root: Path) -> None:
    write(root, "/etc/default/useradd", 'INACTIVE=1\n# INACTIVE=2\nINACTIVE="30"\nINACTIVEX=4\n')
    assert settings.read(host(root), {"path": "/etc/default/useradd", "key": "INACTIVE"}).items[0].value == "30"


def test_lines_ignore_what_is_no_file(root: Path) -> None:
    os.mkfifo(root / "etc/profile.d/pipe.sh")
    write(root, "/etc/profile.d/a.sh", "TMOUT=9\n")
    found = lines.read(host(root), {"paths": ["/etc/profile.d/*.sh"], "pattern": r"TMOUT=(\d+)"})
    assert [item.value for item in found.items] == ["9"]


def test_files_follow_a_link_to_what_it_names(root: Path) -> None:
    write(root, "/etc/real", "x", 0o640)
    (root / "etc/link").symlink_to("real")
    item = files.read(host(root), {"paths": ["/etc/link"]}).items[0]
    assert (item.path, item.value["mode"]) == ("/etc/real", 0o640)


def test_cron_finds_the_programs_of_roots_jobs(root: Path) -> None:
    for name in ("a", "b", "users"):
        write(root, f"/opt/{name}", "#!/bin/true\n")
    text = "PATH=/opt/b\n# * * * * * root /opt/b\n@daily root cd /opt && /opt/a --x=/no\n* * * * * bob /opt/users\n"
    write(root, "/etc/cron.d/job", text)
    assert [item.subject for item in cron.read(host(root), {}).items] == ["/opt/a"]


def test_walk_survives_hostile_names_and_leaves_containers_alone(root: Path) -> None:
    hostile = os.fsencode(root) + b"/opt/\xff\n\x1b[31mred"
    with open(hostile, "w"):
        os.chmod(hostile, 0o666)
    write(root, "/var/lib/containers/x/y", "", 0o666)
    os.symlink("/nonexistent", root / "opt/dangling")
    Folder("/opt/deep/" + "d/" * 60, 0o755).do(root)
    found = walk.read(host(root), {"find": "world_writable_files"}).items
    assert [item.name for item in found] == ["/opt/\\udcff\\n\\x1b[31mred"]


def test_walk_takes_patterns_of_exceptions(root: Path) -> None:
    write(root, "/opt/lib/a/b", "", 0o666)
    assert not walk.read(host(root), {"find": "world_writable_files", "except": ["/opt/lib/*"]}).items


def test_a_file_is_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, *more: opened.append(path) or real(path, *more))
    one = Host(str(root))
    assert one.read("/etc/passwd") == one.read("/etc/passwd")
    assert len(opened) == 1
