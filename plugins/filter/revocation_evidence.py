# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that makes the evidence of a revocation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.plugin_utils.offboarding.revocation import opening, revocation

DOCUMENTATION = r"""
name: revocation_evidence
short_description: The evidence of a revocation
version_added: 0.1.0
description:
  - Says where one account's key was, what became of it there, when and how that is known, and what remained and why.
  - Goes on with the evidence of an earlier run that did not finish.
  - Made for the playbook C(strategic.service_store.revoke), which gathers the input.
options:
  _input:
    description: The variables of the account's host after the run.
    type: dict
    required: true
  at:
    description: The time of the run in UTC, as V(2026-11-22T04:30:00Z).
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
  ended:
    description: Whether the owner has ended what earlier runs could not end or have not seen dead.
    type: bool
    default: false
  begins:
    description: Whether the keys of the input are about to die. Then each is told as one whose end is not known.
    type: bool
    default: false
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Show it
  ansible.builtin.debug:
    msg: "{{ (hostvars['acme-aws'] | strategic.service_store.revocation_evidence('2026-11-22T04:30:00Z')).text }}"
"""

RETURN = r"""
_value:
  description: The evidence with C(complete) (nothing lives on, and the key was seen dead), C(waiting) (what lives on),
    C(subjects) (rows by account), C(file) (its name, empty where there is nothing to keep) and C(text).
  type: dict
"""


def revocation_evidence(
    own: Mapping[str, Any],
    at: str,
    earlier: Iterable[str] = (),
    check: bool = False,
    ended: bool = False,
    begins: bool = False,
) -> dict[str, Any]:
    """Return the evidence of one account's run."""
    known = [json.loads(Path(path).read_text(encoding="utf-8")) for path in earlier]
    return opening(own, at, known) if begins else revocation(own, at, known, check, ended)


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"revocation_evidence": revocation_evidence}
