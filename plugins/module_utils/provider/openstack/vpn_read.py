# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the VPN of one router: each collection of the project once, all at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable

from ...model import mark
from ...model.scope import Scope
from ...model.vpn_gateway import TunnelEnd
from ...model.vpn_plan import Part, VpnState
from ..vpn_key import told_fingerprint
from . import listing, vpn_policy
from .session import OpenStackSession

Item = listing.Item
SERVICE, IKE, IPSEC = "VPN service", "IKE policy", "IPsec policy"
LOCAL, PEER = "local endpoints", "peer endpoints"
CONNECTION, REPLACED = "connection", "replaced connection"
#: How a connection is called between the moment when its successor is made and its end.
REPLACED_NAME = "{name} (replaced)"
#: The setting of a connection that no agent could set up, and only of such a one.
STATUS, FAILED = "status", "ERROR"
VPN = "/v2.0/vpn"
ROUTERS = listing.Kind("router", "/v2.0/routers", "routers", ("external_gateway_info",))
SERVICES = listing.Kind(
    "VPN service",
    f"{VPN}/vpnservices",
    "vpnservices",
    (),
    since="the extension vpnaas",
    instead="have it enabled, or reach this account's API in another way",
)
IKE_POLICIES = listing.Kind("IKE policy", f"{VPN}/ikepolicies", "ikepolicies", ())
IPSEC_POLICIES = listing.Kind("IPsec policy", f"{VPN}/ipsecpolicies", "ipsecpolicies", ())
GROUPS = listing.Kind("endpoint group", f"{VPN}/endpoint-groups", "endpoint_groups", ())
CONNECTIONS = listing.Kind("connection", f"{VPN}/ipsec-site-connections", "ipsec_site_connections", ())
_PORTS = listing.Kind("port", "/v2.0/ports", "ports", ())
_SUBNETS = listing.Kind("subnet", "/v2.0/subnets", "subnets", ())
_STATUS = {"ACTIVE": "up", "DOWN": "down", "ERROR": "down"}


@dataclass(frozen=True)
class Found:
    """What the project has: ``subnets`` are those on the router, by CIDR, and ``service`` is the one to use.

    ``connection`` is the one of the gateway's name. A router or service without what is needed is told when it is.
    """

    router: Item
    subnets: Mapping[str, str]
    service: Item | None
    connection: Item | None
    ids: frozenset[str]


def read(session: OpenStackSession, store: str, name: str, scope: Scope, hide: Callable[..., None]) -> VpnState:
    """Return the parts of the gateway of that name at a router."""
    router = listing.read(session, ROUTERS, [scope])[scope]
    # An administrator sees what all projects have.
    project = [("project_id", router["project_id"])]
    wanted = (
        (SERVICES, [*project, ("router_id", router["id"])]),
        (IKE_POLICIES, project),
        (IPSEC_POLICIES, project),
        (GROUPS, project),
        (CONNECTIONS, project),
        (_PORTS, [("device_id", router["id"]), ("fields", "fixed_ips")]),
        (_SUBNETS, [("fields", "id"), ("fields", "cidr")]),
    )
    with ThreadPoolExecutor(max_workers=min(session.access.workers, len(wanted))) as pool:
        jobs = [pool.submit(listing.pages, session, kind, f"read the VPN of {scope}", query) for kind, query in wanted]
        services, ikes, ipsecs, groups, connections, ports, subnets = (job.result() for job in jobs)
    for each in connections:
        hide(each.get("psk"))
    return _Reading(store, name, scope, router, services, ikes, ipsecs, groups, connections).state(ports, subnets)


