#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module app_release_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: app_release_info
short_description: Lists the releases of an application that a host keeps
version_added: 0.1.0
description:
  - Returns the releases that M(strategic.service_store.app_release) keeps on a host, which of them is active, and
    which one a roll-back would lead to.
author: strategic.service_store contributors (@strategic)
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: Changes nothing, so there is no difference to show.
    support: none
options:
  application:
    description: The application's name.
    type: str
    required: true
  path:
    description: The application's folder. The default is C(/srv/<application>).
    type: path
seealso:
  - module: strategic.service_store.app_release
"""

EXAMPLES = r"""
- name: What runs where?
  strategic.service_store.app_release_info:
    application: board
  register: board

- name: Every host has to run the same commit
  ansible.builtin.assert:
    that: ansible_play_hosts | map('extract', hostvars, ['board', 'current', 'commit']) | unique | length == 1
  run_once: true
"""

RETURN = r"""
current:
  description: The active release; null when there is none.
  returned: success
  type: dict
  contains: &release
    id:
      description: The name of the release, the first 12 digits of its commit.
      type: str
    commit:
      description: The full commit id.
      type: str
    version:
      description: The version as it was asked for.
      type: str
    status:
      description: V(healthy), V(built) (not checked yet), V(failed), or V(withdrawn) (somebody went back from it).
      type: str
    reason:
      description: Why it failed.
      type: str
    path:
      description: Its folder.
      type: str
  sample:
    id: 3f2a1c94be07
    commit: 3f2a1c94be0712ab5d1e0c77a0b1c2d3e4f50617
    version: v2.3.0
    status: healthy
    reason: ""
    path: /srv/board/releases/3f2a1c94be07
previous:
  description: The id of the release that a roll-back would lead to; null when there is none.
  returned: success
  type: str
  sample: a81e44c0d511
unfinished:
  description: The id of a release whose activation was broken off; null when there is none. The next run finishes it.
  returned: success
  type: str
  sample: null
releases:
  description: All releases on the host, the latest activated one last.
  returned: success
  type: list
  elements: dict
  contains: *release
"""

from collections.abc import Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.release import Site, parse_application
from ansible_collections.strategic.service_store.plugins.module_utils.release.deploy import describe
from ansible_collections.strategic.service_store.plugins.module_utils.release.options import APPLICATION, folder
from ansible_collections.strategic.service_store.plugins.module_utils.release.place import Place


class InfoTask:
    """Reads the application's folder."""

    def __init__(self, context: Context) -> None:
        parse_application(context.params["application"])
        self.place = Place(folder(context.params))
        self.site = Site()

    def plan(self) -> Plan:
        """Read; there is never anything to do."""
        self.site = self.place.read()
        return Plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Nothing to apply."""

    def result(self, plan: Plan, applied: Sequence[Change]) -> dict[str, Any]:
        """The releases as return values."""
        site = self.site
        current, previous = site.get(site.current), site.fallback(site.current or "")
        return {
            "current": describe(current, self.place) if current else None,
            "previous": previous.id if previous else None,
            "unfinished": site.pending.to if site.pending else None,
            "releases": [describe(release, self.place) for release in site.releases],
        }


def main() -> None:
    """Run the module."""
    run(APPLICATION, InfoTask)


if __name__ == "__main__":
    main()
