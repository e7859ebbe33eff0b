# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout_report
type: aggregate
short_description: Report of a rollout on the terminal and as HTML and JSON files
version_added: "0.1.0"
author: strategic.service_store contributors (@strategic)
description:
  - Collects what the modules of this collection say about cloud accounts and hosts during a run, and shows at its
    end what is enforced, by whom and by which server, which proofs hold, which controls pass, which release runs,
    and how long each stage took.
  - Writes the same as a self-contained HTML page, as JSON and as text. A failed run gets its report too.
  - A record is a dictionary with C(kind) and C(subject), found in the return value C(report) of a task or in the
    fact C(service_store_report) (or one whose name ends so). Only known fields of known kinds are kept. Results of
    tasks are never stored, and tasks under C(no_log) are not looked at.
  - With several playbooks in one command the report grows with each of them.
requirements:
  - Enable it with C(callbacks_enabled = strategic.service_store.rollout_report) in C(ansible.cfg), or with the
    environment variable E(ANSIBLE_CALLBACKS_ENABLED).
notes:
  - A play that sets the variable C(service_store_stage) names its stage; otherwise the play's name is used. Plays in
    a row that share a stage are counted together.
options:
  folder:
    description:
      - Folder for the report files, made with mode 0700 if it is missing. The files have mode 0600 and are replaced
        in one step. Relative paths start at the current working directory.
    type: path
    default: service-store-report
    env:
      - name: SERVICE_STORE_REPORT_FOLDER
    ini:
      - section: callback_rollout_report
        key: folder
    vars:
      - name: service_store_report_folder
  formats:
    description:
      - Files to write, as a list of V(html), V(json) and V(text). An empty list writes none.
    type: list
    elements: str
    default: [html, json]
    env:
      - name: SERVICE_STORE_REPORT_FORMATS
    ini:
      - section: callback_rollout_report
        key: formats
    vars:
      - name: service_store_report_formats
  title:
    description:
      - Heading of the report.
    type: str
    default: Rollout
    env:
      - name: SERVICE_STORE_REPORT_TITLE
    ini:
      - section: callback_rollout_report
        key: title
    vars:
      - name: service_store_report_title
  summary:
    description:
      - Whether to print the summary on the terminal.
    type: bool
    default: true
    env:
      - name: SERVICE_STORE_REPORT_SUMMARY
    ini:
      - section: callback_rollout_report
        key: summary
    vars:
      - name: service_store_report_summary
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  callbacks_enabled = strategic.service_store.rollout_report

  [callback_rollout_report]
  folder = reports/weekly
  formats = html, json, text
  title = Weekly rollout of the Service Store
"""

import os
import shutil
from typing import TYPE_CHECKING, Any

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__ as ansible_version
from ansible.template import Templar

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import files, text
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.collect import Collector
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import Report

if TYPE_CHECKING:
    from ansible.executor.stats import AggregateStats
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.inventory.host import Host
    from ansible.playbook import Playbook
    from ansible.playbook.play import Play
    from ansible.playbook.task import Task

ACCOUNTS_GROUP = "cloud_accounts"
ACCOUNT_VARIABLE = "service_store_account"
CUSTOMER_VARIABLE = "service_store_customer"
APP_ACCOUNT_VARIABLE = "service_store_account_name"
MACHINE_GROUPS = ("store_servers", "store_gateways", "proxy_hosts", "app_hosts")
STAGE_VARIABLE = "service_store_stage"
OPTION_VARIABLES = tuple(f"service_store_report_{name}" for name in ("folder", "formats", "title", "summary"))


class CallbackModule(CallbackBase):
    """Passes events on to a Collector; everything else is in plugin_utils/report."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "strategic.service_store.rollout_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._collector = Collector()
        self._play: Play | None = None
        self._known_hosts: set[str] = set()
        self._option_variables: dict[str, Any] = {}

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        self._collector.playbook_started(os.path.basename(playbook._file_name))

    def v2_playbook_on_play_start(self, play: Play) -> None:
        self._play = play
        self._read_option_variables(play)
        stage = play.vars.get(STAGE_VARIABLE)
        self._collector.stage_started(stage if isinstance(stage, str) else play.get_name())

    def v2_runner_on_start(self, host: Host, task: Task) -> None:
        self._look_at(host)
        self._collector.task_started(host.get_name(), task._uuid)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        self._done(result, "changed" if result.is_changed() else "ok")

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        self._done(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        self._done(result, "unreachable")

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        self._done(result, "skipped")

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        for host in stats.processed:
            summary = stats.summarize(host)
            self._collector.totals(host, {**summary, "failed": summary["failures"]})
        report = self._collector.report(
            title=str(self.get_option("title")),
            check_mode=bool(context.CLIARGS.get("check")),
            versions={"ansible-core": ansible_version},
        )
        if self.get_option("summary"):
            self._show(report)
        self._write(report)

    def _done(self, result: CallbackTaskResult, outcome: str) -> None:
        self._collector.task_done(result.host.get_name(), result.task._uuid, result.task_name, outcome, result.result)

    def _read_option_variables(self, play: Play) -> None:
        """The `vars` of the documented options: ansible-core asks a callback for none, so they are handed in here.

        A variable that one play sets stays in force in the plays after it.
        """
        variables = play.get_variable_manager().get_vars(play=play)
        templar = Templar(loader=play.get_loader(), variables=variables)
        found = {name: templar.template(variables[name]) for name in OPTION_VARIABLES if name in variables}
        self._option_variables.update(found)
        self.set_options(var_options=self._option_variables)

    def _look_at(self, host: Host) -> None:
        """Learn once per host what it is in the register: a cloud account, or a host of the operator's."""
        name = host.get_name()
        if name in self._known_hosts:
            return
        self._known_hosts.add(name)
        groups = set(map(str, host.get_groups()))
        variables = host.vars
        if ACCOUNT_VARIABLE not in variables and self._play is not None and ACCOUNTS_GROUP in groups:
            # host_vars files are merged by the variable manager only; this costs some milliseconds per account.
            variables = self._play.get_variable_manager().get_vars(play=self._play, host=host)
        account = variables.get(ACCOUNT_VARIABLE)
        if isinstance(account, dict):
            self._collector.account_seen(name, {"customer": variables.get(CUSTOMER_VARIABLE, ""), **account})
        for part in MACHINE_GROUPS:
            if part in groups:
                self._collector.machine_seen(name, part, variables.get(APP_ACCOUNT_VARIABLE, ""))

    def _show(self, report: Report) -> None:
        width = max(80, shutil.get_terminal_size((120, 24)).columns)
        head, *rest = text.render(report, width).split("\n\n")
        self._display.banner("SERVICE STORE REPORT")
        self._display.display(head, color=C.COLOR_OK if report.ok else C.COLOR_ERROR)
        for part in rest:
            self._display.display("\n" + part)

    def _write(self, report: Report) -> None:
        """A report that cannot be written must not fail a rollout that worked."""
        wanted = [name.strip().lower() for name in self.get_option("formats") if name.strip()]
        for name in sorted(set(wanted) - set(files.SUFFIXES)):
            self._display.warning(f"rollout_report: formats: {name} is none of {', '.join(files.SUFFIXES)}")
        folder = os.path.abspath(str(self.get_option("folder")))
        try:
            paths = files.write(report, folder, [name for name in files.SUFFIXES if name in wanted])
        except OSError as exc:
            self._display.warning(f"rollout_report: folder: {folder} cannot be written to: {exc.strerror}")
            return
        for path in paths:
            self._display.display(f"\nReport: {path}" if path == paths[0] else f"Report: {path}")
