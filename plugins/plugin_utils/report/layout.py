# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where each part of the topology's picture stands; pure.

From left to right: controller, the operator's hosts, the store's gateways, the ways (each way of a customer once, each
tunnel by itself), and the accounts by customer. Lengths are units of the picture, in which small text is 12 high.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import labels
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.labels import Label
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.topology import Edge, Node, Topology

MARGIN, GAP, COLUMN_GAP = 12, 10, 56
PAD, HEAD, LINE, FRAME_HEAD = 8, 18, 15, 24
#: Accounts beyond which each is told in two lines.
DETAILED = 12
WIDTHS = {"controller": 92, "machines": 132, "gateways": 132, "ways": 220, "accounts": 400}
COLUMNS = tuple(WIDTHS)
COLUMN_OF = {
    "controller": "controller",
    "store_server": "machines",
    "proxy_host": "machines",
    "source": "machines",
    "store_gateway": "gateways",
}


@dataclass(frozen=True)
class Box:
    """A rectangle with text; ``x`` and ``y`` are its upper left corner."""

    id: str
    kind: str
    state: str
    x: float
    y: float
    width: float
    label: Label

    @property
    def height(self) -> float:
        return height_of(self.label)

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True)
class Frame:
    """A rectangle around a customer's accounts."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """A connection of two points."""

    kind: str
    state: str
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True)
class Picture:
    width: float
    height: float
    boxes: tuple[Box, ...] = ()
    frames: tuple[Frame, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Way:
    """One way to some accounts of one customer, by which edges it is drawn, and what it says."""

    id: str
    kind: str
    state: str
    source: str
    targets: tuple[str, ...]
    label: Label


def layout(topology: Topology) -> Picture:
    """Return the picture of a topology; an empty one has no height."""
    accounts = topology.kind("account")
    if not accounts:
        return Picture(0, 0)
    x = _columns(topology)
    detailed = len(accounts) <= DETAILED
    boxes: list[Box] = []
    frames: list[Frame] = []
    ways: list[Way] = []
    top = float(MARGIN)
    for customer in sorted({_customer(node) for node in accounts}):
        own = [node for node in accounts if _customer(node) == customer]
        led = ways_of(topology, own)
        frame, inside = _group(topology, customer, own, led, x, top, detailed)
        ways += led
        frames.append(frame)
        boxes += inside
        top = frame.y + frame.height + GAP
    boxes += _hosts(topology, ways, {box.id: box.middle for box in boxes}, x, top - GAP)
    bottom = max([frame.y + frame.height for frame in frames] + [box.y + box.height for box in boxes])
    lines = _lines(topology, ways, {box.id: box for box in boxes})
    width = x["accounts"] + WIDTHS["accounts"] + MARGIN
    return Picture(width, bottom + MARGIN, tuple(boxes), tuple(frames), tuple(lines))


def ways_of(topology: Topology, accounts: Sequence[Node]) -> list[Way]:
    """Return the ways to a customer's accounts: each tunnel, and what they share of the others once."""
    own = {node.id: node for node in accounts}
    found: dict[tuple[str, ...], list[Edge]] = {}
    for edge in topology.between("direct", "proxy", "tunnel"):
        if edge.target in own:
            alone = (edge.target, str(edge.facts.get("name"))) if edge.kind == "tunnel" else ()
            found.setdefault((edge.kind, edge.source, *alone), []).append(edge)
    return [
        Way(
            id="way:" + "|".join([accounts[0].id, *key]),
            kind=key[0],
            state=_together([edge.state for edge in edges]),
            source=key[1],
            targets=tuple(edge.target for edge in edges),
            label=labels.way(edges),
        )
        for key, edges in found.items()
    ]


def height_of(label: Label) -> float:
    return 2 * PAD + HEAD + LINE * len(label.lines)


def spread(wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """Return upper edges for boxes in their order, each near its wanted middle, none above ``top`` or on another.

    They end above ``bottom`` where there is room for all of them.
    """
    placed: list[float] = []
    at = top
    for middle, height in zip(wanted, heights, strict=True):
        placed.append(max(at, middle - height / 2))
        at = placed[-1] + height + GAP
    limit = max(bottom, top + sum(heights) + GAP * (len(heights) - 1)) if heights else bottom
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], limit - heights[index])
        limit = placed[index] - GAP
    return placed


