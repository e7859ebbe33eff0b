# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes and removes the parts of a VPN gateway in EC2.

Marks come with what is made, in the same call, so that a run that is killed leaves nothing that the next does not know.
A tunnel that is up is changed only while the other one is up: each change takes a tunnel down for minutes, and the
other carries the traffic meanwhile.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

from ...core.errors import ProviderError
from ...core.redact import fingerprint
from ...core.waiting import Wait
from ...model.plan import Change
from ...model.vpn_plan import Part, VpnState
from .session import AwsSession
from .vpn_read import (
    CONNECTION,
    CUSTOMER,
    FIRST,
    GATEWAY,
    PROPAGATION,
    ROUTE,
    TRANSIT_ROUTE,
    TUNNEL,
    Found,
    Item,
    Reader,
    attached_to,
    users_of,
)
from .vpn_terms import KEY, request, told_key

#: Failures after which what was asked for may have been made all the same.
_UNSURE = frozenset({"timeout", "server", "unreachable"})
_AVAILABLE = Wait(frozenset({"available"}), frozenset({"deleted", "deleting"}), every_s=10, at_most_s=1200)
_DELETED = Wait(frozenset({"deleted"}), every_s=10, at_most_s=1200)
_ATTACHED = Wait(frozenset({"attached"}), every_s=5, at_most_s=600)
_DETACHED = Wait(frozenset({"detached"}), every_s=5, at_most_s=600)
_UP = Wait(frozenset({"UP"}), every_s=10)
_MADE_WITH_CONNECTION = frozenset({TUNNEL})
_GONE_WITH_CONNECTION = frozenset({TUNNEL, ROUTE})


