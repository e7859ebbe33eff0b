#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module baseline_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: baseline_info
short_description: Audits a host against a baseline in one call
version_added: 0.1.0
description:
  - Judges every control of a baseline on a host, with one module call and one walk of its file systems.
  - Reads what is in force and not what a file seems to say. For sshd that is C(sshd -T) and every Match block, for sudo
    the last Defaults of all included files, for kernel parameters both the running and the persisted value.
  - Needs nothing but Python on the host, and changes no file outside of Ansible's remote temporary folder.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.baseline
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
notes:
  - Needs root (C(become=true)), because shadow files, sudoers and crontabs are read.
  - Refuses a host of the group C(cloud_accounts), whose tasks would run on the controller.
  - Files of your own controls need the Python library jsonschema on the controller.
seealso:
  - module: strategic.service_store.baseline
"""

EXAMPLES = r"""
- name: See where the application hosts stand
  hosts: app_hosts
  become: true
  tasks:
    - name: Audit against the baseline that comes with the collection
      strategic.service_store.baseline_info:
      register: audit

    - name: Stop the pipeline when a control of high severity fails
      ansible.builtin.assert:
        that: >-
          audit.findings | selectattr('status', 'eq', 'fail') | selectattr('severity', 'eq', 'high') | length == 0

- name: Ask one question about every host in a second
  hosts: all
  become: true
  tasks:
    - name: Who still takes passwords over SSH?
      strategic.service_store.baseline_info:
        controls: [sshd-password-authentication, sshd-keyboard-interactive]

- name: Audit against your own controls as well
  hosts: app_hosts
  become: true
  tasks:
    - name: The collection's baseline, another umask, and two files of your own
      strategic.service_store.baseline_info:
        files: [controls/payments.yml, controls/logging.yml]
        values:
          login_umask: "0077"
"""

RETURN = r"""
findings:
  description: One verdict per control, in the order of the baseline.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The control.
      type: str
    title:
      description: What it asks for.
      type: str
    severity:
      description: V(low), V(medium) or V(high).
      type: str
    status:
      description:
        - V(pass), V(fail), V(not_applicable) (RV(findings[].actual) says why) or V(error) (it could not be judged).
      type: str
    expected:
      description: What the control wants.
      type: str
    actual:
      description: What the host has. At most ten things are listed, the rest is counted.
      type: str
    evidence:
      description: Where that stands, as C(path:line), or a path where lines have no meaning.
      type: list
      elements: str
  sample:
    - id: sshd-x11-forwarding
      title: SSH forwards no X11
      severity: medium
      status: fail
      expected: "no"
      actual: "yes"
      evidence: ["/etc/ssh/sshd_config:90"]
summary:
  description: Number of controls per verdict.
  returned: success
  type: dict
  sample: {passed: 75, failed: 49, not_applicable: 17, errors: 0}
report:
  description: This host's line in the report of the callback P(strategic.service_store.rollout_report#callback).
  returned: success
  type: dict
  sample: {kind: baseline, subject: app-1, passed: 75, failed: 49, waived: 0, not_applicable: 17, changed: 0}
"""

from ansible_collections.strategic.service_store.plugins.module_utils.baseline.spec import INFO
from ansible_collections.strategic.service_store.plugins.module_utils.baseline.task import Audit
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import run


def main() -> None:
    """Run the module."""
    run(INFO, Audit)


if __name__ == "__main__":
    main()
