# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutron's VPNaaS with the reports of a VPN agent that is no process of Neutron's; run by Neutron's own Python.

Neutron's reference driver tells agents over the message bus what has changed, and a connection stays PENDING_CREATE
until one of them reports. The lab has no bus, so here reports come from files: ``vpn-status/<id of a connection>`` in
Neutron's state_path holds ACTIVE, DOWN or ERROR, written by whoever keeps the tunnel (by rename, so that no half is
read). A connection without a file waits for its first report. Where there is no folder ``vpn-status``, nobody keeps
tunnels, and a connection is ACTIVE as long as it and its service are administratively up.

As with Neutron's agents, a service has no status of its own before its first connection has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Neutron looks for the extensions of its API in the module of each plugin.
from neutron_vpnaas import extensions  # noqa: F401  # pylint: disable=unused-import
from neutron_vpnaas.services.vpn import plugin
from neutron_vpnaas.services.vpn.service_drivers import ipsec
from oslo_config import cfg

REPORTED = frozenset({"ACTIVE", "DOWN", "ERROR"})


class Agents:
    """Stands where the reference driver has the way to its agents."""

    def __init__(self, service_plugin: Plugin, folder: Path) -> None:
        self._plugin, self._folder = service_plugin, folder

    @property
    def are_elsewhere(self) -> bool:
        """Whether somebody keeps the tunnels and writes reports."""
        return self._folder.is_dir()

    def vpnservice_updated(self, context: Any, router_id: str, **_more: Any) -> None:
        """What an agent is told after every change; here all of them report at once."""
        self.report(context)

    def report(self, context: Any) -> None:
        """Bring the statuses that Neutron keeps to what is reported."""
        admin = context.elevated()
        for service in self._plugin.stored_services(admin):
            found = self._connections(admin, service)
            if found:
                self._plugin.update_status_by_agent(admin, [_told(service, found)])

    def _connections(self, admin: Any, service: dict[str, Any]) -> dict[str, str]:
        """Statuses by connection; empty where Neutron knows them all already."""
        kept = self._plugin.stored_connections(admin, {"vpnservice_id": [service["id"]]})
        reports = {each["id"]: self._status(each, service) for each in kept}
        said = {name: status for name, status in reports.items() if status}
        known = {each["id"]: each["status"] for each in kept}
        new = any(known[name] != status for name, status in said.items())
        return said if new or (said and service["status"] != _of_service(service)) else {}

    def _status(self, connection: dict[str, Any], service: dict[str, Any]) -> str:
        if not self.are_elsewhere:
            return "ACTIVE" if connection["admin_state_up"] and service["admin_state_up"] else "DOWN"
        try:
            said = (self._folder / connection["id"]).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""
        return said if said in REPORTED else "ERROR"


def _of_service(service: dict[str, Any]) -> str:
    return "ACTIVE" if service["admin_state_up"] else "DOWN"


def _told(service: dict[str, Any], connections: dict[str, str]) -> dict[str, Any]:
    """One service as an agent reports it (update_status_by_agent)."""
    return {
        "id": service["id"],
        "status": _of_service(service),
        "updated_pending_status": True,
        "ipsec_site_connections": {
            name: {"status": status, "updated_pending_status": True} for name, status in connections.items()
        },
    }


class Driver(ipsec.IPsecVPNDriver):
    """The reference driver; only the way to its agents is another one."""

    def create_rpc_conn(self) -> None:
        self.agent_rpc = Agents(self.service_plugin, Path(cfg.CONF.state_path) / "vpn-status")


class Plugin(plugin.VPNDriverPlugin):
    """The reference plugin; it takes what was reported before it answers."""

    def get_ipsec_site_connections(self, context: Any, filters: Any = None, fields: Any = None) -> Any:
        self._take_reports(context)
        return super().get_ipsec_site_connections(context, filters, fields)

    def get_ipsec_site_connection(self, context: Any, ipsec_site_conn_id: str, fields: Any = None) -> Any:
        self._take_reports(context)
        return super().get_ipsec_site_connection(context, ipsec_site_conn_id, fields)

    def stored_services(self, context: Any) -> Any:
        return self.get_vpnservices(context)

    def stored_connections(self, context: Any, filters: Any) -> Any:
        return super().get_ipsec_site_connections(context, filters)

    def _take_reports(self, context: Any) -> None:
        for driver in self.drivers.values():
            if driver.agent_rpc.are_elsewhere:
                driver.agent_rpc.report(context)
