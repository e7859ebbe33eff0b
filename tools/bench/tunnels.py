# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many connections on one host, and what passes through a tunnel beside the plain link."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .figures import Took, columns

FRESH, RERUN, CHANGE = "fresh", "rerun", "change one"
STEPS = (FRESH, RERUN, CHANGE)
_HEAD = ("connections", *STEPS, "load again", "restart", "charon's memory", "at the end")


@dataclass(frozen=True)
class Stream:
    """One TCP stream by the plain link and through a tunnel, in Mbit/s, measured by turns."""

    plain_mbit_s: tuple[float, ...]
    tunnel_mbit_s: tuple[float, ...]

    @property
    def medians(self) -> tuple[float, float]:
        """Return the median by the plain link, and through the tunnel."""
        return statistics.median(self.plain_mbit_s), statistics.median(self.tunnel_mbit_s)

    @property
    def ratio(self) -> float:
        """Return how much of the plain link's throughput the tunnel has."""
        plain, tunnel = self.medians
        return tunnel / plain


@dataclass(frozen=True)
class Scale:
    """So many connections on one host.

    ``steps`` are runs of the role; their processor time is the controller's. ``reload_s`` is ``swanctl --load-all``
    where all is loaded, ``restart_s`` from a restart of charon until all tunnels are up again. ``rss_mib`` is charon's
    memory after the first run and after all the rest. ``kept`` is how many security associations were the same ones
    after one connection had changed.
    """

    connections: int
    steps: Mapping[str, Took]
    reload_s: float
    restart_s: float
    rss_mib: tuple[float, float]
    kept: int
    stream: Stream


@dataclass(frozen=True)
class Report:
    """Everything that was measured. ``esp`` says who encrypts; ``load`` is the machine's before and after."""

    esp: str
    scales: tuple[Scale, ...]
    load: tuple[float, float]


def untouched(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    """Return the connections whose security associations are the same ones; both are unique ids by name."""
    return {name for name, ids in before.items() if after.get(name) == ids}


def table(report: Report) -> str:
    """Return the figures as text in columns, and below them what is said in sentences."""
    text = columns(_HEAD, [_cells(scale) for scale in report.scales])
    for scale in report.scales:
        plain, tunnel = scale.stream.medians
        others = scale.connections - 1
        text.append(
            f"{scale.connections} connections: one tunnel carries {tunnel:.0f} Mbit/s, the plain link {plain:.0f} "
            f"Mbit/s, ratio {scale.stream.ratio:.3f}; {scale.kept} of {others} others kept their unique ids"
        )
    before, after = report.load
    text.append(f"ESP by {report.esp}; load of the machine {before:.1f} before and {after:.1f} after")
    return "\n".join(text)


def _cells(scale: Scale) -> Sequence[str]:
    steps = [scale.steps[step] for step in STEPS]
    return (
        str(scale.connections),
        *(f"{took.wall_s:.1f} s, {took.cpu_s:.1f} s of cpu" for took in steps),
        *(f"{seconds:.1f} s" for seconds in (scale.reload_s, scale.restart_s)),
        *(f"{each:.1f} MiB" for each in scale.rss_mib),
    )


def as_json(report: Report) -> dict[str, Any]:
    """Return the figures as they are written to build/bench.json."""
    return {"esp": report.esp, "load": list(report.load), "scales": [_scale(scale) for scale in report.scales]}


def _scale(scale: Scale) -> dict[str, Any]:
    return {
        "connections": scale.connections,
        "steps": {step: took.rounded() for step, took in scale.steps.items()},
        "reload_s": round(scale.reload_s, 2),
        "restart_s": round(scale.restart_s, 2),
        "rss_mib": [round(each, 1) for each in scale.rss_mib],
        "kept": scale.kept,
        "stream": {**asdict(scale.stream), "ratio": round(scale.stream.ratio, 3)},
    }
