#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module baseline."""

from __future__ import annotations

DOCUMENTATION = r"""
module: baseline
short_description: Brings a host to a baseline in one call
version_added: 0.1.0
description:
  - Audits a host as M(strategic.service_store.baseline_info) does, plans the repair of every control that fails, and
    makes it. Then it audits again and fails when a control does not pass that should.
  - Repairs only what the audit complained about. Settings of sshd, sudo and the kernel go to one file of their own
    each; lines that would still win over that file are commented out where they are.
  - The configurations of sshd and sudo are tried (C(sshd -t), C(visudo -c)) before they are installed. When sshd does
    not take its new files up or does not answer afterwards, the old ones are put back.
  - Refuses, before anything is changed, a repair that would lock out the user Ansible logs in as.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.baseline
attributes:
  check_mode:
    description: Gives the verdicts of the real run and the changes that it would make, and changes nothing.
    support: full
  diff_mode:
    description:
      - Shows each file before and after, exactly as it is written, with modes and owners where they change.
      - Password hashes are replaced by a word.
    support: full
options:
  state:
    description: The controls are applied.
    type: str
    choices: [applied]
    default: applied
  fix_packages:
    description:
      - Whether packages that the baseline does not want may be purged.
      - Off unless asked for, since a package may be what an application needs. Such findings then stay in
        RV(remaining) and do not fail the task.
    type: bool
    default: false
  fix_disruptive:
    description:
      - Whether controls that are marked as disruptive may be repaired. These are the ones that can take something away
        from people or programs that use it now, such as password logins, routing, or the set-uid bit of an unknown
        program.
      - When off, their findings stay in RV(remaining) and do not fail the task.
    type: bool
    default: true
notes:
  - Needs root (C(become=true)).
  - Refuses a host of the group C(cloud_accounts), whose tasks would run on the controller.
  - Needs nothing but Python on the host.
  - Files of your own controls need the Python library jsonschema on the controller.
  - Sessions that are open stay open when sshd reloads.
seealso:
  - module: strategic.service_store.baseline_info
"""

EXAMPLES = r"""
- name: Show what hardening would change, file by file
  hosts: app_hosts
  become: true
  check_mode: true
  diff: true
  tasks:
    - name: Verdicts and differences, and no change
      strategic.service_store.baseline:

- name: Bring the application hosts to the baseline
  hosts: app_hosts
  become: true
  tasks:
    - name: Repair what the audit finds
      strategic.service_store.baseline:

- name: Harden a gateway, whose task is to forward packets
  hosts: store_servers
  become: true
  tasks:
    - name: All but the controls that forbid routing
      strategic.service_store.baseline:
        skip: [sysctl-ip-forward, sysctl-ipv6-forwarding]
        values:
          sysctl_rp_filter: "2"

- name: Begin gently
  hosts: legacy
  become: true
  tasks:
    - name: Repair file modes and leave everything else as a finding
      strategic.service_store.baseline:
        controls: ["file-*", "cron-*", "sudo-files"]
        fix_disruptive: false
"""

RETURN = r"""
findings:
  description:
    - One verdict per control on the host as it was found, in the order of the baseline. Check mode gives the same.
    - The fields are those of M(strategic.service_store.baseline_info).
  returned: success, or when a control does not pass after the repair
  type: list
  elements: dict
  sample:
    - id: sshd-x11-forwarding
      title: SSH forwards no X11
      severity: medium
      status: fail
      expected: "no"
      actual: "yes"
      evidence: ["/etc/ssh/sshd_config:90"]
repaired:
  description: Ids of the controls that were repaired, or would be in check mode.
  returned: success, or when a control does not pass after the repair
  type: list
  elements: str
  sample: [sshd-root-login, sshd-x11-forwarding]
remaining:
  description: Controls that do not pass afterwards, each with the reason.
  returned: success, or when a control does not pass after the repair
  type: list
  elements: dict
  contains:
    id:
      description: The control.
      type: str
    why:
      description: Why it was not repaired, or what it still has.
      type: str
  sample:
    - id: package-telnet
      why: "package changes are off (fix_packages: false)"
changes:
  description: Every change in the order in which it was made, or would be in check mode.
  returned: success, or when a control does not pass after the repair
  type: list
  elements: str
  sample:
    - "update file: /etc/login.defs"
    - "update kernel parameter: net.ipv4.conf.all.accept_redirects"
    - "add file: /etc/ssh/sshd_config.d/00-service-store.conf"
    - "update reload: ssh"
applied:
  description: The changes that had been made when the task failed.
  returned: failure after a change
  type: list
  elements: str
  sample: ["update file: /etc/login.defs"]
locked_out_by:
  description: Controls whose repair would lock out the connecting user.
  returned: when refused for that reason
  type: list
  elements: str
  sample: [sshd-root-login]
summary:
  description: Number of controls per verdict after the repair; in check mode, as it would be.
  returned: success, or when a control does not pass after the repair
  type: dict
  sample: {passed: 124, failed: 0, not_applicable: 17, errors: 0}
report:
  description: This host's line in the report of the callback P(strategic.service_store.rollout_report#callback).
  returned: success, or when a control does not pass after the repair
  type: dict
  sample: {kind: baseline, subject: app-1, passed: 124, failed: 0, waived: 0, not_applicable: 17, changed: 49}
"""

from ansible_collections.strategic.service_store.plugins.module_utils.baseline.spec import APPLY
from ansible_collections.strategic.service_store.plugins.module_utils.baseline.task import Apply
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import run


def main() -> None:
    """Run the module."""
    run(APPLY, Apply)


if __name__ == "__main__":
    main()
