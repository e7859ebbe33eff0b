#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module app_release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: app_release
short_description: Deploys a release of an application and returns to the one before when it is not well
version_added: 0.1.0
description:
  - Builds a release from a commit of a git repository in a folder of its own, switches the link C(current) to it in
    one step, restarts the service and checks its health.
  - When the check fails, the last healthy release becomes active again, and the task fails with C(rolled_back=true).
    The failed release is kept.
  - A release is named after its commit, so it has the same name on every host. It is never changed after it was
    built; what has to outlive a release goes into shared folders.
  - A run that was killed at any point is finished by the next one.
  - Needs nothing on the host but Python and git.
author: strategic.service_store contributors (@strategic)
attributes:
  check_mode:
    description: Asks the repository for the commit and says what would happen. Changes nothing on the host.
    support: full
  diff_mode:
    description: Shows the active release before and after.
    support: full
options:
  state:
    description:
      - V(present) makes O(version) of O(repo) the active release.
      - V(rolled_back) makes an earlier release active that is kept on the host, without asking the repository.
    type: str
    choices: [present, rolled_back]
    default: present
  application:
    description: The application's name. It names its folder.
    type: str
    required: true
  path:
    description: The application's folder. The default is C(/srv/<application>).
    type: path
  repo:
    description:
      - The git repository, as C(https://), C(ssh://), C(user@host:path) or a path on the host.
      - C(http://) and C(git://) are refused unless O(version) is a full commit id, because anybody on the way could
        change the code.
      - A user name or password in the address is refused, because git writes addresses into logs.
    type: str
  version:
    description:
      - A full commit id, a tag or a branch. A name that is both a tag and a branch is refused.
      - With O(state=rolled_back) the id, the commit or the version of a kept release. Without it the last healthy
        release before the active one. A second run without it changes nothing, so that a play may be repeated.
    type: str
  ca_file:
    description: A file on the host with the certificate authority of O(repo), in PEM format.
    type: path
  proxy:
    description:
      - An HTTP proxy for reaching O(repo), such as V(http://proxy.example.net:3128). The proxy settings of the
        environment are not used.
    type: str
  ssh_key_file:
    description: A file on the host with the private key for O(repo), readable by its owner only.
    type: path
  ssh_known_hosts_file:
    description: A file on the host with the host key of O(repo). An unknown host key is refused.
    type: path
  timeout_s:
    description: How long one git command may take, in seconds.
    type: float
    default: 120.0
  shared:
    description:
      - Folders inside the release that outlive it, such as uploads. Each becomes a link into C(<path>/shared).
      - Files that the first release brings there are where such a folder starts from.
    type: list
    elements: str
    default: []
  owner:
    description: The user that owns new shared folders, usually that of the service. Releases belong to root.
    type: str
  group:
    description: The group of new shared folders. The default is the owner's own group.
    type: str
  build_command:
    description:
      - A command, as a list, that is run in the folder of a new release before anything is switched, such as
        V([python3, -m, compileall, -q, .]). When it fails, the active release stays.
    type: list
    elements: str
  build_timeout_s:
    description: How long O(build_command) may take, in seconds.
    type: float
    default: 600.0
  service:
    description:
      - The systemd unit to restart after the switch.
      - It is restarted as well when its unit file was changed after systemd read it.
    type: str
  restart_command:
    description: A command, as a list, to run after the switch instead of restarting O(service).
    type: list
    elements: str
  restart:
    description: Restart and check the service also when the wanted release is active already.
    type: bool
    default: false
  health:
    description:
      - How to tell that the release works. Without it O(service) has to be active.
      - It is asked also when the wanted release is active already. An active release that is not well is restarted.
    type: dict
    suboptions:
      type:
        description: V(http) asks for a page, V(tcp) opens a connection, V(command) has to end with 0.
        type: str
        required: true
        choices: [http, tcp, command]
      url:
        description: The address for V(http), seen from the host. Redirects are not followed.
        type: str
      status:
        description: HTTP status codes that are good.
        type: list
        elements: int
        default: [200]
      contains:
        description: A text that the page has to contain, such as the version.
        type: str
        default: ''
      ca_file:
        description: The certificate authority for an C(https://) address.
        type: path
      host:
        description: The host for V(tcp).
        type: str
        default: 127.0.0.1
      port:
        description: The port for V(tcp).
        type: int
      command:
        description: The command for V(command), as a list. It is run in check mode too and must change nothing.
        type: list
        elements: str
      retries:
        description: How often to try.
        type: int
        default: 10
      interval_s:
        description: Seconds between two tries.
        type: float
        default: 1.0
      timeout_s:
        description: Seconds that one try may take.
        type: float
        default: 5.0
  keep:
    description:
      - How many releases to keep, the active one included. The last healthy one before it is always kept.
    type: int
    default: 5
notes:
  - Symbolic links in the repository are kept. Submodules are refused.
seealso:
  - module: strategic.service_store.app_release_info
"""

EXAMPLES = r"""
- name: Deploy a tag, and return to the release before when /healthz does not answer
  strategic.service_store.app_release:
    application: board
    repo: https://git.example.net/board.git
    version: v2.3.0
    service: board.service
    shared: [data]
    owner: board
    health:
      type: http
      url: http://127.0.0.1:8080/healthz

- name: Deploy exactly one commit, from a repository behind an internal certificate authority
  strategic.service_store.app_release:
    application: board
    repo: https://git.internal.example.net/board.git
    version: 3f2a1c94be0712ab5d1e0c77a0b1c2d3e4f50617
    ca_file: /etc/ssl/internal-ca.pem
    build_command: [python3, -m, compileall, -q, .]
    service: board.service
    health: {type: tcp, port: 8080, retries: 30}

- name: Go back to the release before
  strategic.service_store.app_release:
    application: board
    state: rolled_back
    service: board.service

- name: Go back to a certain release
  strategic.service_store.app_release:
    application: board
    state: rolled_back
    version: v2.1.0
    service: board.service
"""

RETURN = r"""
release:
  description: The active release after the task; in check mode the one that would be active. Null when none is.
  returned: always, except when the options are refused or the repository cannot be read
  type: dict
  contains:
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
  description: The id of the release that was active before; after a failed check, of the release that failed.
  returned: when RV(release) is
  type: str
  sample: a81e44c0d511
healthy:
  description: Whether the active release passed its check. Null when there is no check, and in check mode.
  returned: when RV(release) is
  type: bool
  sample: true
rolled_back:
  description: Whether the task led back to an earlier release, because it was asked to or because the check failed.
  returned: when RV(release) is
  type: bool
  sample: false
removed:
  description: The ids of releases that were removed.
  returned: success
  type: list
  elements: str
  sample: [90aa01f2c3d4]
report:
  description: The record for the callback plugin C(strategic.service_store.rollout_report).
  returned: when RV(release) is
  type: dict
  sample:
    kind: release
    application: board
    release: 3f2a1c94be07
    version: v2.3.0
    previous: a81e44c0d511
    healthy: true
    rolled_back: false
"""

from collections.abc import Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.release import (
    ID_LENGTH,
    Release,
    Site,
    Source,
    Wanted,
    needs_probe,
    parse_application,
    parse_shared,
    plan_release,
    target_of_rollback,
)
from ansible_collections.strategic.service_store.plugins.module_utils.release.deploy import Deployment, outcome
from ansible_collections.strategic.service_store.plugins.module_utils.release.git import Git
from ansible_collections.strategic.service_store.plugins.module_utils.release.options import (
    RELEASE,
    access,
    folder,
    settings,
)
from ansible_collections.strategic.service_store.plugins.module_utils.release.place import Place


class ReleaseTask:
    """Makes one release the active one."""

    def __init__(self, context: Context) -> None:
        params = context.params
        self.application = parse_application(params["application"])
        self.rolling_back = params["state"] == "rolled_back"
        self.version: str | None = params["version"]
        self.keep: int = params["keep"]
        self.restart: bool = params["restart"]
        self.shared = parse_shared(tuple(params["shared"]))
        self.place = Place(folder(params))
        self.git = (
            None
            if self.rolling_back
            else Git(Source.parse(params["repo"], params["version"]), access(params), self.place.cache)
        )
        self.deployment = Deployment(self.place, settings(params, context.check_mode), self.git, context.sleep)
        self.site = Site()
        self.after = self.site
        self.release: Release | None = None
        self.healthy: bool | None = None

    def plan(self) -> Plan:
        """Resolve the version, and compare with what is on the host."""
        self.site = self.after = self.place.read()
        release = self.release = self._wanted()
        if needs_probe(self.site, release):
            self.healthy = self.deployment.is_well()
        links = self.place.missing_links(release.id, self.shared)
        restart = self.restart or self.deployment.is_stale()
        wanted = Wanted(release, self.keep, links, self.healthy, restart)
        return plan_release(self.site, wanted, self.place.path)

    def _wanted(self) -> Release:
        if self.git is None:
            return target_of_rollback(self.site, self.version)
        commit = self.git.resolve()
        known = self.site.get(commit[:ID_LENGTH])
        if known is not None:
            if known.commit != commit:
                raise InvalidInput("version", commit, f"has the same first digits as the kept release {known.commit}")
            return Release(known.id, known.commit, str(self.version), known.status, known.order, known.reason)
        return Release(commit[:ID_LENGTH], commit, str(self.version))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Carry the plan out; a failed check ends in ReleaseFailed after the way back."""
        if self.release is not None:
            self.after = self.deployment.apply(self.site, self.release, plan, self.rolling_back, done)
            if any(change.key == "service" for change in plan.changes):
                self.healthy = True if self.deployment.has_check else None

    def result(self, plan: Plan, applied: Sequence[Change]) -> dict[str, Any]:
        """The active release; in check mode the one that would be active."""
        active = self.after.get(self.release.id if self.release else None) or self.release
        switched = any(change.key == "current" for change in plan.changes)
        previous = self.site.get(self.site.current) if switched else self.after.fallback(active.id if active else "")
        removed = [change.key.partition(" ")[2] for change in plan.changes if change.action == "remove"]
        back = self.rolling_back and (switched or self.after.returned_from is not None)
        return {**outcome(self.application, active, previous, self.healthy, back, self.place), "removed": removed}


def main() -> None:
    """Run the module."""
    run(RELEASE, ReleaseTask)


if __name__ == "__main__":
    main()