class Writer:
    """Applies one plan; ``keys`` are the pre-shared keys, ``wait_up_s`` how long a tunnel may take to come up again."""

    def __init__(
        self,
        session: AwsSession,
        store: str,
        reader: Reader,
        state: VpnState,
        keys: Sequence[str],
        wait_up_s: float,
    ) -> None:
        self._session, self._store, self._reader, self._state = session, store, reader, state
        self._keys = {fingerprint(key): key for key in keys}
        self._wait_up_s = wait_up_s
        self._found: Found = state.extra
        self._refs = {part.key: part.ref for part in state.parts}
        self._addresses = {end.name: end.address for end in state.ends}

    def apply(self, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes and yield each one that has taken effect."""
        left = _in_order(changes, {end.name for end in self._state.ends if end.status == "down"})
        while left:
            change = left.pop(0)
            part: Part = change.after or change.before
            along: list[Change] = []
            if part.kind == CONNECTION and change.action != "update":
                kinds = _MADE_WITH_CONNECTION if change.action == "add" else _GONE_WITH_CONNECTION
                along = [one for one in left if one.action == change.action and _kind(one) in kinds]
                left = [one for one in left if one not in along]
            self._handler(part.kind, change.action)(change, along)
            yield change
            yield from along

    def _handler(self, kind: str, action: str) -> Callable[[Change, Sequence[Change]], None]:
        handlers: Mapping[tuple[str, str], Callable[[Change, Sequence[Change]], None]] = {
            (CUSTOMER, "add"): self._add_customer,
            (CUSTOMER, "update"): self._join,
            (CUSTOMER, "remove"): self._remove_customer,
            (GATEWAY, "add"): self._add_gateway,
            (GATEWAY, "update"): self._attach_and_join,
            (GATEWAY, "remove"): self._remove_gateway,
            (CONNECTION, "add"): self._add_connection,
            (CONNECTION, "update"): self._update_connection,
            (CONNECTION, "remove"): self._remove_connection,
            (TUNNEL, "update"): self._update_tunnel,
            (ROUTE, "add"): self._add_route,
            (ROUTE, "remove"): self._remove_route,
            (TRANSIT_ROUTE, "add"): self._add_transit_route,
            (TRANSIT_ROUTE, "remove"): self._remove_transit_route,
            (PROPAGATION, "add"): self._propagate,
            (PROPAGATION, "update"): self._propagate,
            (PROPAGATION, "remove"): self._stop_propagation,
        }
        return handlers[kind, action]

    def _call(self, doing: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._session.call(doing, "ec2", operation, **parameters)

    def _tags(self, resource: str) -> list[dict[str, Any]]:
        tags = [{"Key": self._found.tag, "Value": ""}, {"Key": "Name", "Value": self._found.name}]
        return [{"ResourceType": resource, "Tags": tags}]

    def _mark(self, ref: str, **more: str) -> None:
        tags = [{"Key": key, "Value": value} for key, value in {self._found.tag: "", **more}.items()]
        self._call(f"mark {ref}", "create_tags", Resources=[ref], Tags=tags)

    def _unmark(self, ref: str) -> None:
        self._call(f"take the mark off {ref}", "delete_tags", Resources=[ref], Tags=[{"Key": self._found.tag}])

    def _waited(self, wait: Wait) -> Wait:
        return dataclasses.replace(wait, sleep=self._session.access.retry.sleep)

    # Customer gateways

    def _add_customer(self, change: Change, _along: Sequence[Change]) -> None:
        # An identical request gets what is there, so that a lost answer needs no look ("CreateCustomerGateway").
        address = change.after.name
        answer = self._call(
            f"make a customer gateway for {address}",
            "create_customer_gateway",
            Type="ipsec.1",
            IpAddress=address,
            BgpAsn=65000,
            TagSpecifications=self._tags("customer-gateway"),
        )
        self._refs[change.after.key] = answer["CustomerGateway"]["CustomerGatewayId"]

    def _join(self, change: Change, _along: Sequence[Change]) -> None:
        self._mark(change.before.ref)

    def _remove_customer(self, change: Change, _along: Sequence[Change]) -> None:
        ref = change.before.ref
        if self._used_by_others(change.before, "CustomerGatewayId"):
            self._unmark(ref)
            return
        self._wait_for_deletions("CustomerGatewayId", ref)
        self._gone(f"delete the customer gateway {ref}", "delete_customer_gateway", CustomerGatewayId=ref)

    def _used_by_others(self, part: Part, field: str) -> bool:
        """Return whether somebody else uses a part: another gateway of this store, or anybody's connection."""
        if set(part.settings.get("users", ())) - {self._found.name}:
            return True
        own = self._found.connection["VpnConnectionId"] if self._found.connection else ""
        users = [item for item in self._found.connections if item.get(field) == part.ref]
        return any(item["VpnConnectionId"] != own and item["State"] != "deleting" for item in users)

    def _wait_for_deletions(self, field: str, ref: str) -> None:
        """Wait until connections that are being deleted have let go, also those of a run that was killed."""
        if not any(item.get(field) == ref for item in self._found.connections):
            return

        def busy() -> str:
            return "in use" if any(item.get(field) == ref for item in self._reader.connections()) else "deleted"

        self._waited(_DELETED).poll("aws", f"see the connections of {ref} deleted", busy, lambda state: state)

    def _gone(self, doing: str, operation: str, **parameters: Any) -> None:
        """Make a call that removes; what is not there any more has been removed."""
        try:
            self._call(doing, operation, **parameters)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise

    # The VPC's virtual private gateway

    def _add_gateway(self, change: Change, _along: Sequence[Change]) -> None:
        doing = f"make a VPN gateway for {change.after.name}"
        try:
            answer = self._session.call_once(
                doing,
                "ec2",
                "create_vpn_gateway",
                Type="ipsec.1",
                TagSpecifications=self._tags("vpn-gateway"),
            )
            ref = str(answer["VpnGateway"]["VpnGatewayId"])
        except ProviderError as exc:
            made = self._left_behind() if exc.kind in _UNSURE else ""
            if not made:
                raise
            ref = made
        self._refs[change.after.key] = ref
        self._attach(ref)

    def _left_behind(self) -> str:
        """Return the gateway that a call has made whose answer was lost, "" where there is none."""
        for item in self._call("read the VPN gateways", "describe_vpn_gateways")["VpnGateways"]:
            if self._found.name in users_of(item, self._store) and item["State"] in ("pending", "available"):
                return str(item["VpnGatewayId"])
        return ""

    def _attach_and_join(self, change: Change, _along: Sequence[Change]) -> None:
        if not change.before.own:
            self._mark(change.before.ref)
        if "attached to" in change.before.differing(change.after):
            self._attach(change.before.ref)

    def _attach(self, ref: str) -> None:
        doing = f"attach {ref} to {self._found.home}"
        try:
            self._call(doing, "attach_vpn_gateway", VpnGatewayId=ref, VpcId=self._found.home)
        except ProviderError as exc:
            # A call whose answer was lost has attached it, and the next is refused.
            if not exc.retried or self._attachment(ref) not in ("attaching", "attached"):
                raise
        self._waited(_ATTACHED).poll("aws", doing, lambda: self._attachment(ref), lambda state: state)

    def _attachment(self, ref: str) -> str:
        answer = self._call(f"read {ref}", "describe_vpn_gateways", VpnGatewayIds=[ref])
        found = [item for one in answer["VpnGateways"] for item in one.get("VpcAttachments") or ()]
        states = [str(item["State"]) for item in found if item["VpcId"] == self._found.home]
        return states[0] if states else "detached"

    def _remove_gateway(self, change: Change, _along: Sequence[Change]) -> None:
        ref = change.before.ref
        if self._used_by_others(change.before, "VpnGatewayId"):
            self._unmark(ref)
            return
        self._wait_for_deletions("VpnGatewayId", ref)
        item = next(one for one in self._found.gateways if one["VpnGatewayId"] == ref)
        if attached_to(item):
            doing = f"detach {ref} from {self._found.home}"
            self._gone(doing, "detach_vpn_gateway", VpnGatewayId=ref, VpcId=self._found.home)
            self._waited(_DETACHED).poll("aws", doing, lambda: self._attachment(ref), lambda state: state)
        self._gone(f"delete the VPN gateway {ref}", "delete_vpn_gateway", VpnGatewayId=ref)

    # The connection

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
            if exc.kind not in _UNSURE or self._reader.marked(self._found.tag) is None:
                raise
        self._found.connection = self._available(doing)
        self._refs[change.after.key] = self._found.connection["VpnConnectionId"]
        ordered = self._reader.ordered(self._found.connection)
        self._addresses = {part.name: one["OutsideIpAddress"] for part, one in zip(tunnels, ordered)}
        first = [one["OutsideIpAddress"] for one in ordered if told_key(one) == self._key(tunnels[0])]
        if first:
            self._mark(self._connection_id, **{FIRST: str(first[0])})

    @property
    def _connection_id(self) -> str:
        if self._found.connection is None:
            raise ProviderError("aws", "change the VPN connection", "there is none", "not_found")
        return str(self._found.connection["VpnConnectionId"])

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

    def _update_connection(self, change: Change, _along: Sequence[Change]) -> None:
        before, after = change.before, change.after
        differing = set(before.differing(after))
        name, ref = after.name, self._connection_id
        if not before.own:
            self._mark(ref)
        if differing & {"customer gateway", "gateway"}:
            ends: dict[str, str] = {}
            if "customer gateway" in differing:
                ends["CustomerGatewayId"] = self._refs[CUSTOMER, after.settings["customer gateway"]]
            if "gateway" in differing:
                ends |= self._place(after)
            doing = f"change the ends of the VPN connection {name}"
            self._call(doing, "modify_vpn_connection", VpnConnectionId=ref, **ends)
            self._available(doing)
        if differing & {"our networks", "its networks"}:
            doing = f"change the networks of the VPN connection {name}"
            self._call(
                doing,
                "modify_vpn_connection_options",
                VpnConnectionId=ref,
                LocalIpv4NetworkCidr=after.settings["our networks"],
                RemoteIpv4NetworkCidr=after.settings["its networks"],
            )
            self._available(doing)
        if "first tunnel" in differing:
            self._mark(ref, **{FIRST: after.settings["first tunnel"]})

    def _remove_connection(self, change: Change, _along: Sequence[Change]) -> None:
        ref = change.before.ref
        doing = f"delete the VPN connection {ref}"
        self._gone(doing, "delete_vpn_connection", VpnConnectionId=ref)

        def state() -> str:
            found = [item["State"] for item in self._reader.connections() if item["VpnConnectionId"] == ref]
            return str(found[0]) if found else "deleted"

        self._waited(_DELETED).poll("aws", doing, state, lambda name: name)

    # Its tunnels

    def _update_tunnel(self, change: Change, _along: Sequence[Change]) -> None:
        name, address = change.after.name, self._addresses[change.after.name]
        self._wait_for_the_other(name, address)
        differing = change.before.differing(change.after)
        options = request({setting: change.after.settings[setting] for setting in differing})
        if KEY in differing:
            options["PreSharedKey"] = self._key(change.after)
        doing = f"change the tunnel {name}"
        self._call(
            doing,
            "modify_vpn_tunnel_options",
            VpnConnectionId=self._connection_id,
            VpnTunnelOutsideIpAddress=address,
            TunnelOptions=options,
        )
        self._available(doing)

    def _wait_for_the_other(self, name: str, address: str) -> None:
        """Wait until the other tunnel carries the traffic; a tunnel that carries none can be changed at once."""
        others = [(other, at) for other, at in self._addresses.items() if at != address]
        if not others or self._wait_up_s <= 0 or _status(self._now(), address) != "UP":
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

    # Routes

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


def _in_order(changes: Sequence[Change], down: set[str]) -> list[Change]:
    """Return the changes in their order, but of the tunnels those first that are down: they lose nothing."""
    tunnels = [one for one in changes if _kind(one) == TUNNEL and one.action == "update"]
    ordered = iter(sorted(tunnels, key=lambda one: one.after.name not in down))
    found = [next(ordered) if one in tunnels else one for one in changes]
    if any(_kind(one) == CONNECTION and one.action == "remove" for one in changes):
        # These go with it, without a call of their own.
        along = [one for one in found if _kind(one) in _GONE_WITH_CONNECTION]
        found = [one for one in found if one not in along] + along
    return found


def _kind(change: Change) -> str:
    part: Part = change.after or change.before
    return part.kind


def _status(connection: Item, address: str) -> str:
    """Return UP or DOWN, as EC2 has it of a tunnel."""
    found = [item for item in connection.get("VgwTelemetry") or () if item.get("OutsideIpAddress") == address]
    return str(found[0].get("Status")) if found else "DOWN"
