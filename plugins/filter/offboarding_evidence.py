# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that makes the evidence of an offboarding."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.evidence import evidence
from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.gather import gather
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.errors import RegisterError

DOCUMENTATION = r"""
name: offboarding_evidence
short_description: The evidence of an offboarding
version_added: 0.1.0
description:
  - Says what was removed where and when, what the staff at the other end has to do, and what remained and why.
  - Goes on with the evidence of an earlier run that did not finish.
  - Made for the playbook C(strategic.service_store.offboard), which gathers the input.
options:
  _input:
    description: The variables of all hosts (C(hostvars)) after the run.
    type: dict
    required: true
  customer:
    description: The customer.
    type: str
    required: true
  at:
    description: The time of the run in UTC, as V(2026-11-22T04:30:00Z).
    type: str
    required: true
  archive:
    description: The folder where the register file is kept.
    type: str
    required: true
  earlier:
    description: Files with the evidence of earlier runs.
    type: list
    elements: path
    default: []
  check:
    description: Whether nothing was done and only would be.
    type: bool
    default: false
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Show it
  ansible.builtin.debug:
    msg: >-
      {{ (hostvars | strategic.service_store.offboarding_evidence('acme', '2026-11-22T04:30:00Z', '/srv')).text }}
"""

RETURN = r"""
_value:
  description: The evidence with C(complete), C(subjects) (rows by account or host), C(file) (its name) and C(text).
  type: dict
"""


def offboarding_evidence(
    hostvars: Mapping[str, Any], customer: str, at: str, archive: str, earlier: Iterable[str] = (), check: bool = False
) -> dict[str, Any]:
    """Return the evidence; raises AnsibleFilterError for a register with mistakes."""
    try:
        found = gather(hostvars, customer, archive, at)
    except RegisterError as error:
        raise AnsibleFilterError(str(error)) from None
    return evidence(found, at, [json.loads(Path(path).read_text(encoding="utf-8")) for path in earlier], check)


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"offboarding_evidence": offboarding_evidence}
