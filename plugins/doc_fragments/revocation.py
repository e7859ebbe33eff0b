# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a credential is revoked."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of a revocation; the specification is REVOCATION in core/spec_revocation.py."""

    DOCUMENTATION = r"""
options:
  rotator:
    description:
      - The name of a second credential in the secret store, which manages the keys of O(credential). Only used with
        O(state=revoked).
      - Needed where a key may not kill itself, such as a restricted application credential of OpenStack, and where the
        provider does not tell a dead key from a blocked source address (CloudStack).
    type: str
  revocation:
    description: How O(state=revoked) goes about it.
    type: dict
    default: {}
    suboptions:
      disable:
        description:
          - Disables the key rather than deleting it, where the provider can (AWS), for an investigation. The record
            goes in any case.
        type: bool
        default: false
      verify_every_s:
        description: The seconds between two calls that check whether the key is refused.
        type: float
        default: 1.0
      verify_timeout_s:
        description:
          - How many seconds the provider may go on taking the key. After that the module fails and the record stays, so
            that the next run can go on. Providers take some seconds until a dead key is dead everywhere.
        type: float
        default: 60.0
"""
