# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings components up and down: side by side where nothing forbids it, in the order of what they need."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from .components.base import Component, Status
from .context import Context
from .errors import LabError

# More than two processors' worth of threads, because components mostly wait.
_AT_ONCE = 6


def statuses(ctx: Context, components: Sequence[Component]) -> dict[str, Status]:
    """Looks at all of them at once; a component that cannot be looked at is not up."""

    def look(component: Component) -> Status:
        try:
            return component.status(ctx)
        except (LabError, OSError, ImportError) as error:
            return Status(False, str(error))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip((c.name for c in components), pool.map(look, components), strict=True))


def bring_up(ctx: Context, components: Sequence[Component]) -> dict[str, float]:
    """Seconds by component. When one fails, those that need it are left out and the rest go on; then
    LabError says all that went wrong."""
    waiting, running = {c.name: c for c in components}, dict[Future[float], str]()
    seconds: dict[str, float] = {}
    failed: dict[str, str] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while waiting or running:
            for name, component in list(waiting.items()):
                broken = [need for need in component.needs if need in failed]
                if broken:
                    failed[name] = f"needs {', '.join(broken)}"
                    del waiting[name]
                elif all(need in seconds for need in component.needs):
                    running[pool.submit(_up, ctx, component)] = name
                    del waiting[name]
            done, _pending = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                try:
                    seconds[name] = future.result()
                except (LabError, OSError, ImportError) as error:
                    failed[name] = str(error)
                    ctx.say(name, f"FAILED: {error}")
    if failed:
        raise LabError("not everything came up:\n" + "\n".join(f"  {name}: {why}" for name, why in failed.items()))
    return seconds


def _up(ctx: Context, component: Component) -> float:
    begin = time.monotonic()
    with ctx.step(component.name, "coming up"):
        ctx.state.put(component.name, component.up(ctx))
    return time.monotonic() - begin


def take_down(ctx: Context, components: Sequence[Component]) -> None:
    """Last first; goes on after a failure and tells all of them at the end."""
    problems = []
    for component in reversed(components):
        try:
            with ctx.step(component.name, "going down"):
                component.down(ctx)
            ctx.state.drop(component.name)
        except (LabError, OSError, ImportError) as error:
            problems.append(f"  {component.name}: {error}")
    if problems:
        raise LabError("not everything went down:\n" + "\n".join(problems))


def clear_folder(ctx: Context) -> None:
    """Removes the lab's own files, and the folder when nothing else is in it."""
    for name in ("run", "log", "keys", "secrets", "ca", "hosts"):
        shutil.rmtree(ctx.folder / name, ignore_errors=True)
    for name in ("lab.json", "known_hosts", "ssh_config", "inventory.yml", "containers.conf", "lock"):
        (ctx.folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        ctx.folder.rmdir()
