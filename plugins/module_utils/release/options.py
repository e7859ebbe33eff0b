# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of app_release, as values."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Mapping
from typing import Any

from ..core.errors import InvalidInput
from ..core.spec import Spec
from .deploy import Settings
from .git import Access
from .health import Check

HEALTH = {
    "type": {"type": "str", "required": True, "choices": ["http", "tcp", "command"]},
    "url": {"type": "str"},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "contains": {"type": "str", "default": ""},
    "ca_file": {"type": "path"},
    "host": {"type": "str", "default": "127.0.0.1"},
    "port": {"type": "int"},
    "command": {"type": "list", "elements": "str"},
    "retries": {"type": "int", "default": 10},
    "interval_s": {"type": "float", "default": 1.0},
    "timeout_s": {"type": "float", "default": 5.0},
}

APPLICATION = Spec({"application": {"type": "str", "required": True}, "path": {"type": "path"}})

RELEASE = Spec(
    {
        "state": {"type": "str", "choices": ["present", "rolled_back"], "default": "present"},
        "repo": {"type": "str"},
        "version": {"type": "str"},
        "ca_file": {"type": "path"},
        "proxy": {"type": "str"},
        "ssh_key_file": {"type": "path", "no_log": False},
        "ssh_known_hosts_file": {"type": "path"},
        "timeout_s": {"type": "float", "default": 120.0},
        "shared": {"type": "list", "elements": "str", "default": []},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "build_command": {"type": "list", "elements": "str"},
        "build_timeout_s": {"type": "float", "default": 600.0},
        "service": {"type": "str"},
        "restart_command": {"type": "list", "elements": "str"},
        "restart": {"type": "bool", "default": False},
        "health": {
            "type": "dict",
            "options": HEALTH,
            "required_if": [("type", "http", ("url",)), ("type", "tcp", ("port",)), ("type", "command", ("command",))],
        },
        "keep": {"type": "int", "default": 5},
    },
    mutually_exclusive=(("service", "restart_command"),),
    required_if=(("state", "present", ("repo", "version")),),
).merge(APPLICATION)


def folder(params: Mapping[str, Any]) -> str:
    """The application's folder."""
    path: str = params["path"] or os.path.join("/srv", params["application"])
    if not os.path.isabs(path) or os.path.normpath(path) == "/":
        raise InvalidInput("path", path, "is no folder of its own; write an absolute path such as /srv/board")
    return os.path.normpath(path)


def access(params: Mapping[str, Any]) -> Access:
    """How to reach the repository."""
    if params["ca_file"] and not os.path.isfile(params["ca_file"]):
        raise InvalidInput("ca_file", params["ca_file"], "is no file on this host")
    return Access(
        params["ca_file"], params["proxy"], params["ssh_key_file"], params["ssh_known_hosts_file"], params["timeout_s"]
    )


def settings(params: Mapping[str, Any], check_mode: bool) -> Settings:
    """How the application is built, run and checked. In check mode the owner may be about to be made."""
    if params["keep"] < 2:
        raise InvalidInput("keep", params["keep"], "leaves no release to return to; write 2 or more")
    return Settings(
        application=params["application"],
        build_command=tuple(params["build_command"] or ()),
        build_timeout_s=params["build_timeout_s"],
        service=params["service"],
        restart_command=tuple(params["restart_command"] or ()),
        check=_check(params["health"], params["service"]),
        owner=(0, 0) if check_mode else _owner(params["owner"], params["group"]),
    )


def _check(health: Mapping[str, Any] | None, service: str | None) -> Check | None:
    if health is None:
        return Check("service", service=service) if service else None
    check = Check(
        kind=health["type"],
        url=health["url"] or "",
        status=tuple(health["status"]),
        contains=health["contains"],
        host=health["host"],
        port=health["port"] or 0,
        command=tuple(health["command"] or ()),
        ca_file=health["ca_file"],
        retries=health["retries"],
        interval_s=health["interval_s"],
        timeout_s=health["timeout_s"],
    )
    check.validate()
    return check


def _owner(user: str | None, group: str | None) -> tuple[int, int]:
    """Numbers for names; without names those of whoever runs this."""
    try:
        account = pwd.getpwnam(user) if user else None
    except KeyError:
        raise InvalidInput("owner", user, "is no user of this host") from None
    try:
        gid = grp.getgrnam(group).gr_gid if group else account.pw_gid if account else os.getegid()
    except KeyError:
        raise InvalidInput("group", group, "is no group of this host") from None
    return (account.pw_uid if account else os.geteuid()), gid
