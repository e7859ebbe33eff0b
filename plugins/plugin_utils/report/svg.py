# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The topology's picture as one SVG element: no script, nothing from outside, colours from the page's own style."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ansible_collections.strategic.service_store.plugins.plugin_utils.report.layout import (
    FRAME_HEAD,
    HEAD,
    LINE,
    PAD,
    Box,
    Frame,
    Line,
    layout,
)
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.topology import Topology

TITLE = "Who reaches what"
#: State is told by the way a line is drawn and in words, not by its colour alone.
LEGEND = (
    ("proxy", "holds", "proven"),
    ("proxy", "unknown", "not tried"),
    ("proxy", "broken", "proof broken"),
    ("tunnel", "up", "tunnel up"),
    ("tunnel", "unknown", "tunnel not seen"),
    ("tunnel", "down", "tunnel down"),
)
LEGEND_HEIGHT, LEGEND_STEP = 26, 165


def render(topology: Topology) -> str:
    """The picture of a topology, "" of an empty one. Everything that comes from outside is escaped."""
    picture = layout(topology)
    if not picture.boxes:
        return ""
    height = picture.height + LEGEND_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map" role="img" aria-labelledby="map-title map-text" '
        f'viewBox="0 0 {_number(picture.width)} {_number(height)}">',
        f'<title id="map-title">{TITLE}</title>',
        f'<desc id="map-text">{escape(describe(topology))}</desc>',
        *(_frame(frame) for frame in picture.frames),
        *(_line(line) for line in picture.lines),
        *(_box(box) for box in picture.boxes),
        *_legend(picture.height),
        "</svg>",
    ]
    return "\n".join(parts)


def describe(topology: Topology) -> str:
    """The picture in a sentence, for those who cannot see it; the tables of the page say all of it."""
    tunnels = [edge.state for edge in topology.between("tunnel")]
    accounts = len(topology.kind("account"))
    words = f"{accounts} cloud account{'' if accounts == 1 else 's'}"
    egresses = dict.fromkeys(edge.target.partition(":")[2] for edge in topology.between("connect"))
    if egresses:
        words += f", used by way of {', '.join(egresses)}"
    if tunnels:
        words += f"; {len(tunnels)} tunnel{'' if len(tunnels) == 1 else 's'}, {tunnels.count('up')} up"
        words += f", {tunnels.count('down')} down, {tunnels.count('unknown')} not seen"
    return words + ". The tables below say the same in words."


def _frame(frame: Frame) -> str:
    shape = _rect("frame", frame.x, frame.y, frame.width, frame.height)
    text = _text("customer", frame.x + PAD, frame.y + FRAME_HEAD - 8, frame.name or "no customer named")
    return f"<g>{shape}{text}</g>"


def _box(box: Box) -> str:
    text = [_text("head", box.x + PAD, box.y + PAD + HEAD - 5, box.label.name)]
    for number, line in enumerate(box.label.lines, start=1):
        text.append(_text("", box.x + PAD, box.y + PAD + HEAD - 5 + LINE * number, line))
    shape = _rect("", box.x, box.y, box.width, box.height)
    kind = escape(f"box {box.kind} {box.state}".strip())
    return f'<g class="{kind}"><title>{escape(box.label.whole)}</title>{shape}{"".join(text)}</g>'


def _line(line: Line) -> str:
    (x, y), (to_x, to_y) = line.start, line.end
    bend = max(24.0, (to_x - x) / 2)
    points = (x + bend, y, to_x - bend, to_y, to_x, to_y)
    path = f"M{_number(x)} {_number(y)}C{' '.join(map(_number, points))}"
    return f'<path class="{escape(f"line {line.kind} {line.state}".strip())}" d="{path}"/>'


def _legend(top: float) -> Iterator[str]:
    for number, (kind, state, words) in enumerate(LEGEND):
        x, y = 12 + number * LEGEND_STEP, top + LEGEND_HEIGHT / 2
        yield f'<path class="line {kind} {state}" d="M{_number(x)} {_number(y)}h36"/>'
        yield _text("", x + 44, y + 4, words)


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    shown = f' class="{kind}"' if kind else ""
    size = f'width="{_number(width)}" height="{_number(height)}" rx="7"'
    return f'<rect{shown} x="{_number(x)}" y="{_number(y)}" {size}/>'


def _text(kind: str, x: float, y: float, words: str) -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{_number(x)}" y="{_number(y)}">{escape(words)}</text>'


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
