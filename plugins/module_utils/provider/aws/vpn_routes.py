# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a VPC or a transit gateway finds our networks: static routes of the connection, and what spreads them."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.errors import ProviderError
from ...model.plan import Change
from ...model.vpn_plan import Part
from .vpn_read import GATEWAY, route_mark
from .vpn_work import Work


class Routes(Work):
    """Adds and removes routes, and has a VPC's route tables follow them."""

    def _add_route(self, change: Change, _along: Sequence[Change]) -> None:
        cidr = change.after.name
        doing = f"route {cidr} to {self._connection_id}"
        parameters = {"VpnConnectionId": self._connection_id, "DestinationCidrBlock": cidr}
        self._call(doing, "create_vpn_connection_route", **parameters)

    def _remove_route(self, change: Change, _along: Sequence[Change]) -> None:
        cidr = change.before.name
        doing = f"stop routing {cidr} to {self._connection_id}"
        parameters = {"VpnConnectionId": self._connection_id, "DestinationCidrBlock": cidr}
        self._gone(doing, "delete_vpn_connection_route", **parameters)

    def _add_transit_route(self, change: Change, _along: Sequence[Change]) -> None:
        table, _space, cidr = change.after.name.partition(" ")
        self._mark_route(change, _along)
        try:
            self._call(
                f"route {cidr} by {table}",
                "create_transit_gateway_route",
                TransitGatewayRouteTableId=table,
                DestinationCidrBlock=cidr,
                TransitGatewayAttachmentId=self._attachment_of_connection(),
            )
        except ProviderError as exc:
            if not (exc.retried and exc.kind == "already_exists"):
                raise

    def _mark_route(self, change: Change, _along: Sequence[Change]) -> None:
        # The mark comes first, as a route without it would count as somebody else's work.
        self._tag(self._connection_id, {route_mark(self._found.tag, change.after.name): ""})

    def _attachment_of_connection(self) -> str:
        if not self._found.attachment:
            wanted = [{"Name": "resource-id", "Values": [self._connection_id]}]
            doing = f"read the attachment of {self._connection_id}"
            answer = self._call(doing, "describe_transit_gateway_attachments", Filters=wanted)
            self._found.attachment = str(answer["TransitGatewayAttachments"][0]["TransitGatewayAttachmentId"])
        return self._found.attachment

    def _remove_transit_route(self, change: Change, _along: Sequence[Change]) -> None:
        table, _space, cidr = change.before.name.partition(" ")
        doing = f"stop routing {cidr} by {table}"
        parameters = {"TransitGatewayRouteTableId": table, "DestinationCidrBlock": cidr}
        self._gone(doing, "delete_transit_gateway_route", **parameters)
        self._unmark(self._connection_id, route_mark(self._found.tag, change.before.name))

    def _propagate(self, change: Change, _along: Sequence[Change]) -> None:
        # The mark comes first, as a table that propagates without it would count as somebody else's work.
        table = change.after.name
        before: Part | None = change.before
        if before is None or not before.own:
            self._mark(table)
        if before is None or not before.settings["propagates"]:
            self._call(
                f"propagate routes into {table}",
                "enable_vgw_route_propagation",
                GatewayId=self._refs[GATEWAY, self._found.home],
                RouteTableId=table,
            )

    def _stop_propagation(self, change: Change, _along: Sequence[Change]) -> None:
        table, settings = change.before.name, change.before.settings
        gateway = self._refs.get((GATEWAY, self._found.home))
        if gateway and settings["propagates"] and not set(settings["users"]) - {self._found.name}:
            self._gone(
                f"stop propagating routes into {table}",
                "disable_vgw_route_propagation",
                GatewayId=gateway,
                RouteTableId=table,
            )
        self._unmark(table)