def _columns(topology: Topology) -> dict[str, float]:
    """Return where each column begins; one that has nothing takes no room."""
    used = {COLUMN_OF.get(node.kind, "") for node in topology.nodes} | {"controller", "ways", "accounts"}
    begins, at = {}, float(MARGIN)
    for name in COLUMNS:
        begins[name] = at
        at += WIDTHS[name] + COLUMN_GAP if name in used else 0
    return begins


def _group(
    topology: Topology,
    customer: str,
    accounts: Sequence[Node],
    ways: Sequence[Way],
    x: dict[str, float],
    top: float,
    detailed: bool,
) -> tuple[Frame, list[Box]]:
    """Return a customer's frame with its accounts, and its ways left of it."""
    boxes: list[Box] = []
    at = top + FRAME_HEAD
    for node in accounts:
        label = labels.account(topology, node, detailed, WIDTHS["accounts"] - 4 * PAD)
        state = labels.account_state(topology, node)
        boxes.append(Box(node.id, "account", state, x["accounts"] + PAD, at, WIDTHS["accounts"] - 2 * PAD, label))
        at += boxes[-1].height + GAP
    heights = [height_of(way.label) for way in ways]
    needed = sum(heights) + GAP * max(0, len(heights) - 1)
    bottom = max(at - GAP + PAD, top + FRAME_HEAD + needed + PAD)
    middles = {box.id: box.middle for box in boxes}
    wanted = [sum(middles[name] for name in way.targets) / len(way.targets) for way in ways]
    order = sorted(range(len(ways)), key=lambda index: (wanted[index], index))
    placed = spread([wanted[i] for i in order], [heights[i] for i in order], top + FRAME_HEAD, bottom - PAD)
    for index, y in zip(order, placed, strict=True):
        way = ways[index]
        boxes.append(Box(way.id, f"way {way.kind}", way.state, x["ways"], y, WIDTHS["ways"], way.label))
    return Frame(customer, x["accounts"], top, WIDTHS["accounts"], bottom - top), boxes


def _hosts(
    topology: Topology, ways: Sequence[Way], middles: dict[str, float], x: dict[str, float], bottom: float
) -> list[Box]:
    """Return the hosts' boxes, from right to left, each as near as may be to what it leads to."""
    found: list[Box] = []
    middles = dict(middles)
    ends: dict[str, list[str]] = {}
    for way in ways:
        ends.setdefault(way.source, []).append(way.id)
    for edge in topology.between("route", "connect"):
        ends.setdefault(edge.source, []).append(edge.target)
    for column in ("gateways", "machines", "controller"):
        nodes = [node for node in topology.nodes if COLUMN_OF.get(node.kind) == column]
        boxes = [
            Box(node.id, node.kind, "", x[column], 0, WIDTHS[column], labels.host(topology, node)) for node in nodes
        ]
        wanted = [_mean(middles.get(name) for name in ends.get(box.id, ())) or bottom for box in boxes]
        order = sorted(range(len(boxes)), key=lambda index: (wanted[index], index))
        heights = [boxes[index].height for index in order]
        placed = spread([wanted[index] for index in order], heights, MARGIN, bottom)
        for index, y in zip(order, placed, strict=True):
            found.append(replace(boxes[index], y=y))
            middles[boxes[index].id] = found[-1].middle
    return found


def _lines(topology: Topology, ways: Sequence[Way], boxes: dict[str, Box]) -> list[Line]:
    found = []
    for edge in topology.between("connect", "route"):
        if edge.source in boxes and edge.target in boxes:
            found.append(_line(edge.kind, edge.state, boxes[edge.source], boxes[edge.target]))
    # A proof that holds is told in words; one that is broken is a way that should not be there, or is not.
    for edge in topology.between("proof"):
        if edge.state == "broken" and edge.source in boxes:
            found.append(_line(edge.kind, edge.state, boxes[edge.source], boxes[edge.target]))
    for way in ways:
        if way.source in boxes:
            found.append(_line(way.kind, way.state, boxes[way.source], boxes[way.id]))
        found += [_line(way.kind, way.state, boxes[way.id], boxes[name]) for name in way.targets]
    # Several proofs may be broken between the same two.
    return list(dict.fromkeys(found))


def _line(kind: str, state: str, left: Box, right: Box) -> Line:
    return Line(kind, state, (left.x + left.width, left.middle), (right.x, right.middle))


def _together(states: Iterable[str]) -> str:
    """One state of several: the worst."""
    found = set(states)
    return next((state for state in ("down", "broken", "unknown", "up", "holds") if state in found), "unknown")


def _customer(node: Node) -> str:
    return str(node.facts.get("customer", ""))


def _mean(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
