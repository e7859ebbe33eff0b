# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``python -m lab``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from . import image
from .components import ALL, BY_NAME, select, select_dependents
from .components.base import Component
from .context import Context, lab_folder, make_context
from .errors import LabError
from .machine import check_machine
from .run import bring_up, clear_folder, statuses, take_down
from .state import locked

TAIL_BYTES = 4000
LOCK_WAIT_S = 900.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab", description="The offline multi-cloud test bed. Its state is in LAB_DIR (default .lab)."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    names = ",".join(BY_NAME)
    only = f"components, with what they need: {names}"
    up = commands.add_parser("up", help="start the lab, or repair it")
    up.add_argument("--only", metavar="A,B", default="", help=only)
    down = commands.add_parser("down", help="stop the lab and remove all it made; cached images stay")
    down.add_argument("--only", metavar="A,B", default="", help="components, with what needs them")
    status = commands.add_parser("status", help="what is up; exit status 1 when something is not")
    status.add_argument("--only", metavar="A,B", default="", help=only)
    status.add_argument("--json", action="store_true")
    host_image = commands.add_parser("image", help="make the hosts' image when it is not there, and print its name")
    host_image.add_argument("--suite", choices=image.SUITES, default=image.DEFAULT_SUITE)
    logs = commands.add_parser("logs", help="the ends of the logs of the lab's processes")
    logs.add_argument("names", nargs="*", help="names of logs; all without")
    return parser


def _alone(ctx: Context) -> AbstractContextManager[None]:
    return locked(ctx.folder, LOCK_WAIT_S, lambda: ctx.say("lab", "waiting for another command on this lab to end"))


def _is_up(ctx: Context, components: Sequence[Component]) -> bool:
    begin = time.monotonic()
    now = statuses(ctx, components)
    up = all(status.ok for status in now.values())
    if up:
        ctx.say("lab", f"is up already: {len(now)} components checked in {time.monotonic() - begin:.1f} s")
    return up


def _up(ctx: Context, only: str) -> int:
    begin = time.monotonic()
    components = select(filter(None, only.split(",")))
    check_machine()
    if _is_up(ctx, components):
        return 0
    with _alone(ctx):
        seconds = bring_up(ctx, components)
    slowest = ", ".join(f"{name} {s:.0f} s" for name, s in sorted(seconds.items(), key=lambda i: -i[1])[:3])
    ctx.say(
        "lab",
        f"is up after {time.monotonic() - begin:.0f} s (longest: {slowest}); log in with: "
        f"ssh -F {ctx.folder}/ssh_config store-1",
    )
    return 0


def _down(ctx: Context, only: str) -> int:
    begin = time.monotonic()
    components = select_dependents(filter(None, only.split(",")))
    with _alone(ctx):
        if shutil.which("podman"):
            check_machine()
            take_down(ctx, components)
        if not only:
            clear_folder(ctx)
    ctx.say(only or "lab", f"is down after {time.monotonic() - begin:.0f} s")
    return 0


def _status(ctx: Context, only: str, as_json: bool) -> int:
    facts = ctx.state.components
    components = select(filter(None, only.split(",")))
    # An optional one that was brought up counts as well.
    more = [] if only else [component for component in ALL if component.optional and component.name in facts]
    now = statuses(ctx, [*components, *more])
    if as_json:
        print(
            json.dumps(
                {name: {"ok": s.ok, "detail": s.detail, "facts": facts.get(name, {})} for name, s in now.items()},
                indent=2,
            )
        )
    else:
        for name, status in now.items():
            print(f"{name:<11} {'up' if status.ok else 'DOWN':<5} {status.detail}")
    return 0 if all(status.ok for status in now.values()) else 1


def _logs(folder: Path, names: Sequence[str]) -> int:
    found = {path.stem: path for path in sorted((folder / "log").glob("*.log"))}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise LabError(f"no log of {', '.join(unknown)}; there are {', '.join(found) or 'none'}")
    for name in names or found:
        print(f"==> {found[name]} <==")
        print(found[name].read_bytes()[-TAIL_BYTES:].decode(errors="replace"))
    return 0


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "logs":
        return _logs(lab_folder(), arguments.names)
    if arguments.command == "status" and not (lab_folder() / "containers.conf").exists():
        # Looking leaves no folder behind. Taking down goes on: containers are found by their label.
        print(f"there is no lab in {lab_folder()}", file=sys.stderr)
        return 1
    ctx = make_context()
    if arguments.command == "image":
        check_machine()
        print(image.ensure(ctx.podman, ctx.progress, ctx.log / "image.log", arguments.suite))
        return 0
    if arguments.command == "up":
        return _up(ctx, arguments.only)
    return _down(ctx, arguments.only) if arguments.command == "down" else _status(ctx, arguments.only, arguments.json)


def main(argv: Sequence[str] | None = None) -> int:
    try:
        return _run(_parser().parse_args(argv))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "lab: interrupted; `python -m lab up` goes on from here, `python -m lab down` removes all of it",
            file=sys.stderr,
        )
        return 130
