# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""git as this collection uses it: no configuration of the host, no hooks, no prompts, errors told apart."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import InvalidInput, ProviderError, ServiceStoreError
from ..model.release import Source, pick
from .command import Done, TookTooLong, run

#: Words of git and ssh (LC_ALL=C) and the kind of failure that they mean; the first that is found holds.
_MEANINGS: tuple[tuple[str, str], ...] = (
    ("certificate", "tls"),
    ("SSL", "tls"),
    ("Host key verification failed", "tls"),
    ("Authentication failed", "bad_key"),
    ("could not read Username", "bad_key"),
    ("Permission denied", "bad_key"),
    ("403", "no_permission"),
    ("not found", "not_found"),
    ("does not exist", "not_found"),
    ("does not appear to be a git repository", "not_found"),
    ("Could not resolve host", "unreachable"),
    ("Failed to connect", "unreachable"),
    ("Connection refused", "unreachable"),
    ("Connection timed out", "unreachable"),
    ("No route to host", "unreachable"),
)
_HINTS: Mapping[str, str] = {
    "tls": "give the repository's certificate authority in ca_file, or its host key in ssh_known_hosts_file",
    "bad_key": "give a key that may read the repository in ssh_key_file",
    "no_permission": "allow this host to read the repository",
    "not_found": "check repo",
    "unreachable": "check repo, proxy, and the way from this host to the repository",
}


@dataclass(frozen=True)
class Access:
    """How the host reaches the repository. Paths are on the host; `timeout_s` bounds each command."""

    ca_file: str | None = None
    proxy: str | None = None
    ssh_key_file: str | None = None
    ssh_known_hosts_file: str | None = None
    timeout_s: float = 120.0


class Git:
    """Reads one repository, by way of a bare copy in `cache`."""

    def __init__(self, source: Source, access: Access, cache: str) -> None:
        self._source = source
        self._access = access
        self._cache = cache

    def resolve(self) -> str:
        """The commit that the wanted version stands for; asks the repository and writes nothing."""
        version = self._source.version
        if self._source.is_commit:
            return version
        listed = self._git(["ls-remote", "--", self._source.repo], f"read the versions in {self._source.repo}")
        refs = tuple((ref, commit) for commit, _tab, ref in (line.partition("\t") for line in listed.splitlines()))
        commit = pick(version, refs)
        if commit is None:
            raise InvalidInput(
                "version", version, f"is no tag or branch of {self._source.repo}; a commit needs its full id"
            )
        return commit

    def export(self, commit: str, folder: str) -> None:
        """Write the files of a commit into the empty `folder`, with modes 0644 and 0755."""
        self._fetch(commit)
        if self._git(["ls-tree", commit, "--", ".gitmodules"], "look for submodules", cached=True):
            raise InvalidInput(
                "repo", self._source.repo, "has submodules, which are not deployed; vendor their content"
            )
        index = folder + ".index"
        try:
            self._git(["read-tree", commit], f"read commit {commit}", cached=True, index=index)
            self._git(
                [f"--work-tree={folder}", "checkout-index", "--all", "--force"],
                f"write the files of {commit}",
                cached=True,
                index=index,
            )
        finally:
            if os.path.exists(index):
                os.unlink(index)

    def forget(self) -> None:
        """Drop the copy: a git killed half way leaves locks in it. Renamed first, as that git may still write."""
        if os.path.isdir(self._cache):
            aside = f"{self._cache}.old"
            shutil.rmtree(aside, ignore_errors=True)
            os.rename(self._cache, aside)
            shutil.rmtree(aside, ignore_errors=True)

    def _fetch(self, commit: str) -> None:
        repo = self._source.repo
        self._git(["init", "--quiet", "--bare", self._cache], "make the local copy")
        if self._has(commit):
            return
        self._git(
            [
                "fetch",
                "--quiet",
                "--force",
                "--prune",
                "--no-tags",
                "--no-auto-maintenance",
                "--",
                repo,
                "+refs/heads/*:refs/heads/*",
                "+refs/tags/*:refs/tags/*",
            ],
            f"fetch {repo}",
            cached=True,
        )
        if not self._has(commit):
            raise InvalidInput("version", commit, f"is in no branch or tag of {repo}")

    def _has(self, commit: str) -> bool:
        return self._run(["cat-file", "-e", commit + "^{commit}"], self._environment(None), True).status == 0

    def _git(self, arguments: Sequence[str], doing: str, cached: bool = False, index: str | None = None) -> str:
        try:
            done = self._run(arguments, self._environment(index), cached)
        except FileNotFoundError:
            raise ServiceStoreError("git is not installed on this host. Next: install the package git.") from None
        except TookTooLong:
            raise ProviderError("git", doing, f"no answer within {self._access.timeout_s:g} s", "timeout") from None
        if done.status != 0:
            raise _failure(doing, done.err)
        return done.out

    def _run(self, arguments: Sequence[str], environment: Mapping[str, str], cached: bool) -> Done:
        command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "credential.helper="]
        if self._access.proxy:
            command += ["-c", f"http.proxy={self._access.proxy}"]
        if cached:
            command.append(f"--git-dir={self._cache}")
        return run([*command, *arguments], timeout_s=self._access.timeout_s, environment=environment)

    def _environment(self, index: str | None) -> Mapping[str, str]:
        """Only what is named here: a proxy, a CA or a helper of the surroundings must not decide what is deployed."""
        access = self._access
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C",
            "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "https:ssh:file:http:git",
            "GIT_SSH_COMMAND": _ssh_command(access),
        }
        if access.ca_file:
            environment["GIT_SSL_CAINFO"] = access.ca_file
        if index:
            environment["GIT_INDEX_FILE"] = index
        return environment


def _ssh_command(access: Access) -> str:
    words = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
    if access.ssh_key_file:
        words += ["-o", "IdentitiesOnly=yes", "-i", _quoted(access.ssh_key_file)]
    if access.ssh_known_hosts_file:
        words += ["-o", _quoted(f"UserKnownHostsFile={access.ssh_known_hosts_file}")]
    return " ".join(words)


def _quoted(word: str) -> str:
    # git hands GIT_SSH_COMMAND to a shell.
    return "'" + word.replace("'", "'\\''") + "'"


def _failure(doing: str, stderr: str) -> ProviderError:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "no reason")
    kind = next((kind for words, kind in _MEANINGS if words in stderr), "other")
    return ProviderError("git", doing, told.partition(": ")[2] or told, kind, hint=_HINTS.get(kind))
