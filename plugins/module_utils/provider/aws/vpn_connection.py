# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPN connection in EC2 and its two tunnels.

A tunnel that is or was up is changed only while the other one is up: each change takes a tunnel down for minutes, and
the other carries the traffic meanwhile.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...core.waiting import Wait
from ...model.plan import Change
from ...model.vpn_plan import Part
from ..again import UNSURE
from .vpn_read import CUSTOMER, FIRST, GATEWAY, Item
from .vpn_terms import KEY, request, told_key, told_settings
from .vpn_work import DELETED, Work

_AVAILABLE = Wait(frozenset({"available"}), frozenset({"deleted", "deleting"}), every_s=10, at_most_s=1200)
_UP = Wait(frozenset({"UP"}), every_s=10)


class Connections(Work):
    """Makes, changes and deletes the connection, its tunnels with it or one at a time."""

    def _place(self, part: Part) -> dict[str, str]:
        """Return where a connection ends, as requests say it."""
        if self._found.transit:
            return {"TransitGatewayId": self._found.home}
        return {"VpnGatewayId": self._refs[GATEWAY, part.settings["gateway"]]}

    def _add_connection(self, change: Change, along: Sequence[Change]) -> None:
        settings = change.after.settings
        tunnels = sorted((one.after for one in along), key=lambda part: part.name)
        doing = f"make the VPN connection {change.after.name}"
        try:
            self._session.call_once(
                doing,
                "ec2",
                "create_vpn_connection",
                Type="ipsec.1",
                CustomerGatewayId=self._refs[CUSTOMER, settings["customer gateway"]],
                **self._place(change.after),
                TagSpecifications=self._tags("vpn-connection"),
                Options={
                    "StaticRoutesOnly": True,
                    "LocalIpv4NetworkCidr": settings["our networks"],
                    "RemoteIpv4NetworkCidr": settings["its networks"],
                    "TunnelOptions": [request(part.settings, self._key(part)) for part in tunnels],
                },
            )
        except ProviderError as exc:
            if exc.kind not in UNSURE or self._reader.marked(self._found.tag) is None:
                raise
        self._found.connection = self._available(doing)
        self._refs[change.after.key] = self._found.connection["VpnConnectionId"]
        ordered = self._reader.ordered(self._found.connection)
        self._addresses = {part.name: one["OutsideIpAddress"] for part, one in zip(tunnels, ordered)}
        first = [one["OutsideIpAddress"] for one in ordered if told_key(one) == self._key(tunnels[0])]
        if first:
            self._mark(self._connection_id, **{FIRST: str(first[0])})

    def _key(self, part: Part) -> str:
        return self._keys[part.settings[KEY]]

    def _now(self) -> Item:
        """Return the connection as it is now; by its mark while its id is not known."""
        if self._found.connection is None:
            return self._reader.marked(self._found.tag) or {"State": "pending"}
        doing = f"read {self._connection_id}"
        answer = self._call(doing, "describe_vpn_connections", VpnConnectionIds=[self._connection_id])
        found: Item = answer["VpnConnections"][0]
        return found

    def _available(self, doing: str) -> Item:
        return self._waited(_AVAILABLE).poll("aws", doing, self._now, lambda item: str(item["State"]))

    def _settle(self) -> None:
        """Wait for what a run that was killed has begun: EC2 refuses changes of a connection that is changing."""
        connection = self._found.connection
        if connection is not None and connection["State"] != "available":
            self._found.connection = self._available(f"see the VPN connection {self._connection_id} at rest")

    def _modify(self, doing: str, operation: str, made: Callable[[Item], bool], **parameters: Any) -> None:
        """Change the connection and wait for it; ``made`` says whether it shows the change."""
        parameters["VpnConnectionId"] = self._connection_id
        try:
            self._call(doing, operation, **parameters)
        except ProviderError as exc:
            # A call whose answer was lost has begun the change, and the next is refused meanwhile.
            if not (exc.retried and exc.kind == "conflict"):
                raise
            if made(self._available(doing)):
                return
            self._call(doing, operation, **parameters)
        self._available(doing)

    def _update_connection(self, change: Change, _along: Sequence[Change]) -> None:
        before, after = change.before, change.after
        differing = set(before.differing(after))
        name, ref = after.name, self._connection_id
        if not before.own:
            self._mark(ref, **{FIRST: after.settings["first tunnel"]})
        if differing & {"customer gateway", "gateway"}:
            ends: dict[str, str] = {}
            if "customer gateway" in differing:
                ends["CustomerGatewayId"] = self._refs[CUSTOMER, after.settings["customer gateway"]]
            if "gateway" in differing:
                ends |= self._place(after)
            doing = f"change the ends of the VPN connection {name}"
            self._modify(doing, "modify_vpn_connection", lambda now: _holds(now, ends), **ends)
        if differing & {"our networks", "its networks"}:
            doing = f"change the networks of the VPN connection {name}"
            networks = {
                "LocalIpv4NetworkCidr": after.settings["our networks"],
                "RemoteIpv4NetworkCidr": after.settings["its networks"],
            }
            operation = "modify_vpn_connection_options"
            self._modify(doing, operation, lambda now: _holds(now.get("Options") or {}, networks), **networks)
        if "first tunnel" in differing:
            self._mark(ref, **{FIRST: after.settings["first tunnel"]})

    def _remove_connection(self, change: Change, _along: Sequence[Change]) -> None:
        ref = change.before.ref
        doing = f"delete the VPN connection {ref}"
        self._gone(doing, "delete_vpn_connection", VpnConnectionId=ref)

        def state() -> str:
            found = [item["State"] for item in self._reader.connections() if item["VpnConnectionId"] == ref]
            return str(found[0]) if found else "deleted"

        self._waited(DELETED).poll("aws", doing, state, lambda name: name)

    def _update_tunnel(self, change: Change, _along: Sequence[Change]) -> None:
        name, address = change.after.name, self._addresses[change.after.name]
        self._wait_for_the_other(name, address)
        differing = change.before.differing(change.after)
        options = request({setting: change.after.settings[setting] for setting in differing})
        if KEY in differing:
            options["PreSharedKey"] = self._key(change.after)

        def made(now: Item) -> bool:
            tunnels = (now.get("Options") or {}).get("TunnelOptions") or ()
            told = [told_settings(one) for one in tunnels if one.get("OutsideIpAddress") == address]
            return bool(told) and _holds(told[0], {setting: change.after.settings[setting] for setting in differing})

        self._modify(
            f"change the tunnel {name}",
            "modify_vpn_tunnel_options",
            made,
            VpnTunnelOutsideIpAddress=address,
            TunnelOptions=options,
        )

    def _wait_for_the_other(self, name: str, address: str) -> None:
        """Wait until the other tunnel carries the traffic; a tunnel that carries none can be changed at once.

        One that was up when the plan was made counts as up: a change of the connection before it takes both down.
        """
        others = [(other, at) for other, at in self._addresses.items() if at != address]
        carries = name in self._up or _status(self._now(), address) == "UP"
        if not others or self._wait_up_s <= 0 or not carries:
            return
        other, at = others[0]
        wait = dataclasses.replace(self._waited(_UP), at_most_s=self._wait_up_s)
        try:
            wait.poll("aws", f"see {other} up before {name} is changed", self._now, lambda item: _status(item, at))
        except ProviderError as exc:
            hint = (
                f"bring our end of {other} up with the definition that it has now and run again, or, where it is not "
                "used, let both drop with aws.wait_up_s: 0"
            )
            raise ProviderError("aws", exc.doing, exc.why, exc.kind, hint=hint) from exc


def _holds(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(told.get(name) == value for name, value in wanted.items())


def _status(connection: Item, address: str) -> str:
    """Return UP or DOWN, as EC2 has it of a tunnel."""
    found = [item for item in connection.get("VgwTelemetry") or () if item.get("OutsideIpAddress") == address]
    return str(found[0].get("Status")) if found else "DOWN"
