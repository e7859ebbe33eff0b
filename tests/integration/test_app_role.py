# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role app on a host of the lab, from the lab's git server over TLS: good, bad, and back again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import Lab

pytestmark = pytest.mark.lab
HOST, NAME, PORT = "app-1", "board-test", 8099
PLAY = f"""
- name: Deploy
  hosts: {HOST}
  gather_facts: false
  tasks:
    - name: Deploy
      ansible.builtin.import_role:
        name: strategic.service_store.app
"""
REMOVE = (
    f"systemctl disable --quiet --now {NAME}.service; rm -rf /srv/{NAME} /etc/systemd/system/{NAME}.service "
    f"/etc/ssl/{NAME}-repo-ca.pem; systemctl daemon-reload; userdel {NAME}"
)


@dataclass(frozen=True)
class Run:
    """A finished run of ansible-playbook."""

    status: int
    output: str


class Deployer:
    """Runs the role and looks at the application the way its visitors do."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.address = lab.facts("hosts")["addresses"][HOST]
        self.commits: dict[str, str] = lab.facts("git")["commits"]
        (folder / "deploy.yml").write_text(PLAY)

    def run(self, version: str, *arguments: str, **variables: Any) -> Run:
        everything = {
            "app_name": NAME,
            "app_repo": self.lab.facts("git")["url"],
            "app_repo_ca_file": self.lab.ca_file,
            "app_version": version,
            "app_command": ["/usr/bin/python3", "-m", "board"],
            "app_port": PORT,
            "app_environment": {"BOARD_HOST": "0.0.0.0", "BOARD_PORT": PORT, "BOARD_DATA": "data"},
            **variables,
        }
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", self.lab.inventory, "deploy.yml"]
        done = subprocess.run(
            [*command, "--diff", "-e", json.dumps(everything), *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "ANSIBLE_CALLBACKS_ENABLED": "strategic.service_store.rollout_report",
                "ANSIBLE_NOCOLOR": "1",
                "SERVICE_STORE_REPORT_FOLDER": str(self.folder / "report"),
            },
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "report" / "report.json").read_text())
        return document

    def release_record(self) -> dict[str, Any]:
        return next(record for record in self.report()["records"] if record["kind"] == "release")

    def served(self) -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{self.address}:{PORT}/healthz", timeout=60) as answer:
            version: str = json.loads(answer.read())["version"]
        return version


@pytest.fixture
def deployer(lab: Lab, tmp_path: Path) -> Iterator[Deployer]:
    lab.ssh(HOST, REMOVE)
    yield Deployer(lab, tmp_path)
    lab.ssh(HOST, REMOVE)


def changes(run: Run) -> int:
    recap = next(line for line in run.output.splitlines() if line.startswith(f"{HOST} ") and "changed=" in line)
    return int(recap.split("changed=")[1].split()[0])


def diff_of_release(run: Run) -> str:
    return run.output.partition(f"--- before: /srv/{NAME}")[2].partition("\n\n")[0]


def test_deploy_upgrade_bad_release_and_roll_back(deployer: Deployer) -> None:
    fresh = deployer.run("v1", "--check")
    assert fresh.status == 0, fresh.output
    assert deployer.lab.ssh(HOST, f"test -e /srv/{NAME}").returncode != 0

    first = deployer.run("v1")
    assert first.status == 0, first.output
    assert deployer.served() == "1.0.0"
    assert deployer.release_record()["release"] == deployer.commits["v1"][:12]
    again = deployer.run("v1")
    assert (again.status, changes(again)) == (0, 0), again.output

    predicted = deployer.run("v2", "--check")
    assert deployer.served() == "1.0.0"
    upgraded = deployer.run("v2")
    assert upgraded.status == 0 and deployer.served() == "2.0.0"
    assert diff_of_release(predicted) == diff_of_release(upgraded) != ""
    assert changes(predicted) == changes(upgraded) == 1

    bad = deployer.run("v-bad")
    assert bad.status == 2 and "healthz answered 503, not 200" in bad.output
    assert deployer.served() == "2.0.0"
    record = deployer.release_record()
    assert (record["release"], record["previous"], record["rolled_back"], record["healthy"]) == (
        deployer.commits["v2"][:12],
        deployer.commits["v-bad"][:12],
        True,
        True,
    )
    assert deployer.report()["ok"] is False

    back = deployer.run("", app_state="rolled_back")
    assert back.status == 0 and deployer.served() == "1.0.0"
    assert changes(deployer.run("", app_state="rolled_back")) == 0


@pytest.mark.long
def test_the_unit_confines_the_application_and_a_change_of_it_restarts_it(deployer: Deployer) -> None:
    assert deployer.run("v1").status == 0
    ssh = deployer.lab.ssh
    exposure = ssh(HOST, f"systemd-analyze security --no-pager {NAME}.service | tail -1").stdout
    assert float(exposure.split(": ")[1].split()[0]) < 2.0, exposure
    before = ssh(HOST, f"systemctl show -p MainPID --value {NAME}.service").stdout
    owner = ssh(HOST, f"stat -c %U /proc/{before.strip()} /srv/{NAME}/current/board /srv/{NAME}/shared/data").stdout
    assert owner.split() == [NAME, "root", NAME]
    assert ssh(HOST, f"systemctl is-enabled {NAME}.service").stdout.strip() == "enabled"

    changed = deployer.run("v1", app_unit_options=["MemoryMax=256M"])
    assert changed.status == 0 and changes(changed) == 2, changed.output
    assert ssh(HOST, f"systemctl show -p MainPID --value {NAME}.service").stdout != before
    assert ssh(HOST, f"systemctl show -p MemoryMax --value {NAME}.service").stdout.strip() == str(256 << 20)

    # As if the run had died between the new unit and the restart.
    ssh(
        HOST, f"echo '# later' >> /etc/systemd/system/{NAME}.service; sleep 1; touch /etc/systemd/system/{NAME}.service"
    )
    assert changes(deployer.run("v1", app_unit_options=["MemoryMax=256M"])) >= 1
    assert changes(deployer.run("v1", app_unit_options=["MemoryMax=256M"])) == 0


def test_a_cloud_account_is_refused(deployer: Deployer) -> None:
    run = deployer.run("v1", service_store_account={"provider": "aws"})
    assert run.status == 2 and f"{HOST} is a cloud account, not a host" in run.output


def test_a_git_server_that_is_not_trusted_is_told_apart(deployer: Deployer) -> None:
    run = deployer.run("v1", app_repo_ca_file="")
    assert run.status == 2 and "(tls)" in run.output and "certificate authority in ca_file" in run.output
