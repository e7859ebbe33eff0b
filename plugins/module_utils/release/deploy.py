# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out the plan for a release: build, link, switch, restart, check, and the way back when the check fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Callable

from ..core.errors import InvalidInput, ServiceStoreError
from ..model.plan import Change, Plan
from ..model.release import FAILED, HEALTHY, WITHDRAWN, Pending, Release, Site
from .command import TookTooLong, run
from .git import Git
from .health import Check, run_command, wait_until_well
from .place import Place, disk_errors

#: systemd gives a unit 90 s to start and as long to stop.
SERVICE_TIMEOUT_S = 200.0


class ReleaseFailed(ServiceStoreError):
    """A release did not pass its check. `result` is what the module returns besides the message."""

    def __init__(self, text: str, result: Mapping[str, Any]) -> None:
        super().__init__(text)
        self.result = dict(result)


@dataclass(frozen=True)
class Settings:
    """How this application is built, run and checked. `owner` is (uid, gid) of shared folders."""

    application: str
    build_command: tuple[str, ...] = ()
    build_timeout_s: float = 600.0
    service: str | None = None
    restart_command: tuple[str, ...] = ()
    check: Check | None = None
    owner: tuple[int, int] = (0, 0)


class Deployment:
    """One activation of one release. `sleep` waits between tries of the check."""

    def __init__(self, place: Place, settings: Settings, git: Git | None, sleep: Callable[[float], None]) -> None:
        self._place = place
        self._settings = settings
        self._git = git
        self._sleep = sleep

    def apply(
        self, site: Site, release: Release, plan: Plan, rolling_back: bool, done: Callable[[Change], None]
    ) -> Site:
        """Make the changes and return the site after them; `site` is what the plan was made from."""
        with disk_errors(), self._place.lock():
            if self._place.read() != site:
                raise ServiceStoreError(f"{self._place.path} changed after it was read. Next: run again.")
            self._place.prepare()
            after = site
            if any(change.action != "remove" for change in plan.changes):
                after = self._activate(site, release, plan, rolling_back, done)
            for change in plan.changes:
                if change.action == "remove":
                    after = self._remove(after, change.key.partition(" ")[2])
                    done(change)
        return after

    @property
    def has_check(self) -> bool:
        """Whether there is anything to tell a well release by."""
        return self._settings.check is not None

    def is_well(self) -> bool | None:
        """Whether the active release passes its check; None when there is no check."""
        if self._settings.check is None:
            return None
        return wait_until_well(self._settings.check, self._place.current, self._sleep) is None

    def is_stale(self) -> bool:
        """Whether the unit was changed on the disk after systemd read it: the service runs by the old one."""
        if not self._settings.service:
            return False
        command = ["systemctl", "show", "--property=NeedDaemonReload", "--value", "--", self._settings.service]
        try:
            return run(command, timeout_s=30).out.strip() == "yes"
        except (OSError, TookTooLong):
            return False

    def _activate(
        self, site: Site, release: Release, plan: Plan, rolling_back: bool, done: Callable[[Change], None]
    ) -> Site:
        begun = self._begin(site, release, rolling_back)
        for change in plan.changes:
            if change.key == "release":
                begun = self._build_or_undo(site, begun, release)
            elif change.key.startswith("link "):
                self._place.link(release.id, change.key.partition(" ")[2], *self._settings.owner)
            elif change.key == "current":
                self._place.switch(release.id)
            elif change.key == "service":
                why = self._restart_and_check()
                if why is not None:
                    raise self._fail(site, begun, release, why)
            else:
                continue
            done(change)
        return self._accept(site, begun, release, rolling_back)

    def _begin(self, site: Site, release: Release, rolling_back: bool) -> Site:
        """Write down what is about to happen, so that a run after a kill knows."""
        interrupted = site.pending is not None and site.get(site.pending.to) is None
        if interrupted and self._git is not None:
            self._git.forget()
        known = site.get(release.id)
        begun = replace(site, pending=Pending(release.id, rolling_back))
        if known is not None:
            begun = begun.with_release(replace(known, version=release.version, order=site.next_order))
        self._place.save(begun)
        return begun

    def _build_or_undo(self, site: Site, begun: Site, release: Release) -> Site:
        try:
            self._build(release)
        except ServiceStoreError:
            # Nothing has been touched that runs: leave the state as it was found.
            self._place.save(site)
            raise
        begun = begun.with_release(replace(release, order=site.next_order))
        self._place.save(begun)
        return begun

    def _build(self, release: Release) -> None:
        if self._git is None:
            raise InvalidInput("repo", None, "is needed to build a release")
        with self._place.incoming(release.id) as folder:
            self._git.export(release.commit, folder)
            if self._settings.build_command:
                why = run_command(self._settings.build_command, folder, self._settings.build_timeout_s)
                if why is not None:
                    raise ServiceStoreError(
                        f"release {release} of {self._settings.application} could not be built: {why}. "
                        "Nothing was switched. Next: mend the build, or deploy another version."
                    )

    def _restart_and_check(self) -> str | None:
        settings = self._settings
        if settings.service:
            run_command(("systemctl", "daemon-reload"), "/", SERVICE_TIMEOUT_S)
            # A crash loop of the release before must not count against this one.
            run_command(("systemctl", "reset-failed", settings.service), "/", SERVICE_TIMEOUT_S)
        command = settings.restart_command or (("systemctl", "restart", settings.service) if settings.service else ())
        why = run_command(tuple(command), self._place.current, SERVICE_TIMEOUT_S) if command else None
        if why is None and settings.check is not None:
            why = wait_until_well(settings.check, self._place.current, self._sleep)
        return why

    def _accept(self, site: Site, begun: Site, release: Release, rolling_back: bool) -> Site:
        accepted = replace(begun, pending=None, current=release.id)
        known = accepted.get(release.id) or release
        accepted = accepted.with_release(replace(known, status=HEALTHY, reason=""))
        left = self._left_behind(site, release)
        if rolling_back and left is not None:
            accepted = replace(accepted.with_release(replace(left, status=WITHDRAWN)), returned_from=left.id)
        elif site.current != release.id or not rolling_back:
            accepted = replace(accepted, returned_from=site.returned_from if site.current == release.id else None)
        self._place.save(accepted)
        return accepted

    @staticmethod
    def _left_behind(site: Site, release: Release) -> Release | None:
        """The release that a roll-back goes away from, also when an earlier run was killed after the switch."""
        if site.current != release.id:
            return site.get(site.current)
        return site.fallback(release.id) if site.pending is not None and site.pending.rolling_back else None

    def _remove(self, site: Site, release_id: str) -> Site:
        # Out of the state first: a half-deleted folder must never be taken for a release.
        site = site.without(release_id)
        self._place.save(site)
        self._place.remove(release_id)
        return site

    def _fail(self, site: Site, begun: Site, release: Release, why: str) -> ReleaseFailed:
        """Go back to the release before, if there is one, and say what happened."""
        application = self._settings.application
        known = site.get(release.id)
        if known is not None and known.status == HEALTHY and site.current == release.id and site.pending is None:
            self._place.save(site)
            return self._failure(
                f"{application} is not well, and a restart did not help: {why}. Release {known} stays, as it was "
                "healthy when it was deployed. Next: look at the logs of the service.",
                known,
                None,
                False,
                False,
            )
        failed = replace(begun.get(release.id) or release, status=FAILED, reason=why)
        previous = site.get(site.current) if site.current != release.id else None
        back = previous if previous is not None and previous.status == HEALTHY else site.fallback(release.id)
        after = replace(begun.with_release(failed), current=back.id if back else None)
        self._place.save(after)
        self._place.switch(back.id if back else None)
        text = f"release {failed} of {application} did not pass its check: {why}. "
        kept = f"The failed release is kept in {self._place.release(failed.id)}. Next: look at the logs of the service."
        if back is None:
            if self._settings.service:
                run_command(("systemctl", "stop", self._settings.service), "/", SERVICE_TIMEOUT_S)
            self._place.save(replace(after, pending=None))
            return self._failure(
                text + "There is no earlier healthy release, so none is active. " + kept, None, failed, False, False
            )
        worse = self._restart_and_check()
        if worse is not None:
            # Still pending: the next run restarts the service whatever it deploys.
            return self._failure(
                text + f"Release {back} is active again and does not pass either: {worse}. " + kept,
                back,
                failed,
                True,
                False,
            )
        self._place.save(replace(after, pending=None))
        return self._failure(text + f"Release {back} is active again and well. " + kept, back, failed, True, True)

    def _failure(
        self, text: str, active: Release | None, failed: Release | None, rolled_back: bool, healthy: bool
    ) -> ReleaseFailed:
        return ReleaseFailed(
            text, outcome(self._settings.application, active, failed, healthy, rolled_back, self._place)
        )


def outcome(
    application: str,
    active: Release | None,
    previous: Release | None,
    healthy: bool | None,
    rolled_back: bool,
    place: Place,
) -> dict[str, Any]:
    """The return values about the active release, and the record for the report."""
    return {
        "release": describe(active, place) if active else None,
        "previous": previous.id if previous else None,
        "healthy": healthy,
        "rolled_back": rolled_back,
        "report": {
            "kind": "release",
            "application": application,
            "release": active.id if active else "none",
            "version": active.version if active else "",
            "previous": previous.id if previous else "",
            "healthy": healthy,
            "rolled_back": rolled_back,
        },
    }


def describe(release: Release, place: Place) -> dict[str, Any]:
    """A release as a return value."""
    return {
        "id": release.id,
        "commit": release.commit,
        "version": release.version,
        "status": release.status,
        "reason": release.reason,
        "path": place.release(release.id),
    }
