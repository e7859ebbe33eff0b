# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample register: the operator's file and one per customer, made for this lab's addresses and files."""

from __future__ import annotations

import shutil
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .. import topology
from ..context import PACKAGE, Context
from .base import Component, Status

TEMPLATES = PACKAGE / "samples" / "register"


def variables(ctx: Context) -> dict[str, Any]:
    """What the templates may use."""
    return {"hosts": topology.HOSTS_BY_NAME, "topology": topology, "lab": str(ctx.folder), "ca_file": str(ctx.ca_file)}


def render(ctx: Context) -> dict[str, str]:
    """The register's files: name -> text."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    names = sorted(environment.list_templates(extensions=["j2"]))
    return {name.removesuffix(".j2"): environment.get_template(name).render(variables(ctx)) for name in names}


def up(ctx: Context) -> dict[str, Any]:
    files = render(ctx)
    target = ctx.folder / "register"
    target.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (target / name).write_text(text)
    inventory = ctx.folder / "service_store.inventory.yml"
    inventory.write_text("plugin: strategic.service_store.register\nregister: ./register\n")
    return {"inventory": str(inventory), "files": sorted(files)}


def down(ctx: Context) -> None:
    shutil.rmtree(ctx.folder / "register", ignore_errors=True)
    (ctx.folder / "service_store.inventory.yml").unlink(missing_ok=True)


def status(ctx: Context) -> Status:
    target = ctx.folder / "register"
    wanted = render(ctx)
    stale = [
        name for name, text in wanted.items() if not (target / name).exists() or (target / name).read_text() != text
    ]
    return Status(not stale, f"missing or changed: {', '.join(stale)}" if stale else f"{len(wanted)} files")


COMPONENT = Component("register", ("staff",), up, down, status)
