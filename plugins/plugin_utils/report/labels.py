# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the boxes of the topology's picture; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.strategic.service_store.plugins.plugin_utils.report.topology import Edge, Node, Topology

PROVIDERS = {
    "aws": "AWS",
    "azure": "Azure",
    "openstack": "OpenStack",
    "cloudstack": "CloudStack",
    "bt_cloud": "BT Cloud",
}
HOSTS = {
    "controller": "Ansible",
    "store_server": "store server",
    "proxy_host": "proxy host",
    "store_gateway": "store gateway",
}
#: Lists of an account that are told one by one.
GUARDS = 3
#: How wide a letter of small text may be. There is no measuring without a font; sans-serif fonts stay below it.
LETTER = 6.6


@dataclass(frozen=True)
class Label:
    """The heading of a box, the lines below it, and all of it uncut for whoever points at the box."""

    name: str
    lines: tuple[str, ...] = ()
    whole: str = ""


def host(topology: Topology, node: Node) -> Label:
    """A host's name and what it is; of a place that is no host of ours, what came of trying from there."""
    if node.kind != "source":
        return _label(node.name, [HOSTS.get(node.kind, node.kind)], 116)
    tried = [edge.state for edge in topology.between("proof") if edge.source == node.id]
    return _label(node.name, [f"proofs: {tried.count('holds')}/{len(tried)}"], 116)


def way(edges: Sequence[Edge]) -> Label:
    """What one way is, and how it was found to be."""
    edge = edges[0]
    if edge.kind == "direct":
        return _label("direct", ["no proxy, no tunnel"], 204)
    if edge.kind == "proxy":
        return _label(f"CONNECT by {edge.source.partition(':')[2]}", ["TLS end to end"], 204)
    facts = edge.facts
    state = {"up": "up", "down": "DOWN"}.get(edge.state, "not seen")
    peer = " ".join(str(facts[key]) for key in ("peer", "remote") if facts.get(key))
    lines = [f"ESP tunnel, {state}", *([f"to {peer}"] if peer else [])]
    if "esp_bytes_in" in facts or "esp_bytes_out" in facts:
        lines.append(f"{bytes_text(facts.get('esp_bytes_in', 0))} in, {bytes_text(facts.get('esp_bytes_out', 0))} out")
    return _label(str(facts.get("name", "")), lines, 204)


def account(topology: Topology, node: Node, detailed: bool, width: float) -> Label:
    """An account: where its API is, what guards it, who was proven to reach it."""
    facts = node.facts
    provider = PROVIDERS.get(facts["provider"], facts["provider"])
    if not detailed:
        guards = [guard["what"] for guard in facts["guards"]]
        lines = [_words("API", facts["endpoints"]) or _words("list", guards) or "no endpoint named"]
        return _label(_joined([node.name, provider, _proofs(facts)]), lines, width)
    guards = [f"{guard['what']}: {', '.join(guard['sources']) or 'nobody'}" for guard in facts["guards"]]
    more = [f"and {len(guards) - GUARDS} lists more"] if len(guards) > GUARDS else []
    apps = [edge.source.partition(":")[2] for edge in topology.between("host") if edge.target == node.id]
    lines = [
        _words("API", facts["endpoints"]),
        *guards[:GUARDS],
        *more,
        _words("reached from", facts["reached_from"]),
        _words("refused from", facts["refused_from"]),
        _words("hosts", apps),
    ]
    name = _joined([node.name, provider, facts["region"], _proofs(facts)])
    return _label(name, [line for line in lines if line], width)


def account_state(topology: Topology, node: Node) -> str:
    """``broken`` where a proof about the account does not hold or a tunnel is down, ``holds`` where some do."""
    edges = [edge for edge in topology.between("proof", "tunnel") if edge.target == node.id]
    if any(edge.state in ("broken", "down") for edge in edges):
        return "broken"
    return "holds" if any(edge.state in ("holds", "up") for edge in edges) else "unknown"


def cut(text: str, width: float, letter: float = LETTER) -> str:
    """The text, or as much of it as fits."""
    room = int(width / letter)
    return text if len(text) <= room else text[: max(1, room - 1)] + "\u2026"


def _label(name: str, lines: Iterable[str], width: float) -> Label:
    lines = list(lines)
    # A heading is bold and a size larger.
    shown = tuple(cut(line, width) for line in lines)
    return Label(cut(name, width, LETTER * 1.15), shown, "\n".join([name, *lines]))


def _proofs(facts: dict[str, object]) -> str:
    proofs = facts["proofs"]
    if not isinstance(proofs, dict) or not proofs["total"]:
        return "no proof"
    return f"{proofs['held']}/{proofs['total']} proofs"


def _words(what: str, values: Sequence[str]) -> str:
    return f"{what}: {', '.join(values)}" if values else ""


def _joined(parts: Iterable[str]) -> str:
    return " \u00b7 ".join(part for part in parts if part)


def bytes_text(number: int) -> str:
    """`48 KiB`, for people."""
    size = float(number)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
