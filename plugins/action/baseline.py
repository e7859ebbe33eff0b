# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controller half of baseline and baseline_info: controls are checked and resolved here, judged on the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.strategic.service_store.plugins.module_utils.baseline.spec import APPLY, INFO
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ServiceStoreError
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.bundle import (
    Bundle,
    pack,
    resolve,
    select,
)
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.errors import BaselineInvalid
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.load import load_baseline
from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.memory import remembered

ACCOUNTS = "cloud_accounts"
_SSH = ("ssh", "ansible.builtin.ssh", "paramiko", "ansible.builtin.paramiko_ssh", "paramiko_ssh")


class ActionModule(ActionBase):
    """Sends the controls once per host, under their hash, and runs the module of the task's own name."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, variables)
        self._refuse_account(variables)
        given = self._task.args.copy()
        options = self._validated(given)
        bundle = self._bundle(options)
        own = {key: value for key, value in given.items() if key != "bundle"}
        found = self._audit(bundle, own, "", variables)
        if found.get("bundle_missing"):
            found = self._audit(bundle, own, self._send(bundle), variables)
        found.pop("bundle_missing", None)
        if "report" in found:
            found["report"] = {**found["report"], "subject": variables.get("inventory_hostname", "")}
        result.update(found)
        return result

    def _refuse_account(self, variables: dict[str, Any]) -> None:
        """An account's tasks run on the controller: hardening "it" would harden the machine of the operator."""
        if ACCOUNTS in variables.get("group_names", ()):
            raise AnsibleActionFail(
                f"{variables.get('inventory_hostname')} is a cloud account (group {ACCOUNTS}) and no host; "
                "let the play's hosts be app_hosts, store_servers or proxy_hosts"
            )

    def _validated(self, given: dict[str, Any]) -> dict[str, Any]:
        spec = INFO if self._task.action.rpartition(".")[2] == "baseline_info" else APPLY
        arguments = spec.arguments()["argument_spec"]
        _result, options = self.validate_argument_spec(argument_spec=arguments)
        if given.get("bundle"):
            raise AnsibleActionFail("bundle: is set by the action plugin and not by a task; leave it out")
        return dict(options)

    def _bundle(self, options: dict[str, Any]) -> Bundle:
        texts = {name: _texts(options[name]) for name in ("files", "controls", "skip")}
        name, values = str(options["baseline"]), _plain(options["values"])
        try:
            return remembered([name, texts, values], lambda: _make(name, values, **texts))
        except (BaselineInvalid, ServiceStoreError) as exc:
            raise AnsibleActionFail(str(exc)) from exc

    def _audit(self, bundle: Bundle, own: dict[str, Any], path: str, variables: dict[str, Any]) -> dict[str, Any]:
        delivery = {"sha256": bundle.sha256, "path": path or None, "cache": self._cache(), **self._login()}
        found: dict[str, Any] = self._execute_module(
            module_args={**own, "bundle": delivery}, task_vars=variables, wrap_async=False
        )
        return found

    def _cache(self) -> str:
        return f"{self.get_shell_option('remote_tmp', default='~/.ansible/tmp')}/service-store"

    def _send(self, bundle: Bundle) -> str:
        """Copy the bundle; the module then keeps it for the runs to come."""
        folder = self._make_tmp_path()
        path = self._connection._shell.join_path(folder, bundle.name)
        self._transfer_data(path, bundle.content)
        self._fixup_perms2((folder, path))
        return str(path)

    def _login(self) -> dict[str, Any]:
        """How this connection comes in: a repair must leave that way open."""
        connection = self._connection
        over_ssh = connection.transport in _SSH or getattr(connection, "ansible_name", "") in _SSH
        password = _option(connection, "password")
        become = connection.become
        return {
            "user": str(_option(connection, "remote_user") or "") or None,
            "over_ssh": over_ssh,
            "with_password": bool(over_ssh and password),
            "sudo_password": bool(become and _option(become, "become_pass")),
        }


def _make(
    name: str, values: dict[str, Any], files: list[str], controls: list[str], skip: list[str]
) -> tuple[Bundle, list[Path]]:
    found = load_baseline(name, files)
    return pack(select(resolve(found.controls, values), controls, skip)), found.paths


def _option(plugin: Any, name: str) -> Any:
    try:
        return plugin.get_option(name)
    except KeyError:
        return None


def _texts(values: list[Any]) -> list[str]:
    return [str(value) for value in values]


def _plain(value: Any) -> Any:
    """Values of a play without Ansible's own types, which neither JSON nor a comparison of types expects."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return str(value)
