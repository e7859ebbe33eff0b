# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of an action plugin's task on another inventory host, or where Ansible runs.

Core builds connections in its task executor alone, for the one host of ``delegate_to``. A task that looks at two ends
has two, so this does the same for a copy of the task: the host's own variables choose connection, become, interpreter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import become_loader
from ansible.template import Templar

Variables = Mapping[str, Any]


def known(host: str, variables: Variables) -> bool:
    """Return whether the inventory has a host of that name."""
    return host in variables["hostvars"]


def at_host(
    action: ActionBase, host: str, module: str, arguments: Mapping[str, Any], variables: Variables
) -> dict[str, Any]:
    """Return what a module says on another host of the inventory, reached as a task with ``delegate_to`` reaches it."""
    own = dict(variables["hostvars"].raw_get(host))
    own.setdefault("ansible_facts", {})
    task = _copied(action)
    task.delegate_to = host
    return _Place(action, task, own, {**variables, "ansible_delegated_vars": {host: own}}).run(module, arguments)


def here(action: ActionBase, module: str, arguments: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
    """Return what a module says where Ansible runs, without become.

    A host whose connection is local, as a cloud account's is, keeps its own interpreter.
    """
    local = getattr(action._connection, "transport", "") == "local"
    own = dict(variables) if local else {}
    python = variables.get("ansible_python_interpreter") if local else None
    task = _copied(action)
    task.delegate_to, task.become = None, False
    own.update(ansible_connection="local", ansible_become=False)
    given = {**variables, "ansible_python_interpreter": python or sys.executable}
    return _Place(action, task, own, given).run(module, arguments)


def _copied(action: ActionBase) -> Any:
    task = action._task.copy(exclude_parent=True, exclude_tasks=True)
    task._parent = action._task._parent
    # By now the task's own says how its host was reached.
    task.connection = task.get_play().connection
    return task


class _Place:
    """A connection to one host: ``own`` are that host's variables, ``given`` those that modules are run with."""

    def __init__(self, action: ActionBase, task: Any, own: Variables, given: Variables) -> None:
        self._action, self._task, self._own, self._given = action, task, own, given
        self._templar = Templar(loader=action._loader, variables=dict(own))

    def run(self, module: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        action, task = self._action, self._task
        context = action._play_context.set_task_and_variable_override(
            task=task, variables=dict(self._given), templar=self._templar
        )
        connection = self._connection(context)
        handler = action._shared_loader_obj.action_loader.get(
            "ansible.legacy.normal",
            task=task,
            connection=connection,
            play_context=context,
            loader=action._loader,
            templar=action._templar,
            shared_loader_obj=action._shared_loader_obj,
        )
        try:
            found: dict[str, Any] = handler._execute_module(
                module_name=module, module_args=dict(arguments), task_vars=dict(self._given)
            )
            return found
        except AnsibleConnectionFailure as exc:
            mend = "see that ansible -m ping reaches it"
            raise AnsibleActionFail(f"{task.delegate_to}: cannot be reached: {exc}. Next: {mend}") from exc
        except AnsibleError as exc:
            # Such as a become that is refused: it does not say where by itself.
            raise AnsibleActionFail(f"{task.delegate_to or 'this machine'}: {exc}") from exc
        finally:
            handler.cleanup()
            connection.close()

    def _value(self, name: str) -> Any:
        value = self._own.get(name)
        return None if value is None else self._templar.template(value)

    def _connection(self, context: Any) -> Any:
        name = self._value("ansible_connection") or self._task.connection
        connection = self._action._shared_loader_obj.connection_loader.get(
            name, context, new_stdin=None, task_uuid=self._task._uuid, ansible_playbook_pid=str(os.getppid())
        )
        if connection is None:
            raise AnsibleActionFail(f"the connection plugin {name} of {self._task.delegate_to} was not found")
        context.connection = name
        become = self._value("ansible_become")
        if self._task.become if become is None else boolean(become):
            method = self._value("ansible_become_method") or self._task.become_method
            connection.set_become_plugin(become_loader.get(method))
            context.set_become_plugin(method)
        keys = self._keys(context)
        self._set(connection, "connection", keys)
        self._set(connection._shell, "shell", keys)
        if connection.become is not None:
            # Given on the command line (--ask-become-pass), it is in the play's context alone.
            own = {"become_pass": context.become_pass} if context.become_pass else {}
            self._set(connection.become, "become", {**keys, **own})
        return connection

    def _keys(self, context: Any) -> dict[str, Any]:
        """Return the task's own keywords as plugins take them; ``timeout`` means the connection's to them."""
        keys: dict[str, Any] = self._task.dump_attrs()
        keys["timeout"] = context.timeout
        keys.pop("retries", None)
        if context.password:
            keys["password"] = context.password
        return keys

    def _set(self, plugin: Any, kind: str, keys: Mapping[str, Any]) -> None:
        names = C.config.get_plugin_vars(kind, plugin._load_name)
        values = {name: self._templar.template(self._own[name]) for name in names if name in self._own}
        plugin.set_options(task_keys=dict(keys), var_options=values)
