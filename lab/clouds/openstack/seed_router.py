# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills an account with a router between a network of its own and the outside: what a VPN service needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.clouds.openstack.unix_http import Client
from lab.errors import LabError

Json = dict[str, Any]
#: RFC 5737's third network for documentation is what these clouds call outside.
OUTSIDE_CIDR = "203.0.113.0/24"
_FIELDS = {"name", "cidr", "address", "outside"}


def router(neutron: Client, project: str, wanted: Mapping[str, str]) -> Json:
    """Makes what is missing of {name, cidr, address?, outside?}: a network with a subnet of that CIDR, and its router.

    neutron is an administrator's, who alone may choose the router's address outside; outside is the CIDR that this is
    of. Gives {id, address, subnet_id, network_id}; name is the name of all three.
    """
    unknown = set(wanted) - _FIELDS
    if unknown or not {"name", "cidr"} <= set(wanted):
        raise LabError(f"a router has the keys {', '.join(sorted(_FIELDS))}, not {', '.join(sorted(wanted))}")
    name = wanted["name"]
    network = _make(neutron, "network", {"name": name, "project_id": project})
    subnet = _make(neutron, "subnet", {"name": name, "project_id": project, **_subnet(network, wanted["cidr"])})
    gateway = {"network_id": _outside(neutron, wanted.get("outside", OUTSIDE_CIDR)), **_fixed(wanted.get("address"))}
    made = _make(neutron, "router", {"name": name, "project_id": project, "external_gateway_info": gateway})
    if not _ports(neutron, made, subnet):
        neutron.call("PUT", f"/v2.0/routers/{made['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    address = made["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]
    return {"id": made["id"], "address": address, "subnet_id": subnet["id"], "network_id": network["id"]}


def _outside(neutron: Client, cidr: str) -> str:
    """The one external network of this cloud, with a subnet of that CIDR."""
    network = _make(neutron, "network", {"name": "outside", "router:external": True})
    _make(neutron, "subnet", {"name": f"outside-{cidr}", **_subnet(network, cidr), "enable_dhcp": False})
    return str(network["id"])


def _subnet(network: Json, cidr: str) -> Json:
    return {"network_id": network["id"], "cidr": cidr, "ip_version": 4}


def _fixed(address: str | None) -> Json:
    return {"external_fixed_ips": [{"ip_address": address}]} if address else {}


def _ports(neutron: Client, router: Json, subnet: Json) -> list[Json]:
    query = f"device_id={router['id']}&fixed_ips=subnet_id%3D{subnet['id']}&fields=id"
    found: list[Json] = neutron.call("GET", f"/v2.0/ports?{query}")["ports"]
    return found


def _make(neutron: Client, kind: str, body: Json) -> Json:
    """Gives the one of that name, in its project where it has one; makes it when there is none."""
    query = "&".join(f"{key}={body[key]}" for key in ("name", "project_id") if key in body)
    found = neutron.call("GET", f"/v2.0/{kind}s?{query}")[f"{kind}s"]
    made: Json = found[0] if found else neutron.call("POST", f"/v2.0/{kind}s", {kind: body})[kind]
    return made
