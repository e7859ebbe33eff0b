# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of an application on its host.

    releases/<id>/   one folder per release, complete when the state names it
    shared/          what outlives releases; releases link into it
    current          a symbolic link to the active release
    .app_release/    state.json, a copy of the repository, a lock; for the administrator only

Every step is one rename, so that a run killed anywhere leaves the old or the new, never half of either.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.errors import InvalidInput, ServiceStoreError
from ..model.release import Pending, Release, Site

SCHEMA = 1


@contextmanager
def disk_errors() -> Iterator[None]:
    """Say what the disk refused in words instead of a traceback."""
    try:
        yield
    except OSError as exc:
        raise ServiceStoreError(
            f"{exc.filename or 'the disk'}: {exc.strerror or exc}. Next: check the space, the mode and the owner there."
        ) from exc


class Place:
    """One application's folder."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.state_folder = os.path.join(path, ".app_release")
        self.cache = os.path.join(self.state_folder, "repo.git")
        self._state_file = os.path.join(self.state_folder, "state.json")

    def release(self, release_id: str) -> str:
        """The folder of a release."""
        return os.path.join(self.path, "releases", release_id)

    @property
    def current(self) -> str:
        """The link to the active release."""
        return os.path.join(self.path, "current")

    @property
    def _new_link(self) -> str:
        return os.path.join(self.path, ".current.new")

    def read(self) -> Site:
        """What is there; a release whose folder is missing is not."""
        state = self._load()
        releases = tuple(
            Release(id=name, **{key: value for key, value in known.items() if key in _FIELDS})
            for name, known in sorted(state.get("releases", {}).items(), key=lambda item: item[1].get("order", 0))
            if os.path.isdir(self.release(name))
        )
        pending = state.get("pending")
        return Site(
            releases=releases,
            current=self._active(),
            returned_from=state.get("returned_from"),
            pending=Pending(pending["to"], bool(pending.get("rolling_back"))) if pending else None,
        )

    def _load(self) -> dict[str, Any]:
        try:
            with open(self._state_file, encoding="utf-8") as stream:
                state = json.load(stream)
        except FileNotFoundError:
            return {}
        except ValueError as exc:
            raise ServiceStoreError(
                f"{self._state_file} is damaged ({exc}). Next: restore it from a backup, or remove it; "
                "the next run then builds the release anew."
            ) from None
        if state.get("schema") != SCHEMA:
            raise ServiceStoreError(
                f"{self._state_file} was written by another version of this collection (schema {state.get('schema')}). "
                "Next: use that version or a newer one on this host."
            )
        return dict(state)

    def _active(self) -> str | None:
        try:
            target = os.readlink(self.current)
        except FileNotFoundError:
            return None
        except OSError:
            raise ServiceStoreError(
                f"{self.current} is no symbolic link. Next: move it away; it is the link to the active release."
            ) from None
        return os.path.basename(target)

    def save(self, site: Site) -> None:
        """Write the state in one step; it is on the disk when this returns."""
        state = {
            "schema": SCHEMA,
            "releases": {known.id: {key: getattr(known, key) for key in _FIELDS} for known in site.releases},
            "pending": vars(site.pending) if site.pending else None,
            "returned_from": site.returned_from,
        }
        temporary = self._state_file + ".new"
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            json.dump(state, stream, indent=1, sort_keys=True)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, self._state_file)

    def prepare(self) -> None:
        """Remove what a killed run left half done."""
        _remove(self._new_link)
        site = self.read()
        begun = site.pending.to if site.pending else None
        for name in os.listdir(os.path.join(self.path, "releases")):
            # Folders of others are left alone: only what an activation had begun is known to be ours.
            if name.startswith(".incoming-") or (name == begun and site.get(name) is None):
                _remove(self.release(name))

    def _make_folders(self) -> None:
        """The modes do not depend on the umask: the service, not only root, has to read its release."""
        for name, mode in ((".", 0o755), ("releases", 0o755), (".app_release", 0o700)):
            folder = os.path.normpath(os.path.join(self.path, name))
            if not os.path.isdir(folder):
                os.makedirs(folder)
                os.chmod(folder, mode)

    @contextmanager
    def incoming(self, release_id: str) -> Iterator[str]:
        """An empty folder to build a release in; it gets its name when the block ends well."""
        folder = self.release(f".incoming-{release_id}")
        _remove(folder)
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        try:
            yield folder
        except BaseException:
            _remove(folder)
            raise
        _remove(self.release(release_id))
        os.rename(folder, self.release(release_id))

    def missing_links(self, release_id: str, shared: tuple[str, ...]) -> tuple[str, ...]:
        """The shared folders that a release does not link to yet."""
        return tuple(name for name in shared if not self._is_linked(release_id, name))

    def _is_linked(self, release_id: str, name: str) -> bool:
        link = os.path.join(self.release(release_id), name)
        return os.path.islink(link) and os.readlink(link) == self._shared(name) and os.path.isdir(self._shared(name))

    def _shared(self, name: str) -> str:
        return os.path.join(self.path, "shared", name)

    def link(self, release_id: str, name: str, uid: int, gid: int) -> None:
        """Link one shared folder into a release; files that the release brings there start the folder off."""
        target, link = self._shared(name), os.path.join(self.release(release_id), name)
        self._refuse_way_out(release_id, name)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        if not os.path.isdir(target):
            seed = target + ".new"
            _remove(seed)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isdir(link) and not os.path.islink(link):
                shutil.copytree(link, seed, symlinks=True)
            else:
                os.mkdir(seed)
            _give(seed, uid, gid)
            os.rename(seed, target)
        _remove(link)
        os.symlink(target, link)

    def _refuse_way_out(self, release_id: str, name: str) -> None:
        """A symbolic link of the repository above a shared folder would have root write outside the release."""
        root = os.path.realpath(self.release(release_id))
        parent = os.path.realpath(os.path.dirname(os.path.join(root, name)))
        if parent != root and not parent.startswith(root + os.sep):
            raise InvalidInput(
                "shared", name, f"leads out of the release, to {parent}; the repository has a link there"
            )

    def switch(self, release_id: str | None) -> None:
        """Point `current` to a release in one step, or take it away."""
        if release_id is None:
            _remove(self.current)
            return
        temporary = self._new_link
        _remove(temporary)
        # Relative, so that the folder can be looked at from elsewhere (a backup, a container).
        os.symlink(os.path.join("releases", release_id), temporary)
        os.replace(temporary, self.current)

    def remove(self, release_id: str) -> None:
        """Delete a release's files."""
        _remove(self.release(release_id))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One run at a time. The kernel lifts the lock when its holder dies."""
        self._make_folders()
        with open(os.path.join(self.state_folder, "lock"), "w", encoding="ascii") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ServiceStoreError(
                    f"another run is deploying to {self.path}. Next: run again when it has ended."
                ) from None
            yield


_FIELDS = ("commit", "version", "status", "order", "reason")


def _give(folder: str, uid: int, gid: int) -> None:
    for place, _folders, files in os.walk(folder):
        os.chown(place, uid, gid)
        for name in files:
            os.chown(os.path.join(place, name), uid, gid, follow_symlinks=False)
    os.chmod(folder, 0o750)


def _remove(path: str) -> None:
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)
