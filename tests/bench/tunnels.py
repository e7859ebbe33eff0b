# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the role ``ipsec`` with few and many connections on one host, and the throughput of one tunnel."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_state import tunnel_state
from tools.bench.figures import Took
from tools.bench.tunnels import CHANGE, FRESH, RERUN, STEPS, Report, Scale, Stream, untouched

from . import stream
from .play import ran
from .tunnel_hosts import ADDRESSES, FAR, NEAR, Hosts, two_hosts

Say = Callable[[str], None]
Ids = dict[str, tuple[int, int]]
_PORT = 5001
_STREAM_S = 5.0
_UP_S = 600.0
_SECOND = "import subprocess, sys, time; b = time.perf_counter(); subprocess.run(sys.argv[1:], check=True, \
stdout=subprocess.DEVNULL); print(time.perf_counter() - b)"


class NotDone(RuntimeError):
    """The role did not bring about what was wanted, so its time says nothing."""


@dataclass(frozen=True)
class Plan:
    """How much is measured: numbers of connections on one host; a stream so many times."""

    connections: tuple[int, ...]
    runs: int


def measure(folder: Path, plan: Plan, _empty: Took, say: Say) -> Report:
    """Return everything; each number of connections gets two new hosts."""
    before, esp, scales = os.getloadavg()[0], "", []
    for many in plan.connections:
        say(f"tunnels: {many} connections on one host")
        with two_hosts(folder / str(many), say) as hosts:
            bench = _Bench(hosts, many, say)
            scales.append(bench.scale(plan.runs))
            esp = bench.esp()
    return Report(esp, tuple(scales), (before, os.getloadavg()[0]))


def connection(number: int, end: str, **more: Any) -> dict[str, Any]:
    """Return one connection as the role takes it, from the one definition of both ends."""
    caller, api = inside(number)
    near = {"address": ADDRESSES[NEAR], "id": f"near-{number}.bench", "inside_address": caller}
    far = {"address": ADDRESSES[FAR], "id": f"far-{number}.bench", "inside_address": api}
    here, there = (near, far) if end == NEAR else (far, near)
    return {
        "name": f"tunnel-{number}",
        "kind": "site",
        # What every supported strongSwan can do, in userland too.
        "selectors": "covering",
        "api_side": "remote" if end == NEAR else "local",
        "local": here,
        "remote": there,
        "sources": [{"name": "store-1", "address": caller}],
        "targets": [{"name": "api", "address": api, "port": _PORT}],
        **more,
    }


def inside(number: int) -> tuple[str, str]:
    """Return the addresses behind a connection's near and far end; numbers begin with 1.

    Each connection has its own: the packet filter of one that shares them would judge the others' packets as well.
    """
    rest = f"{number // 250}.{number % 250 + 1}"
    return f"10.209.{rest}", f"10.210.{rest}"


@dataclass(frozen=True)
class _Bench:
    hosts: Hosts
    many: int
    say: Say

    def scale(self, runs: int) -> Scale:
        """Bring up both ends, and change what is changed; raises NotDone where it is not as it has to be."""
        self._lay_networks()
        self._role(FAR)
        steps = {FRESH: self._role(NEAR)[0]}
        ids, memory = self.ids(), self._rss_mib()
        self._expect(len(ids) == self.many, f"{len(ids)} of {self.many} tunnels are up")
        steps[RERUN], said = self._role(NEAR)
        self._expect("changed=0" in said, f"a second run changed something:\n{said[-2000:]}")
        steps[CHANGE] = self._role(NEAR, esp_rekey_s=1800)[0]
        kept = untouched(ids, self.ids())
        self._expect(len(kept) == self.many - 1, f"only {len(kept)} tunnels were left alone when one was to change")
        self.say("  " + ", ".join(f"{step} {steps[step].wall_s:.1f} s" for step in STEPS))
        flow = self._stream(runs)
        reload_s = float(self.hosts.run(NEAR, "python3", "-c", _SECOND, "swanctl", "--load-all", "--noprompt"))
        after = self._rss_mib()
        return Scale(self.many, steps, reload_s, self._restart_s(), (memory, after), len(kept), flow)

    def ids(self) -> Ids:
        """Return the unique ids of the tunnels that are up."""
        said = self.hosts.run(NEAR, "swanctl", "--list-sas", "--pretty")
        states = [tunnel_state(said, f"tunnel-{number}") for number in self._numbers()]
        return {state["name"]: (state["ike_id"], state["child_id"]) for state in states if state["up"]}

    def esp(self) -> str:
        """Return who encrypts: only userland ESP has a device."""
        links = self.hosts.run(NEAR, "ip", "-brief", "link")
        return "strongSwan in userland (kernel-libipsec)" if re.search(r"^ipsec0\b", links, re.M) else "the kernel"

    def _numbers(self) -> range:
        return range(1, self.many + 1)

    def _lay_networks(self) -> None:
        for at, end in enumerate((NEAR, FAR)):
            lines = [f"address add {inside(number)[at]}/32 dev lo\n" for number in self._numbers()]
            self.hosts.podman.exec(end, "ip", "-batch", "-", data="".join(lines))

    def _role(self, end: str, **last: Any) -> tuple[Took, str]:
        """Run the role on one end; ``last`` changes the last connection. Return what it took and printed."""
        wanted = [connection(number, end) for number in self._numbers()]
        wanted[-1].update(last)
        variables = {
            "ipsec_connections": wanted,
            # Keys of a bench, on hosts that nobody else reaches and that are gone when it ends.
            "ipsec_secrets": {each["name"]: f"{each['name']}-only-for-a-bench-Zq8wLm4RtXy" for each in wanted},
            "ipsec_verify": end == NEAR,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        tasks = [
            {"name": "Bring up tunnels", "ansible.builtin.include_role": {"name": "strategic.service_store.ipsec"}}
        ]
        return ran(self.hosts.folder / "play", tasks, variables, {end: self.hosts.inventory(end)})

    def _stream(self, runs: int) -> Stream:
        """Send by the plain link and through the first tunnel, by turns."""
        script = self.hosts.give(Path(stream.__file__))
        self.hosts.background(FAR, "python3", script, "serve", str(_PORT))
        time.sleep(1)
        ways = ((ADDRESSES[NEAR], ADDRESSES[FAR]), inside(1))
        found: list[list[float]] = [[], []]
        for _run in range(runs):
            for way, rates in zip(ways, found, strict=True):
                rates.append(float(self.hosts.run(NEAR, "python3", script, "send", *way, str(_PORT), str(_STREAM_S))))
        return Stream(*(tuple(rates) for rates in found))

    def _restart_s(self) -> float:
        """Restart charon and return the seconds until all tunnels are up again."""
        began = time.perf_counter()
        self.hosts.run(NEAR, "systemctl", "restart", "strongswan.service")
        while len(self.ids()) < self.many:
            self._expect(time.perf_counter() - began < _UP_S, "the tunnels do not come back after a restart")
            time.sleep(0.5)
        return time.perf_counter() - began

    def _rss_mib(self) -> float:
        pid = self.hosts.run(NEAR, "systemctl", "show", "--property=MainPID", "--value", "strongswan.service")
        status = self.hosts.run(NEAR, "cat", f"/proc/{pid}/status")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024

    def _expect(self, met: bool, otherwise: str) -> None:
        if not met:
            raise NotDone(otherwise)
