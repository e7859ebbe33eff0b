# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback in real runs of ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # every test runs ansible-playbook

SECRET = "correct-horse-battery-staple-77"

INVENTORY = """
all:
  vars: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  children:
    cloud_accounts:
      hosts:
        acme-aws:
          service_store_customer: acme-of-the-register
          service_store_account: {provider: aws, egress: store-1, access: [allowlist], note: SECRET}
        acme-azure:
    app_hosts:
      hosts: {app-1: {service_store_account_name: acme-aws}}
"""
HOST_VARS = "service_store_account: {provider: azure, customer: acme, access: [{method: allowlist}]}\n"

PLAYBOOK = """
- name: Check credentials
  hosts: cloud_accounts
  gather_facts: false
  vars: {service_store_stage: onboard, service_store_report_title: From a variable}
  tasks:
    - ansible.builtin.set_fact:
        service_store_report: {kind: credential, subject: "{{ inventory_hostname }}", state: present, secret: SECRET}
    - ansible.builtin.set_fact:
        service_store_report:
          kind: proof
          subject: "{{ inventory_hostname }}"
          what: API call
          source: "{{ item }}"
          expected: "{{ 'allowed' if item == 'store-1' else 'refused' }}"
          actual: "{{ 'allowed' if item == 'store-1' else 'refused' }}"
          password: SECRET
      loop: [store-1, outsider]
    - ansible.builtin.set_fact:
        service_store_report: {kind: tunnel, name: SECRET, up: true}
      no_log: true
- name: Register them
  hosts: cloud_accounts
  gather_facts: false
  vars: {service_store_stage: onboard}
  tasks:
    - ansible.builtin.debug: {msg: SECRET}
- name: Deploy
  hosts: app_hosts
  gather_facts: false
  tasks:
    - ansible.builtin.command: {argv: ["true"]}
      when: not ansible_check_mode
    - ansible.builtin.fail: {msg: "the application said password=SECRET"}
      when: outcome | default('good') == 'bad'
    - ansible.builtin.fail: {msg: SECRET}
      no_log: true
      when: outcome | default('good') == 'bad'
      ignore_errors: true
"""


class Project:
    """A folder with an inventory and a playbook, and the report that a run leaves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "host_vars").mkdir()
        (folder / "inventory.yml").write_text(INVENTORY.replace("SECRET", SECRET))
        (folder / "host_vars" / "acme-azure.yml").write_text(HOST_VARS)
        (folder / "site.yml").write_text(PLAYBOOK.replace("SECRET", SECRET))
        (folder / "ansible.cfg").write_text(
            "[defaults]\ncallbacks_enabled = strategic.service_store.rollout_report\nstdout_callback = minimal\n"
            "[callback_rollout_report]\nfolder = reports\nformats = html, json, text\n"
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventory.yml", *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        return subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**clean, "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), **environment},
        )

    def report(self, folder: str = "reports") -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / folder / "report.json").read_text())
        return document


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_good_run_is_reported(project: Project) -> None:
    run = project.run("site.yml")
    assert run.returncode == 0, run.stdout + run.stderr
    report = project.report()
    assert report["ok"] is True
    assert report["title"] == "From a variable"
    assert [stage["name"] for stage in report["stages"]] == ["onboard", "Deploy"]
    assert {account["name"]: account["methods"] for account in report["accounts"]} == {
        "acme-aws": ["allowlist"],
        "acme-azure": ["allowlist"],
    }
    assert {account["name"]: account["customer"] for account in report["accounts"]} == {
        "acme-aws": "acme-of-the-register",
        "acme-azure": "acme",
    }
    edges = [(edge["from"], edge["to"]) for edge in report["topology"]["edges"] if edge["kind"] in ("proxy", "host")]
    assert edges == [("host:store-1", "account:acme-aws"), ("host:app-1", "account:acme-aws")]
    assert sum(record["kind"] == "proof" for record in report["records"]) == 4
    assert {host["name"]: host["changed"] for host in report["hosts"]} == {"acme-aws": 0, "acme-azure": 0, "app-1": 1}
    assert "From a variable: CHANGED | 2 accounts | 1 host | 4 of 4 proofs hold" in run.stdout
    assert "Report: " in run.stdout


def test_a_failed_run_is_reported_as_failed(project: Project) -> None:
    run = project.run("site.yml", "-e", "outcome=bad")
    assert run.returncode == 2
    report = project.report()
    assert report["ok"] is False
    assert [(failure["host"], failure["message"]) for failure in report["failures"]] == [
        ("app-1", "the application said password=***")
    ]
    assert "FAILED app-1, Deploy" in run.stdout


@pytest.mark.parametrize("outcome", ["good", "bad"])
def test_no_secret_in_what_the_callback_leaves(project: Project, outcome: str) -> None:
    project.run("site.yml", "-e", f"outcome={outcome}", "-vvvv")
    for path in (project.folder / "reports").iterdir():
        assert SECRET not in path.read_text(), path.name
        assert path.stat().st_mode & 0o777 == 0o600


def test_check_mode_is_reported(project: Project) -> None:
    project.run("site.yml", "--check")
    assert project.report()["check_mode"] is True


def test_several_playbooks_make_one_report(project: Project) -> None:
    (project.folder / "more.yml").write_text("- import_playbook: site.yml\n")
    project.run("site.yml", "more.yml", SERVICE_STORE_REPORT_FOLDER="other")
    report = project.report("other")
    assert report["playbook"] == "site.yml, more.yml"
    assert [stage["name"] for stage in report["stages"]] == ["onboard", "Deploy", "onboard", "Deploy"]


def test_a_folder_that_cannot_be_written_warns_and_does_not_fail_the_run(project: Project) -> None:
    (project.folder / "taken").write_text("")
    run = project.run("site.yml", SERVICE_STORE_REPORT_FOLDER="taken/reports")
    assert run.returncode == 0
    assert "rollout_report: folder:" in run.stdout + run.stderr


def test_an_unknown_format_is_named(project: Project) -> None:
    run = project.run("site.yml", SERVICE_STORE_REPORT_FORMATS="json,pdf")
    assert "formats: pdf is none of html, json, text" in run.stdout + run.stderr
    assert [path.name for path in (project.folder / "reports").iterdir()] == ["report.json"]
