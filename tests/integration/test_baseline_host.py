# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""baseline and baseline_info on a real Debian 12 host with systemd and sshd, over SSH."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.baseline_breaks import BREAKS, HASH
from tests.support.baseline_host import BaselineHost, baseline_host
from tests.support.lab import Lab

pytestmark = pytest.mark.lab

# In a container these belong to the machine; the unit tests break them in a tree.
_MACHINE = ("aslr", "ptrace", "kptr", "dmesg", "bpf", "perf", "links", "fifos", "suid-dumpable")
KERNEL = {f"sysctl-{name}" for name in _MACHINE}


@pytest.fixture
def host(lab: Lab, tmp_path: Path) -> Iterator[BaselineHost]:
    """A host in its first state."""
    with baseline_host(lab, tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def untouched(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaselineHost]:
    """A host in its first state, for tests that show that nothing is changed."""
    with baseline_host(lab, tmp_path_factory.mktemp("untouched")) as started:
        # What the system itself does at midnight (backups of dpkg, rotation of logs) is no change of ours.
        started.shell("systemctl stop cron.service '*.timer'")
        yield started


def status(result: dict[str, Any]) -> dict[str, str]:
    return {finding["id"]: finding["status"] for finding in result["findings"]}


def failing(result: dict[str, Any]) -> set[str]:
    return {name for name, verdict in status(result).items() if verdict in ("fail", "error")}


def test_audit_changes_no_file(untouched: BaselineHost) -> None:
    before = untouched.tree_hash()
    first = untouched.run("baseline_info")
    second = untouched.run("baseline_info", "--check")
    assert untouched.tree_hash() == before
    assert first["findings"] == second["findings"]
    assert first["changed"] is False
    assert first["report"]["subject"] == "target"
    assert untouched.shell("ls /root/.ansible/tmp/service-store").startswith("controls."), "kept for the next run"


def test_check_mode_predicts_the_real_run_and_a_second_run_changes_nothing(host: BaselineHost) -> None:
    before = host.tree_hash()
    predicted = host.run("baseline", "--check", "--diff")
    assert host.tree_hash() == before
    real = host.run("baseline", "--diff")
    for part in ("findings", "repaired", "remaining", "changes", "summary", "report", "diff", "changed"):
        assert predicted[part] == real[part], part
    assert real["changed"] and real["summary"]["failed"] == 0
    assert host.reachable()
    again = host.run("baseline", "--diff")
    assert (again["changed"], again["diff"], again["changes"]) == (False, [], [])
    assert failing(again) == set()
    _disk_is_as_the_diff_says(host, real["diff"])


def _disk_is_as_the_diff_says(host: BaselineHost, diff: list[dict[str, str]]) -> None:
    after = {part["after_header"]: part["after"] for part in diff}
    for path in ("/etc/sudoers.d/zz-service-store", "/etc/sysctl.d/zz-service-store.conf", "/etc/issue"):
        attributes, content = "", after[path]
        if content.startswith("mode "):
            attributes, _newline, content = content.partition("\n")
        assert host.shell(f"cat {path}") == content
        assert not attributes or attributes == host.shell(f"stat -c 'mode 0%a, uid %u, gid %g' {path}").strip()


def test_every_control_is_broken_found_and_repaired(host: BaselineHost) -> None:
    assert not host.run("baseline").get("failed")
    broken = set(BREAKS) - KERNEL
    host.do([step for name in sorted(broken) for step in BREAKS[name]])
    found = host.run("baseline_info")
    assert broken - failing(found) == set()
    predicted = host.run("baseline", "--check", "--diff", "-vvv", fix_packages=True)
    real = host.run("baseline", "--diff", "-vvv", fix_packages=True)
    assert real.get("failed") is None, real.get("msg")
    assert (predicted["diff"], predicted["changes"]) == (real["diff"], real["changes"])
    assert broken <= set(real["repaired"])
    assert real["summary"]["failed"] == real["summary"]["errors"] == 0
    assert host.reachable()
    again = host.run("baseline", fix_packages=True)
    assert again["changed"] is False and failing(again) == set()
    for result in (found, predicted, real):
        assert HASH not in result["printed"], "no password hash leaves the host"


def test_packages_are_left_alone_unless_asked_for_and_an_owed_reload_is_made_up_for(host: BaselineHost) -> None:
    host.do(BREAKS["package-telnet"])
    left = host.run("baseline", controls=["package-*"])
    assert left["changed"] is False
    assert left["remaining"] == [{"id": "package-telnet", "why": "package changes are off (fix_packages: false)"}]
    host.shell("touch /run/service-store-baseline.reload-ssh")
    assert host.run("baseline", controls=["package-*"])["changes"] == ["update reload: ssh"]
    assert host.run("baseline", controls=["package-*"])["changed"] is False


def test_match_blocks_are_silenced_and_broken_files_are_errors(host: BaselineHost) -> None:
    host.shell("printf 'Match User bob\\n  X11Forwarding yes\\n' >> /etc/ssh/sshd_config")
    found = host.run("baseline", controls=["sshd-x11-forwarding"])
    assert "(Match User bob): yes" in found["findings"][0]["actual"]
    assert found["summary"]["passed"] == 1
    assert "# service_store baseline:   X11Forwarding yes" in host.shell("cat /etc/ssh/sshd_config")
    host.shell("echo 'Garbage in' >> /etc/ssh/sshd_config")
    result = host.run("baseline", controls=["sshd-x11-forwarding", "file-shells", "cron-d"])
    assert result["failed"] and "Garbage" in result["msg"]
    assert status(result)["sshd-x11-forwarding"] == "error"
    assert result["changed"] and "update file: /etc/cron.d" in result["applied"]


@pytest.mark.parametrize(
    ("options", "control", "message"),
    [
        pytest.param({"values": {"ssh_root_login": "no"}}, "sshd-root-login", "Ansible logs in as root", id="root"),
        pytest.param({"own": ("AllowUsers", "alice")}, "own-control", "root is not among the allowed", id="users"),
    ],
)
def test_a_repair_that_would_lock_us_out_is_refused(
    untouched: BaselineHost, options: dict[str, Any], control: str, message: str
) -> None:
    before = untouched.tree_hash()
    result = untouched.run("baseline", **_with_own(untouched, **options))
    assert result["failed"] and result["locked_out_by"] == [control]
    assert "would lock out the connecting user" in result["msg"] and message in result["msg"]
    assert untouched.tree_hash() == before
    assert untouched.reachable()


def test_a_configuration_that_sshd_refuses_is_not_installed(untouched: BaselineHost) -> None:
    before = untouched.tree_hash()
    result = untouched.run("baseline", **_with_own(untouched, own=("MaxAuthTries", "many")))
    assert result["failed"] and "nothing was changed" in result["msg"] and "sshd" in result["msg"]
    assert untouched.tree_hash() == before


def test_a_cloud_account_is_refused(untouched: BaselineHost) -> None:
    result = untouched.run("baseline", groups=("cloud_accounts",))
    assert result["failed"] and "is a cloud account" in result["msg"]


def _with_own(host: BaselineHost, own: tuple[str, str] | None = None, **options: Any) -> dict[str, Any]:
    if own is None:
        return options
    keyword, value = own
    control = {
        "id": "own-control",
        "title": "A control of the operator",
        "rationale": "An operator wants it so.",
        "severity": "low",
        "references": {},
        "read": {"reader": "sshd", "keyword": keyword.lower()},
        "want": {"equals": value},
        "fix": {"kind": "sshd", "keyword": keyword, "value": value},
    }
    path = host.folder / "own.yml"
    path.write_text(json.dumps({"controls": [control]}))
    return {**options, "files": [str(path)], "controls": ["own-control"]}
