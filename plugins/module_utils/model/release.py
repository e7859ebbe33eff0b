# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases of an application on one host: what is there, what is wanted, and the steps between."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .invalid import InvalidValue
from .plan import Change, Plan

#: A release is named after its commit, so that it has the same name on every host.
ID_LENGTH = 12

BUILT = "built"  # in place, never accepted
HEALTHY = "healthy"  # passed its health check once
FAILED = "failed"  # did not pass it; kept for whoever looks into it
WITHDRAWN = "withdrawn"  # was healthy, and somebody went back from it

_APPLICATION = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
# git check-ref-format's rules, and nothing that a command line could take for an option.
_REF = re.compile(r"(?!-)(?!.*(?:\.\.|@\{|//|\.lock(?:/|\Z)|/\.|\.\Z|/\Z))[\w./+@#%=,-]{1,200}\Z")
_SHARED = re.compile(r"(?!/)(?!.*(?:^|/)\.{1,2}(?:/|\Z))(?!.*//)[\w./+@-]{1,200}(?<!/)\Z")


def parse_application(value: str) -> str:
    """The application's name; it becomes a folder and a systemd unit."""
    if not _APPLICATION.match(value):
        raise InvalidValue("application", value, "is no name; use lower case letters, digits, - and _, a letter first")
    return value