class _Reading:
    """One reading, taken apart."""

    def __init__(self, store: str, name: str, scope: Scope, router: Item, *lists: Sequence[Item]) -> None:
        self._store, self._name, self._scope, self._router = store, name, scope, router
        self._services, ikes, ipsecs, groups, self._connections = lists
        self._ike = {item["id"]: item for item in ikes}
        self._ipsec = {item["id"]: item for item in ipsecs}
        self._groups = {item["id"]: item for item in groups}
        self._cidrs: dict[str, str] = {}
        here = {item["id"] for item in self._services}
        names = (name, REPLACED_NAME.format(name=name))
        #: Those of the gateway: the first is the one, whatever else bears a name of ours is left over.
        self._mine = sorted(
            (item for item in self._connections if item["vpnservice_id"] in here and item["name"] in names),
            key=lambda item: (item["name"] != name, not self._is_marked(item), item["id"]),
        )
        first = self._mine[0] if self._mine and self._mine[0]["name"] == name else None
        self._connection = first
        self._service = self._chosen(first)

    def state(self, ports: Sequence[Item], subnets: Sequence[Item]) -> VpnState:
        """Return the state; ports are the router's, subnets those that the project can see."""
        self._cidrs = {item["id"]: item["cidr"] for item in subnets}
        attached = {ip["subnet_id"] for port in ports for ip in port["fixed_ips"]}
        mine = {self._cidrs[each]: each for each in sorted(attached) if each in self._cidrs}
        one, service = self._connection, self._service
        ids = frozenset(item["id"] for item in (*self._ike.values(), *self._ipsec.values(), *self._groups.values()))
        ids |= {item["id"] for item in (*self._services, *self._connections)}
        return VpnState(
            ref=str(one["id"]) if one else "",
            parts=tuple(self._parts()),
            ends=(self._end(one, service),) if one and service else (),
            extra=Found(self._router, mine, service, one, ids),
        )

    def _parts(self) -> list[Part]:
        found = []
        if self._service:
            own = self._is_own(self._service, "vpnservice_id")
            found.append(Part(SERVICE, service_name(self._scope), {}, self._service["id"], own))
        for kind, policies, field in ((IKE, self._ike, "ikepolicy_id"), (IPSEC, self._ipsec, "ipsecpolicy_id")):
            for item in self._of_gateway(policies, field):
                settings = vpn_policy.read(item)
                own = self._is_own(item, field)
                found.append(Part(kind, vpn_policy.words(settings), settings, item["id"], own))
        for item in self._of_gateway(self._groups, "local_ep_group_id", "peer_ep_group_id"):
            own = self._is_own(item, "local_ep_group_id", "peer_ep_group_id")
            kind = PEER if item["type"] == "cidr" else LOCAL
            found.append(Part(kind, endpoints_name(self._endpoints(item)), {}, item["id"], own))
        found += [self._part(item) for item in self._mine]
        return _distinct(found)

    def _part(self, item: Item) -> Part:
        own, first = self._is_marked(item), item is self._connection
        name, kind = (self._name, CONNECTION) if first else (f"{item['name']} {item['id']}", REPLACED)
        return Part(kind, name, self._settings(item) if first else {}, item["id"], own, (self._name,))

    def _settings(self, item: Item) -> dict[str, Any]:
        dpd = item.get("dpd") or {}
        ike, ipsec = self._policies(item)
        local, peer = self._groups.get(item["local_ep_group_id"]), self._groups.get(item["peer_ep_group_id"])
        return {
            "peer_address": item["peer_address"],
            "peer_id": item["peer_id"],
            "local_id": item.get("local_id") or "",
            "ike_policy": vpn_policy.words(ike),
            "ipsec_policy": vpn_policy.words(ipsec),
            "networks": self._endpoints(local) if local else (),
            "peer_networks": self._endpoints(peer) if peer else tuple(sorted(item.get("peer_cidrs") or ())),
            "dpd_action": dpd.get("action"),
            "dpd_interval_s": dpd.get("interval"),
            "dpd_timeout_s": dpd.get("timeout"),
            "initiator": item["initiator"],
            "mtu": item["mtu"],
            "enabled": bool(item["admin_state_up"]),
            "key": told_fingerprint(item["psk"]),
            **({STATUS: FAILED} if item["status"] == FAILED else {}),
        }

    def _end(self, item: Item, service: Item) -> TunnelEnd:
        status = str(item["status"])
        return TunnelEnd(
            name=self._name,
            address=service.get("external_v4_ip") or "",
            identity=item.get("local_id") or "",
            status=_STATUS.get(status, "unknown"),
            detail="" if status in ("ACTIVE", "DOWN") else status,
            accepts=vpn_policy.accepts(*self._policies(item)),
            fingerprint=told_fingerprint(item["psk"]),
        )

    def _policies(self, item: Item) -> tuple[vpn_policy.Policy, vpn_policy.Policy]:
        """Return a connection's policies; one that was made between two lists has none yet."""
        ike, ipsec = self._ike.get(item["ikepolicy_id"], {}), self._ipsec.get(item["ipsecpolicy_id"], {})
        return vpn_policy.read(ike), vpn_policy.read(ipsec)

    def _chosen(self, connection: Item | None) -> Item | None:
        """Return the router's service: the connection's, else one of this store's, else any.

        Agents keep one process for a router, and so one service.
        """
        used = connection["vpnservice_id"] if connection else ""
        order = sorted(self._services, key=lambda item: (item["id"] != used, not self._is_marked(item), item["id"]))
        return order[0] if order else None

    def _of_gateway(self, items: Mapping[str, Item], *fields: str) -> list[Item]:
        """Return what the gateway's connections use, and what this store made for it; what is used comes first."""
        used = [each[field] for each in self._mine for field in fields if each.get(field) in items]
        left = [key for key, item in items.items() if item["name"] == self._name and self._is_marked(item)]
        return [items[key] for key in dict.fromkeys((*used, *sorted(left)))]

    def _is_marked(self, item: Item) -> bool:
        return mark.read(item.get("description"))[0] == self._store

    def _is_own(self, item: Item, *fields: str) -> bool:
        """Return whether this store made it and nobody else uses it."""
        users = [each for each in self._connections if any(each.get(field) == item["id"] for field in fields)]
        others = [each for each in users if each not in self._mine]
        ours = bool(users) or item["name"] == self._name
        return self._is_marked(item) and ours and not others

    def _endpoints(self, group: Item) -> tuple[str, ...]:
        """Return the group's networks; a subnet that is not seen stays its id."""
        return tuple(sorted(self._cidrs.get(each, each) for each in group["endpoints"]))


def service_name(scope: Scope) -> str:
    """Return what a router's service is called as a part."""
    return scope.name or scope.id


def endpoints_name(endpoints: Sequence[str]) -> str:
    """Return what an endpoint group is called as a part: its networks are all that it is."""
    return ", ".join(endpoints)


def _distinct(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with the ones that are there twice told apart, so that the second can be removed."""
    found: dict[tuple[str, str], Part] = {}
    for part in parts:
        if part.key in found:
            part = Part(part.kind, f"{part.name} ({part.ref})", part.settings, part.ref, part.own, part.tunnels)
        found[part.key] = part
    return list(found.values())
