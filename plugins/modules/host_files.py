#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module host_files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_files
short_description: Brings a whole set of files to their wanted state in one call
version_added: 0.1.0
description:
  - Writes, or removes, any number of files and folders in one call, where a loop over M(ansible.builtin.template) would
    connect once per file. The roles of this collection use it with the lookup P(ansible.builtin.template#lookup).
  - Each file is replaced in one step, after its own checker has accepted it. Missing folders above it are made.
  - Files are compared by content and mode. The owner of a new file is the user who runs the task.
author: strategic.service_store contributors (@strategic)
attributes:
  check_mode:
    description: Says which files would change, and changes nothing.
    support: full
  diff_mode:
    description: Shows each file before and after. Of a secret it shows the fingerprint.
    support: full
options:
  files:
    description: The files and folders, in the order in which they are written.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path, or the path below O(root).
        type: path
        required: true
      state:
        description: A file with content, a folder, or nothing at all. V(absent) removes a folder with all it holds.
        type: str
        choices: [file, folder, absent]
        default: file
      content:
        description: The whole text of the file.
        type: str
      secret_content:
        description: The same for a file that holds a secret, which is never shown. Its mode lets nobody else read it.
        type: str
      mode:
        description:
          - Mode as four octal digits in quotes.
          - Where it is left out, V(0644) for a file, V(0600) for a secret and V(0755) for a folder.
        type: str
      validate:
        description: Command and arguments that check the new file; C(%s) stands for its path.
        type: list
        elements: str
  root:
    description: Folder below which all paths are taken, for a tree that somebody else lays over a root folder.
    type: path
"""

EXAMPLES = r"""
- name: Configure a service and forget its old settings
  strategic.service_store.host_files:
    files:
      - path: /etc/example/main.conf
        content: "{{ lookup('ansible.builtin.template', 'main.conf.j2') }}"
        validate: [example, --check, "%s"]
      - path: /etc/example/key.conf
        secret_content: "{{ lookup('strategic.service_store.credential', 'example.key') }}"
      - path: /etc/example/old.conf
        state: absent
"""

RETURN = r"""
paths:
  description: The paths that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/example/main.conf]
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec import Spec
from ansible_collections.strategic.service_store.plugins.module_utils.host.files import (
    FilesPlan,
    HostFile,
    plan_files,
    write,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan

FILE = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["file", "folder", "absent"], "default": "file"},
    "content": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    "mode": {"type": "str"},
    "validate": {"type": "list", "elements": "str"},
}
SPEC = Spec(
    {
        "files": {"type": "list", "elements": "dict", "required": True, "options": FILE},
        "root": {"type": "path"},
    }
)


class Task:
    """Keeps a set of files."""

    def __init__(self, context: Context) -> None:
        root = context.params["root"] or ""
        parsed = [HostFile.parse(raw, root, f"files[{index}]") for index, raw in enumerate(context.params["files"])]
        self._files = {file.path: file for file in parsed}
        context.keep_secret(*(file.content for file in parsed if file.secret))

    def plan(self) -> FilesPlan:
        """Compare the files with what is there."""
        return plan_files(list(self._files.values()))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Write the files that differ."""
        for change in plan.changes:
            write(self._files[change.key])
            done(change)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the paths that were changed, or would be."""
        return {"paths": [change.key for change in plan.changes]}


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