def parse_shared(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Folders that outlive releases, relative to the release; none may lie inside another."""
    for path in paths:
        if not _SHARED.match(path):
            raise InvalidValue("shared", path, "is no path inside the release; write it relative, such as data/uploads")
    for path in paths:
        if any(path.startswith(other + "/") for other in paths):
            raise InvalidValue("shared", path, "lies inside another shared folder; name the outer one only")
    return tuple(dict.fromkeys(paths))


@dataclass(frozen=True)
class Source:
    """A git repository and a commit, tag or branch in it."""

    repo: str
    version: str

    @classmethod
    def parse(cls, repo: str, version: str) -> Source:
        """Refuse what is unsafe to hand to git, and code that nobody vouches for on its way."""
        if not (_COMMIT.match(version) or _REF.match(version)):
            raise InvalidValue("version", version, "is no commit id, tag or branch")
        scheme = _scheme(repo)
        if scheme is None:
            raise InvalidValue(
                "repo",
                repo,
                "is no address of a git repository; write https://, ssh://, user@host:path or a path",
            )
        if scheme in ("https", "http") and "@" in repo.split("//", 1)[1].split("/", 1)[0]:
            raise InvalidValue("repo", "(not shown)", "carries a password or token, which git would log; use ssh")
        if scheme in ("http", "git") and not _COMMIT.match(version):
            raise InvalidValue(
                "repo",
                repo,
                f"comes over {scheme}, where anybody on the way can change it; use https or ssh, "
                "or give version as a full commit id",
            )
        return cls(repo, version)

    @property
    def is_commit(self) -> bool:
        """Whether the version is a full commit id, which needs no look-up and vouches for its content."""
        return bool(_COMMIT.match(self.version))


def _scheme(repo: str) -> str | None:
    found = re.match(r"(https?|ssh|git|file)://[^\s]+\Z", repo)
    if found:
        return found.group(1)
    if re.match(r"/[^\s]+\Z", repo):
        return "file"
    # git's short form of ssh. A first character other than a word character could be an option of ssh.
    return "ssh" if re.match(r"\w[\w.-]*@\w[\w.-]*:[^\s:][^\s]*\Z", repo) else None


def pick(version: str, refs: tuple[tuple[str, str], ...]) -> str | None:
    """The commit that a tag or branch stands for, out of (ref, object id) pairs as `git ls-remote` lists them.

    `refs/tags/v1^{}` is the commit that the annotated tag v1 points to, and wins over the tag object itself.
    """
    known = dict(refs)
    candidates = (version,) if version.startswith("refs/") else (f"refs/tags/{version}", f"refs/heads/{version}")
    found = {name: known.get(name + "^{}", known.get(name)) for name in candidates}
    commits = {commit for commit in found.values() if commit}
    if len(commits) > 1:
        raise InvalidValue(
            "version", version, f"is a tag and a branch; write refs/tags/{version} or refs/heads/{version}"
        )
    return commits.pop() if commits else None


@dataclass(frozen=True)
class Release:
    """One release on the host. `order` grows with each activation; 0 means never active."""

    id: str
    commit: str
    version: str = ""
    status: str = BUILT
    order: int = 0
    reason: str = ""

    def __str__(self) -> str:
        named = self.version and self.version != self.commit
        return f"{self.id} ({self.version})" if named else self.id


@dataclass(frozen=True)
class Pending:
    """An activation that has begun and not come to its end, by the id of its release."""

    to: str
    rolling_back: bool = False


@dataclass(frozen=True)
class Site:
    """What is on the host.

    While something is `pending` the service may run another release than `current` says. `returned_from` is the
    release that the last roll-back went away from.
    """

    releases: tuple[Release, ...] = ()
    current: str | None = None
    pending: Pending | None = None
    returned_from: str | None = None

    def get(self, release_id: str | None) -> Release | None:
        return next((release for release in self.releases if release.id == release_id), None)

    def with_release(self, release: Release) -> Site:
        others = tuple(known for known in self.releases if known.id != release.id)
        return replace(self, releases=tuple(sorted(others + (release,), key=lambda known: (known.order, known.id))))

    def without(self, release_id: str) -> Site:
        return replace(self, releases=tuple(known for known in self.releases if known.id != release_id))

    @property
    def next_order(self) -> int:
        return max([release.order for release in self.releases], default=0) + 1

    def fallback(self, wanted: str) -> Release | None:
        """Where to return to when `wanted` fails: the last healthy release that is another one."""
        healthy = [known for known in self.releases if known.status == HEALTHY and known.id != wanted]
        return max(healthy, key=lambda known: known.order, default=None)

    def find(self, name: str) -> Release:
        """A kept release by its id, its commit or the version it was deployed as; the latest one wins."""
        found = [known for known in self.releases if name in (known.id, known.commit, known.version)]
        if not found:
            kept = ", ".join(str(known) for known in self.releases) or "none"
            raise InvalidValue("version", name, f"is no release kept on this host; kept are: {kept}")
        return max(found, key=lambda known: known.order)

    def expendable(self, wanted: str, keep: int) -> tuple[Release, ...]:
        """Releases to remove once `wanted` is active: all but the `keep` latest and the one to return to."""
        others = [known for known in self.releases if known.id != wanted]
        others.sort(key=lambda known: known.order, reverse=True)
        fallback = self.fallback(wanted)
        return tuple(known for known in others[max(keep - 1, 0) :] if fallback is None or known.id != fallback.id)


@dataclass(frozen=True)
class Wanted:
    """The release to be active.

    `is_well` tells whether the active one passes its check, None when not asked. `restart` asks for a restart in any
    case, because something besides the release has changed.
    """

    release: Release
    keep: int
    missing_links: tuple[str, ...] = ()
    is_well: bool | None = None
    restart: bool = False


def needs_probe(site: Site, wanted: Release) -> bool:
    """Whether only the health check can tell if there is something to do."""
    known = site.get(wanted.id)
    return site.current == wanted.id and site.pending is None and known is not None and known.status == HEALTHY


def target_of_rollback(site: Site, name: str | None) -> Release:
    """The release a roll-back leads to.

    Without a name that is the one before the current one. A second run finds that it has been done already: going
    back further has to be said by name, or each run of the same play would go one step further.
    """
    if name is not None:
        return site.find(name)
    if site.pending is not None and site.pending.rolling_back:
        return site.find(site.pending.to)
    current = site.get(site.current)
    if current is not None and site.returned_from is not None and site.pending is None:
        return current
    fallback = site.fallback(site.pending.to if site.pending else site.current or "")
    if fallback is None:
        raise InvalidValue("state", "rolled_back", "finds no earlier healthy release on this host")
    return fallback


def plan_release(site: Site, wanted: Wanted, group: str) -> Plan:
    """The steps that make `wanted` the active release; none when it is active and well."""
    release = wanted.release
    known = site.get(release.id)
    changes = []
    if known is None:
        changes.append(Change("add", "release", None, f"release: {release}", group))
    changes += [Change("add", f"link {path}", None, f"shared: {path}", group) for path in wanted.missing_links]
    current = site.get(site.current)
    if site.current != release.id:
        before = f"current: {current or site.current}" if site.current else None
        changes.append(Change("update", "current", before, f"current: {release}", group))
    uncertain = site.pending is not None or known is None or known.status != HEALTHY or wanted.is_well is False
    if changes or uncertain or wanted.restart:
        changes.append(Change("update", "service", None, "service: restarted and checked", group))
    changes += [
        Change("remove", f"release {old.id}", f"release: {old}", None, group)
        for old in site.expendable(release.id, wanted.keep)
    ]
    return Plan(tuple(changes))
