# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repository of the sample application, over TLS at an address of the public network."""

from __future__ import annotations

import shutil
from typing import Any

from ..context import Context
from ..gitrepo import make_repository
from ..topology import GIT
from . import servers
from .base import Component, Status

REPOSITORY = "board.git"


def up(ctx: Context) -> dict[str, Any]:
    root = ctx.folder / "git"
    commits = make_repository(root / REPOSITORY)
    servers.start(ctx, GIT, "lab.clouds.git", {"root": str(root)})
    return {"url": f"{GIT.url}/{REPOSITORY}", "commits": commits}


def down(ctx: Context) -> None:
    ctx.service(GIT.name).stop()
    shutil.rmtree(ctx.folder / "git", ignore_errors=True)


def status(ctx: Context) -> Status:
    return servers.status(ctx, GIT)


COMPONENT = Component("git", ("clouds",), up, down, status)
