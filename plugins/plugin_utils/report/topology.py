# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reaches what, as a graph: what the register declares, with what the run has found about it; pure.

The same graph is the report's JSON and what its picture is drawn from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.strategic.service_store.plugins.plugin_utils.report.declared import Tunnel
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import Account, Report
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.records import Record

CONTROLLER = "controller"
#: The register's groups of the operator's hosts, and what a node of each is.
PARTS = {
    "store_servers": "store_server",
    "store_gateways": "store_gateway",
    "proxy_hosts": "proxy_host",
    "app_hosts": "app_host",
}


@dataclass(frozen=True)
class Node:
    """A controller, a host, an account, or a ``source`` that a proof was tried from and that the register has not.

    ``facts`` are of plain types.
    """

    id: str
    kind: str
    name: str
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, "kind": self.kind, "name": self.name, **self.facts}


@dataclass(frozen=True)
class Edge:
    """A way of packets, or a proof of one (kind ``proof``).

    ``connect`` leads to a forward proxy, ``route`` to the store's gateway; ``direct``, ``proxy`` and ``tunnel`` lead to
    an account's API; ``host`` from an application's host to its account. A tunnel that is declared nowhere has no
    source. ``state`` of a tunnel is ``up``, ``down`` or
    ``unknown``; of a proof and of a way to an API ``holds``, ``broken`` or ``unknown``.
    """

    source: str
    target: str
    kind: str
    state: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        named = {"from": self.source, "to": self.target, "kind": self.kind, "state": self.state}
        return {**{key: value for key, value in named.items() if value}, **self.facts}


@dataclass(frozen=True)
class Topology:
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"nodes": [node.as_dict() for node in self.nodes], "edges": [edge.as_dict() for edge in self.edges]}

    def kind(self, *kinds: str) -> list[Node]:
        return [node for node in self.nodes if node.kind in kinds]

    def between(self, *kinds: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.kind in kinds]


def topology(report: Report) -> Topology:
    """Return the graph of a run's accounts; nothing where it had none."""
    if not report.accounts:
        return Topology()
    parts = _parts(report)
    nodes = {CONTROLLER: Node(CONTROLLER, "controller", "controller")}
    nodes |= {_host(name): Node(_host(name), part, name) for name, part in sorted(parts.items())}
    edges: dict[tuple[str, ...], Edge] = {}
    for account in report.accounts:
        nodes[_key(account.name)] = _account_node(report, account)
        for edge in _edges(report, account, parts):
            edges.setdefault((edge.source, edge.target, edge.kind, str(edge.facts)), edge)
    for machine in report.machines:
        if machine.account and _key(machine.account) in nodes and _host(machine.name) in nodes:
            made = Edge(_host(machine.name), _key(machine.account), "host")
            edges[(made.source, made.target, made.kind)] = made
    for edge in edges.values():
        # A proof may be tried from where nothing of the register is.
        if edge.source and edge.source not in nodes:
            nodes[edge.source] = Node(edge.source, "source", edge.source.partition(":")[2])
    return Topology(tuple(nodes.values()), tuple(edges.values()))


def _parts(report: Report) -> dict[str, str]:
    """Return what each host of ours is: as the inventory has it, else by what the accounts use it for."""
    found: dict[str, str] = {}
    for account in report.accounts:
        for tunnel in account.declared.tunnels:
            found |= dict.fromkeys(tunnel.servers, "store_server")
            if tunnel.through:
                found[tunnel.through] = "store_gateway" if tunnel.servers else "proxy_host"
    for account in report.accounts:
        if account.egress:
            found.setdefault(account.egress, "store_server")
    return found | {machine.name: PARTS[machine.part] for machine in report.machines if machine.part in PARTS}


