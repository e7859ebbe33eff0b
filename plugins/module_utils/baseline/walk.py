# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader `walk`: what only a walk of the whole file system finds. One walk serves every control."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Mapping
from typing import Any

from ..model.baseline import Item, Observation
from .host import Host

# Kernel views, other machines' files, and file systems of containers (they belong to an image, not to this host).
_FOREIGN_TYPES = frozenset(
    [
        "autofs",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fusectl",
        "hugetlbfs",
        "mqueue",
        "proc",
        "pstore",
        "securityfs",
        "sysfs",
        "tracefs",
        "9p",
        "ceph",
        "cifs",
        "glusterfs",
        "nfs",
        "nfs4",
        "smb3",
        "squashfs",
    ]
)
_PRUNED = ("/proc", "/sys", "/dev", "/run", "/var/lib/containers", "/var/lib/docker", "/var/lib/lxc")

Found = Mapping[str, "list[tuple[str, os.stat_result]]"]


def read(host: Host, read_: Mapping[str, Any]) -> Observation:
    """`find` is a key of the walk's result; `except` are shell patterns of paths that may be so."""
    found: Found = host.memo("walk", lambda: walk(host))
    allowed = read_.get("except", ())
    items = [
        Item(path, host.attributes(seen), path)
        for path, seen in sorted(found[read_["find"]], key=lambda pair: pair[0])
        if not any(fnmatch.fnmatchcase(path, pattern) for pattern in allowed)
    ]
    return Observation(tuple(items))


def walk(host: Host) -> Found:
    """Visit every local inode once and sort out the few that some control may ask for."""
    found: dict[str, list[tuple[str, os.stat_result]]] = {
        "world_writable_files": [],
        "open_folders": [],
        "unowned": [],
        "privileged": [],
    }
    pruned = {*_PRUNED, *_foreign_mounts(host)}
    pending = [host.root or "/"]
    cut = len(host.root)
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    path = entry.path[cut:]
                    if path in pruned:
                        continue
                    seen = _lstat(entry)
                    if seen is not None:
                        _sort(host, path, seen, found)
                        if stat.S_ISDIR(seen.st_mode):
                            pending.append(entry.path)
        except OSError:
            # Removed while we looked, or a FUSE mount of another user: nothing to judge there.
            continue
    return found


def _lstat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def _sort(host: Host, path: str, seen: os.stat_result, found: Mapping[str, list[tuple[str, os.stat_result]]]) -> None:
    mode = seen.st_mode
    if stat.S_ISLNK(mode):
        return
    if mode & stat.S_IWOTH:
        if stat.S_ISREG(mode):
            found["world_writable_files"].append((path, seen))
        elif stat.S_ISDIR(mode) and not mode & stat.S_ISVTX:
            found["open_folders"].append((path, seen))
    if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
        found["privileged"].append((path, seen))
    if host.user_name(seen.st_uid) is None or host.group_name(seen.st_gid) is None:
        found["unowned"].append((path, seen))


def _foreign_mounts(host: Host) -> set[str]:
    """Mount points that are not this host's own files, or that nobody can write to: proc_pid_mountinfo(5)."""
    found = set()
    for line in host.lines("/proc/self/mountinfo"):
        left, _dash, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if len(fields) < 6 or not kind or fields[4] == "/":
            continue
        read_only = "ro" in fields[5].split(",")
        if read_only or kind[0] in _FOREIGN_TYPES or kind[0].startswith("fuse"):
            found.add(fields[4].encode("ascii", "replace").decode("unicode_escape"))
    return found
