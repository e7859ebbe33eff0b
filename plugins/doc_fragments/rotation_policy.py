# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option group of modules that rotate keys, or say which have to be."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the options of module_utils.core.spec_rotation.ROTATION_POLICY."""

    DOCUMENTATION = r"""
options:
  policy:
    description: When the key is replaced, and how long the old one is kept.
    type: dict
    default: {}
    suboptions:
      max_age_days:
        description:
          - How many days old a key may become. It counts from the last rotation; for a key that was never rotated, from
            its registration or from its creation as the provider tells it, whichever is earlier.
          - M(strategic.service_store.cloud_credential_info) asks no provider, so there it counts from the registration.
        type: int
        default: 90
      warn_before_days:
        description:
          - A key is due so many days before it is too old or expires, and is rotated from then on, so that a failure
            leaves time.
        type: int
        default: 14
      grace_days:
        description:
          - How many days the old key is kept after the switch. Where the provider can disable a key it is disabled all
            that time, and its use raises an alert where the provider tells. With V(0) it is deleted in the same run.
          - It must leave time before the next rotation.
        type: int
        default: 7
      lifetime_days:
        description:
          - How many days a new key is valid, for providers whose keys have an end (Azure, OpenStack). It must be more
            than O(policy.max_age_days).
          - It says nothing of the keys that are there.
        type: int
      expires_at:
        description:
          - When the key that the customer handed over expires, in UTC, as V(2027-01-31) or V(2027-01-31T00:00:00Z). It
            says nothing of keys made later and is ignored after the first rotation.
          - What the provider told wins.
        type: str
"""
