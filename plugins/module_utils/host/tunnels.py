# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our end of tunnels on their host: read from charon, waited for, and what charon's log says of those that are down."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ..model import tunnel_log, tunnel_pair
from ..model.tunnel_log import Line
from .vici import Vici, ViciError

#: How often charon is asked while a tunnel is waited for, and how long a journal may take.
EVERY_S, JOURNAL_S = 1.0, 20
#: So many lines of the log are kept; an attempt is about 20.
KEPT_LINES = 4000
JOURNAL = ("journalctl", "--unit=strongswan.service", "--since=-15min", "--lines=2000", "--output=json", "--no-pager")

Ends = list[dict[str, Any]]


@dataclass(frozen=True)
class Clock:
    """The time in seconds, and the means to let it pass; injected for tests."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Watched:
    """Our ends as they are at last, the lines of the log until then, and for how many seconds they were waited for."""

    ends: Ends
    lines: Sequence[Line] = field(default_factory=tuple)
    waited_s: float = 0.0


def read(vici: Vici, names: Sequence[str]) -> Ends:
    """Return our end of the connections of these names, or of all that are configured."""
    connections = vici.listed("list-conns", "list-conn")
    sas = vici.listed("list-sas", "list-sa")
    return [tunnel_pair.our_end(name, sas, connections) for name in names or tunnel_pair.names_of(connections)]


def watch(path: str, names: Sequence[str], wanted: str, wait_s: float, clock: Clock | None = None) -> Watched:
    """Read our ends until all are ``wanted``, or ``wait_s`` is over; raises ViciError where charon does not run then.

    A charon that is started anew meanwhile is asked again.
    """
    clock = clock or Clock()
    begin = clock.now()
    lines: deque[Line] = deque(maxlen=KEPT_LINES)
    while True:
        try:
            with Vici(path) as asked, Vici(path) as listening:
                if wait_s > 0:
                    listening.listen("log")
                while True:
                    ends = read(asked, names)
                    waited = clock.now() - begin
                    if waited >= wait_s or not tunnel_pair.unsettled(ends, wanted):
                        return Watched(ends, tuple(lines), round(waited, 1))
                    lines.extend(_lines(listening.heard(min(EVERY_S, wait_s - waited))))
        except ViciError as exc:
            if exc.running or clock.now() - begin >= wait_s:
                raise
            clock.sleep(EVERY_S)


def _lines(events: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Line]:
    return [
        Line(str(event.get("msg", "")), str(event.get("ikesa-name", "")), str(event.get("ikesa-uniqueid", "")))
        for _name, event in events
    ]


def explain(watched: Watched, journal: Callable[[], Sequence[Line]]) -> Ends:
    """Return our ends, those that are down with ``why``: cause, evidence and mend.

    What was heard while they were waited for counts first; the journal is read where that tells nothing.
    """
    if all(end["up"] for end in watched.ends):
        return watched.ends
    older: Sequence[Line] | None = None
    found = []
    for end in watched.ends:
        why = None if end["up"] else _why(end, watched.lines)
        if not end["up"] and (why is None or why["cause"] == "unknown"):
            older = journal() if older is None else older
            why = _why(end, older) or why or tunnel_pair.no_attempt(end["name"])
        found.append({**end, "why": why} if why else end)
    return found


def _why(end: Mapping[str, Any], lines: Sequence[Line]) -> dict[str, str] | None:
    if not end["configured"]:
        return tunnel_pair.not_configured()
    return tunnel_log.cause_in(tunnel_log.lines_of(lines, end["name"], end.get("remote", "")))


def journal() -> list[Line]:
    """Return charon's lines of the last quarter of an hour; none where the host keeps no journal."""
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            JOURNAL, capture_output=True, text=True, timeout=JOURNAL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return journal_lines(done.stdout)


def journal_lines(text: str) -> list[Line]:
    """Return the lines of ``journalctl --output=json``; charon-systemd writes each IKE_SA's name and id along."""
    found = []
    for row in text.splitlines():
        with contextlib.suppress(ValueError):
            one = json.loads(row)
            # A message that is no UTF-8 is a list of numbers there.
            if isinstance(one.get("MESSAGE"), str):
                names = (str(one.get(key, "")) for key in ("IKE_SA_NAME", "IKE_SA_UNIQUE_ID"))
                found.append(Line(one["MESSAGE"], *names))
    return found