def _account_node(report: Report, account: Account) -> Node:
    declared = account.declared
    proofs = report.of_kind("proof", account.name)
    facts: dict[str, Any] = {
        "provider": account.provider,
        "customer": account.customer,
        "region": account.region,
        "endpoints": list(declared.endpoints),
        "guards": [{"what": guard.what, "sources": list(guard.sources)} for guard in declared.guards],
        "reached_from": _sources(proofs, "allowed"),
        "refused_from": _sources(proofs, "refused"),
        "proofs": {"held": sum(_holds(proof) for proof in proofs), "total": len(proofs)},
    }
    return Node(_key(account.name), "account", account.name, facts)


def _edges(report: Report, account: Account, parts: dict[str, str]) -> Iterator[Edge]:
    """The account's ways, from the controller on, and the proofs about it."""
    name, declared = account.name, account.declared
    proofs = report.of_kind("proof", name)
    if account.egress:
        yield Edge(CONTROLLER, _host(account.egress), "connect")
    # Where tunnels lead to every endpoint, no call goes past them.
    if declared.outside or not declared.tunnels:
        start = _host(account.egress) if account.egress else CONTROLLER
        state = _way(proofs, account.egress or CONTROLLER)
        yield Edge(start, _key(name), "proxy" if account.egress else "direct", state)
    yield from _tunnels(account, report.of_kind("tunnel", name))
    for proof in proofs:
        source = _source(str(proof.values.get("source", "")), parts)
        facts = {key: proof.values[key] for key in ("what", "target", "expected", "actual") if key in proof.values}
        yield Edge(source, _key(name), "proof", "holds" if _holds(proof) else "broken", facts)


def _tunnels(account: Account, seen: Iterable[Record]) -> Iterator[Edge]:
    """Each declared tunnel once with its state, and those that were seen and are declared nowhere."""
    live = {str(record.values.get("name", "")): record for record in seen}
    for tunnel in account.declared.tunnels:
        for server in tunnel.servers:
            yield Edge(_host(server), _host(tunnel.through), "route")
        for name in _seen_as(tunnel.name, live):
            yield _tunnel(account, replace(tunnel, name=name), live.pop(name, None))
    for name, record in live.items():
        yield _tunnel(account, Tunnel(name), record)


def _seen_as(name: str, live: Collection[str]) -> list[str]:
    """Return the names that a declared tunnel has: a gateway with two addresses numbers its two."""
    numbered = [one for one in (f"{name}-1", f"{name}-2") if one in live]
    return [name] if name in live or not numbered else numbered


def _tunnel(account: Account, tunnel: Tunnel, record: Record | None) -> Edge:
    values = record.values if record else {}
    state = {True: "up", False: "down"}.get(values.get("up", ""), "unknown")
    facts: dict[str, Any] = {"name": tunnel.name, "peer": tunnel.peer, "remote": tunnel.remote, "api": list(tunnel.api)}
    told = {
        key: values[key] for key in ("local", "remote", "esp_bytes_in", "esp_bytes_out", "proposal") if key in values
    }
    source = _host(tunnel.through) if tunnel.through else ""
    return Edge(source, _key(account.name), "tunnel", state, {**facts, **told})


def _way(proofs: Iterable[Record], source: str) -> str:
    """Whether a call that comes by this way passed when it was tried."""
    tried = [proof for proof in proofs if proof.values.get("source") == source]
    tried = [proof for proof in tried if proof.values.get("expected") == "allowed"]
    return "unknown" if not tried else "holds" if all(map(_holds, tried)) else "broken"


def _sources(proofs: Iterable[Record], verdict: str) -> list[str]:
    found = [proof for proof in proofs if proof.values.get("actual") == verdict and _holds(proof)]
    return list(dict.fromkeys(str(proof.values["source"]) for proof in found if proof.values.get("source")))


def _holds(proof: Record) -> bool:
    return bool(proof.values.get("ok"))


def _source(name: str, parts: dict[str, str]) -> str:
    return CONTROLLER if name == CONTROLLER else _host(name) if name in parts else f"source:{name}"


def _host(name: str) -> str:
    return f"host:{name}"


def _key(account: str) -> str:
    return f"account:{account}"
