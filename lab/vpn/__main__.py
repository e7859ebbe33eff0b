# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.vpn``: the agent, for the lab of LAB_DIR."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Sequence

from ..context import make_context
from .agent import Agent
from .clouds import CLOUDS
from .end import EndHost

EVERY_S = 2.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.vpn", description="Keeps the clouds' ends of tunnels.")
    parser.add_argument("--once", action="store_true", help="one round, and exit status 1 when a cloud failed")
    return parser


def _say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


class Rounds:
    """All clouds' agents, one after the other. What a cloud does wrong is told once, not every two seconds."""

    def __init__(self) -> None:
        ctx = make_context()
        self._agents = {end.cloud: Agent(make(ctx), EndHost(ctx, end), _say) for end, make in CLOUDS}
        self._failing: dict[str, str] = {}

    def run(self) -> bool:
        """One round; whether every cloud did well."""
        for cloud, agent in self._agents.items():
            why = _failure(agent)
            if why and self._failing.get(cloud) != why:
                _say(f"{cloud}: {why}")
            if why:
                self._failing[cloud] = why
            elif self._failing.pop(cloud, ""):
                _say(f"{cloud}: works again")
        return not self._failing


def _failure(agent: Agent) -> str:
    try:
        agent.once()
    # Whatever it is, botocore's own errors too: the agent outlives a server that is started anew.
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    rounds = Rounds()
    if options.once:
        return 0 if rounds.run() else 1
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_unused: ended.set())
    rounds.run()
    print("ready", "https://localhost", flush=True)
    while not ended.wait(EVERY_S):
        rounds.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
