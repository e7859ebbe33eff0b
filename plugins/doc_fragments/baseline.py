# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option group that says which controls to judge."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the options of module_utils.baseline.spec.SELECTION."""

    DOCUMENTATION = r"""
options:
  baseline:
    description:
      - The name of a baseline that comes with the collection, or the path of a file of your own (with a slash in it).
    type: str
    default: debian12
  files:
    description:
      - More files of controls, on the controller, for what your own organisation asks for.
      - They follow the same JSON Schema (C(baselines/schema/controls.json) of the collection). A mistake in one is
        reported with file and line before any host is asked.
    type: list
    elements: path
    default: []
  controls:
    description:
      - Ids of the controls to judge, or shell patterns of ids such as V(sshd-*). All when empty.
      - A pattern that fits no control is refused, because a typing error would silently judge less.
    type: list
    elements: str
    default: []
  skip:
    description:
      - Ids or shell patterns of controls to leave out on these hosts, for example V(sysctl-ip-forward) on a gateway.
    type: list
    elements: str
    default: []
  values:
    description:
      - Tunable values of the controls, by name. Each control says which it has, with its bounds.
      - An unknown name or a value out of bounds is refused.
    type: dict
    default: {}
  bundle:
    description:
      - Set by the action plugin and refused in a task. Says which controls the host has been sent, and how Ansible
        logs in.
    type: dict
    suboptions:
      sha256:
        description: Hash of the controls.
        type: str
        required: true
      path:
        description: Where they have just been copied to.
        type: path
      cache:
        description: The folder in which the host keeps them for the next run.
        type: str
        required: true
      user:
        description: The user Ansible logs in as.
        type: str
      over_ssh:
        description: Whether it logs in over SSH.
        type: bool
        default: false
      with_password:
        description: Whether it logs in with a password.
        type: bool
        default: false
      sudo_password:
        description: Whether it has a password for sudo.
        type: bool
        default: false
"""
