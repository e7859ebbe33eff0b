# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine can run the lab's hosts, and if not, what is missing and the exact command."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from .errors import LabError

NEEDED = {
    "podman": "podman",
    "runc": "runc",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "nft": "nftables",
    "ssh": "openssh-client",
    "mmdebstrap": "mmdebstrap",
}
_NETAVARK = ("/usr/lib/podman/netavark", "/usr/libexec/podman/netavark")
#: Measured: three of systemd, one of dbus-daemon. Containers' root is the machine's root, so all share its limit.
INOTIFY_PER_HOST = 4
Which = Callable[[str], str | None]
Exists = Callable[[str], bool]


def missing_packages(which: Which = shutil.which, exists: Exists = os.path.exists) -> list[str]:
    """Debian packages that the lab needs and this machine does not have."""
    packages = {package for program, package in NEEDED.items() if which(program) is None}
    if not any(exists(path) for path in _NETAVARK):
        packages.add("netavark")
    return sorted(packages)


def check_machine(euid: int | None = None, which: Which = shutil.which, exists: Exists = os.path.exists) -> None:
    """Raises LabError when this machine cannot run the lab's containers."""
    missing = missing_packages(which, exists)
    root = (os.geteuid() if euid is None else euid) == 0
    if missing:
        raise LabError(
            "the lab needs programs that this machine does not have; install them with:\n"
            f"    {'' if root else 'sudo '}apt-get install --no-install-recommends {' '.join(missing)}"
        )
    if not root:
        raise LabError(
            "the lab needs root: it makes networks, and containers with fixed addresses; run it with:\n"
            "    sudo --preserve-env=LAB_DIR,SERVICE_STORE_CACHE,HOME python -m lab up"
        )
    if not exists("/dev/net/tun"):
        raise LabError("this machine has no /dev/net/tun, which the tunnels need; run: modprobe tun")


def inotify_in_use() -> int:
    """How many inotify instances root's processes hold, in all containers together."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        # It may end while it is looked at.
        with contextlib.suppress(OSError):
            if process.stat().st_uid == 0:
                found += sum(_leads_to(fd) == "anon_inode:inotify" for fd in (process / "fd").iterdir())
    return found


def _leads_to(link: Path) -> str:
    """Where a descriptor leads; nowhere when it was closed meanwhile, as the one that lists our own is."""
    try:
        return os.readlink(link)
    except OSError:
        return ""


def check_inotify(hosts: int, in_use: int | None = None, limit: int | None = None) -> None:
    """Raises LabError when so many more hosts would not find the inotify instances that systemd needs.

    systemd then ends with "Failed to allocate manager object: Too many open files", without saying which.
    """
    path = Path("/proc/sys/fs/inotify/max_user_instances")
    most = int(path.read_text()) if limit is None else limit
    used = inotify_in_use() if in_use is None else in_use
    needed = hosts * INOTIFY_PER_HOST
    if used + needed > most:
        raise LabError(
            f"{hosts} hosts need {needed} inotify instances, and root's processes hold {used} of the {most} that this "
            f"machine allows; stop other containers, or allow more with:\n"
            f"    sysctl -w fs.inotify.max_user_instances={max(512, most * 2)}"
        )
