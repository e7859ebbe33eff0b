# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutron's VPN connections, read as an agent of VPNaaS gets them, and their statuses, reported as by an agent.

The router's process is neutron-vpnaas's driver for strongSwan (device_drivers/strongswan_ipsec.py): a change rereads
secrets and reloads, which leaves security associations that are there alone. So a changed key counts from the next
IKE_SA on. The lab's ends start nothing where the driver would route packets: userland ESP knows no acquires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..clouds.openstack.plane import Plane
from ..clouds.openstack.unix_http import Client
from ..errors import LabError
from . import algorithms
from .tunnel import CloudTunnel, Running

_VPN = "/v2.0/vpn"
#: What a connection refers to: none of it changes while a connection has it.
_REFERENCES = {
    "ikepolicy": ("ikepolicies", "ikepolicy_id"),
    "ipsecpolicy": ("ipsecpolicies", "ipsecpolicy_id"),
    "local_ep_group": ("endpoint-groups", "local_ep_group_id"),
    "peer_ep_group": ("endpoint-groups", "peer_ep_group_id"),
}


class Neutron:
    """The control plane of the lab, by its own sockets and as its administrator, since no tunnel may be there yet."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._client: Client | None = None
        self._kept: dict[tuple[str, ...], dict[str, Any]] = {}
        self._shown: dict[str, str] = {}

    def read(self) -> Sequence[CloudTunnel]:
        if self._client is None:
            # From now on Neutron waits for reports.
            self._plane.report_vpn({})
            self._client = self._log_in()
        try:
            return self._read(self._client)
        except LabError:
            # A token ends after an hour, and with a new start of Keystone.
            self._client = None
            raise

    def _read(self, client: Client) -> Sequence[CloudTunnel]:
        connections = client.call("GET", f"{_VPN}/ipsec-site-connections")["ipsec_site_connections"]
        self._shown = {one["id"]: one["status"] for one in connections}
        if not connections:
            return []
        services = {one["id"]: one for one in client.call("GET", f"{_VPN}/vpnservices")["vpnservices"]}
        live = [
            one for one in connections if one["admin_state_up"] and services[one["vpnservice_id"]]["admin_state_up"]
        ]
        return [tunnel(one, services[one["vpnservice_id"]], self._references(client, one)) for one in live]

    def report(self, states: Mapping[str, Running]) -> None:
        said = {ref: "ACTIVE" if state.up else "DOWN" for ref, state in states.items()}
        new = {ref: status for ref, status in said.items() if self._shown.get(ref) != status}
        if new:
            self._plane.report_vpn(new)

    def _references(self, client: Client, connection: Mapping[str, Any]) -> dict[str, Any]:
        key = tuple(connection[field] for _path, field in _REFERENCES.values())
        if key not in self._kept:
            found: dict[str, Any] = {
                kind: self._get(client, path, connection[field]) for kind, (path, field) in _REFERENCES.items()
            }
            subnets = found["local_ep_group"]["endpoints"]
            found["cidrs"] = [client.call("GET", f"/v2.0/subnets/{one}")["subnet"]["cidr"] for one in subnets]
            self._kept[key] = found
        return self._kept[key]

    @staticmethod
    def _get(client: Client, path: str, item: str) -> dict[str, Any]:
        (found,) = client.call("GET", f"{_VPN}/{path}/{item}").values()
        return dict(found)

    def _log_in(self) -> Client:
        user = {"name": "admin", "domain": {"id": "default"}, "password": self._plane.state()["admin_password"]}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "admin", "domain": {"id": "default"}}},
            }
        }
        headers, _token = self._plane.client("keystone").call_with_headers("POST", "/v3/auth/tokens", body)
        return self._plane.client("neutron", headers["X-Subject-Token"])


def tunnel(connection: Mapping[str, Any], service: Mapping[str, Any], of: Mapping[str, Any]) -> CloudTunnel:
    """A connection with its service and what it refers to, the CIDRs of its local subnets among that. Pure."""
    return CloudTunnel(
        cloud="openstack",
        ref=connection["id"],
        address=service["external_v4_ip"],
        peer=connection["peer_address"],
        key=connection["psk"],
        ike=algorithms.neutron(of["ikepolicy"], ike=True),
        esp=algorithms.neutron(of["ipsecpolicy"], ike=False),
        inside=tuple(of["cidrs"]),
        outside=tuple(of["peer_ep_group"]["endpoints"]),
        local_id=connection.get("local_id") or "",
        peer_id=connection["peer_id"],
        initiate=connection["initiator"] == "bi-directional",
        version={"v1": 1, "v2": 2}[of["ikepolicy"]["ike_version"]],
        dpd_delay_s=int(connection["dpd"]["interval"]),
        dpd_action={"hold": "clear", "clear": "clear", "disabled": "none"}.get(connection["dpd"]["action"], "restart"),
        ike_lifetime_s=int(of["ikepolicy"]["lifetime"]["value"]),
        esp_lifetime_s=int(of["ipsecpolicy"]["lifetime"]["value"]),
        keeps_running=True,
    )
