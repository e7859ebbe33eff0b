# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the clouds' hosts as the clouds' APIs say, and tells the APIs how the tunnels are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .end import EndHost
from .swanctl import connection_name, file
from .tunnel import Cloud, CloudTunnel, Running


@dataclass(frozen=True)
class Steps:
    """What differs on a host. write: file by connection, None for one to remove. end: connections whose security
    associations end. start: those that the cloud begins again."""

    write: Mapping[str, str | None]
    end: tuple[str, ...]
    start: tuple[str, ...]


def steps(there: Mapping[str, str], wanted: Sequence[CloudTunnel]) -> Steps:
    """Compare a host's files with the tunnels that are to be there. Pure."""
    by_name = {connection_name(tunnel): tunnel for tunnel in wanted}
    files = {name: file(tunnel) for name, tunnel in by_name.items()}
    gone = [name for name in there if name not in files]
    changed = [name for name, text in files.items() if name in there and there[name] != text]
    ended = [name for name in changed if not by_name[name].keeps_running]
    return Steps(
        {**dict.fromkeys(gone), **{name: text for name, text in files.items() if there.get(name) != text}},
        (*gone, *ended),
        tuple(name for name in ended if by_name[name].initiate),
    )


class Agent:
    """One cloud's."""

    def __init__(self, cloud: Cloud, host: EndHost, say: Callable[[str], None]) -> None:
        self._cloud, self._host, self._say = cloud, host, say
        self._loaded = False

    def once(self) -> None:
        """Read, apply, report."""
        wanted = self._cloud.read()
        self.apply(wanted)
        if wanted:
            found = self._host.running()
            self._cloud.report({one.ref: found.get(connection_name(one), Running()) for one in wanted})

    def apply(self, wanted: Sequence[CloudTunnel]) -> None:
        """Bring the host to what is wanted."""
        todo = steps(self._host.files(), wanted)
        for name, text in todo.write.items():
            self._host.write(name, text)
            self._say(f"{self._host.end.cloud}: {'removes' if text is None else 'writes'} {name}")
        # Once after the start: the one before may have ended between writing and loading.
        if todo.write or not self._loaded:
            self._host.load()
            self._loaded = True
        for name in todo.end:
            self._host.end_tunnel(name)
            self._say(f"{self._host.end.cloud}: ended {name}")
        for name in todo.start:
            self._host.start_tunnel(name)
