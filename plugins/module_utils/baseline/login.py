# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Ansible came in, as far as the host can tell: what a repair must not take away."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..model.baseline_lockout import Login
from . import sshd
from .host import Host


def login(host: Host, bundle: Mapping[str, Any]) -> Login:
    """The controller knows user and means; the host knows the keys and groups."""
    user = str(bundle.get("user") or os.environ.get("SUDO_USER") or "root")
    return Login(
        user=user,
        over_ssh=bool(bundle.get("over_ssh")),
        has_key=_has_key(host, user),
        with_password=bool(bundle.get("with_password")),
        sudo_password=bool(bundle.get("sudo_password")),
        groups=_groups(host, user),
    )


def _has_key(host: Host, user: str) -> bool:
    """Whether sshd would find a key for the user: AuthorizedKeysFile with its tokens, sshd_config(5)."""
    code, out, _err = sshd.dump(host) if host.lstat(sshd.PROGRAM) else (1, "", "")
    settings = dict(line.partition(" ")[::2] for line in out.splitlines()) if code == 0 else {}
    if settings.get("authorizedkeyscommand", "none") != "none" or settings.get("trustedusercakeys", "none") != "none":
        return True
    home = next((line.split(":")[5] for line in host.lines("/etc/passwd") if line.startswith(user + ":")), "")
    for pattern in settings.get("authorizedkeysfile", ".ssh/authorized_keys").split():
        path = pattern.replace("%h", home).replace("%u", user).replace("%%", "%")
        path = path if path.startswith("/") else "%s/%s" % (home, path)
        if any(line.strip() and not line.startswith("#") for line in host.lines(path)):
            return True
    return False


def _groups(host: Host, user: str) -> tuple[str, ...]:
    primary = next((line.split(":")[3] for line in host.lines("/etc/passwd") if line.startswith(user + ":")), "")
    found = []
    for line in host.lines("/etc/group"):
        part = line.split(":")
        if len(part) > 3 and (part[2] == primary or user in part[3].split(",")):
            found.append(part[0])
    return tuple(found)
