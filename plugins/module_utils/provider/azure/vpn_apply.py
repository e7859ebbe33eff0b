# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes and removes a connection, the local network gateway that it leads to, and the gateway of a network.

Each is one resource that is written as a whole, bound to the version that was read: what others changed in between is
read again and kept, and what others made in between is not overwritten. The mark goes in the same write.
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
from ..again import RACES
from .session import AzureSession
from .vpn_home import gateway_properties
from .vpn_read import (
    CONNECTION,
    GATEWAY,
    LOCAL,
    PROVISIONING,
    PUBLIC_IP,
    QUERY,
    Found,
    Reader,
    Resource,
    gave_up,
    tag_of,
    users_of,
)
from .vpn_terms import KEY, request

#: "Create a VPN gateway": 45 minutes and more, depending on the SKU.
_GATEWAY = Wait(frozenset({"Succeeded"}), frozenset({"Failed", "Canceled"}), every_s=30, at_most_s=5400)
_PUBLIC_IP = {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"}
#: What a body has beside its properties, and a write would take away.
_OUTSIDE = ("sku", "zones", "extendedLocation")
#: What Resource Manager says about a resource and does not take back.
_READ_ONLY = frozenset(
    {
        "provisioningState",
        "resourceGuid",
        "connectionStatus",
        "ingressBytesTransferred",
        "egressBytesTransferred",
        "tunnelConnectionStatus",
    }
)


class Writer:
    """Applies one plan; ``keys`` are the pre-shared keys."""

    def __init__(self, session: AzureSession, store: str, reader: Reader, state: VpnState, keys: Sequence[str]) -> None:
        self._session, self._store, self._reader = session, store, reader
        self._found: Found = state.extra
        self._addresses = [str(one["id"]) for one in self._found.addresses]
        self._keys = {fingerprint(key): key for key in keys}

    def apply(self, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes and yield each one that has taken effect."""
        handlers: Mapping[str, Callable[[Change], None]] = {
            PUBLIC_IP: self._write_public_ip,
            GATEWAY: self._write_gateway,
            LOCAL: self._write_local,
            CONNECTION: self._write_connection,
        }
        for change in changes:
            part: Part = change.after or change.before
            if change.action != "remove":
                handlers[part.kind](change)
            elif part.kind in (PUBLIC_IP, GATEWAY):
                self._leave(part)
            else:
                self._delete(part, self._found.local_path if part.kind == LOCAL else self._found.connection_path)
            yield change

    def _write_public_ip(self, change: Change) -> None:
        part: Part = change.after
        if change.before is not None:
            self._join(change)
            return
        path = f"{self._found.group_path}/publicIPAddresses/{part.name}"
        self._write(part, path, None, lambda _part: _PUBLIC_IP, {"sku": {"name": "Standard", "tier": "Regional"}})
        self._addresses.append(path)

    def _write_gateway(self, change: Change) -> None:
        part: Part = change.after
        path = self._found.gateway_path
        if change.before is not None:
            self._join(change)
        else:
            self._write(part, path, None, lambda one: gateway_properties(self._found, one, self._addresses[0]))
        self._found.gateway = self._reader.resource(f"the {part.kind} {part.name}", path)

    def _join(self, change: Change) -> None:
        """Put this gateway's mark on what is shared; what Azure gave up to make is written again as it is, marked."""
        before: Part = change.before
        if PROVISIONING not in change.after.settings:
            self._mark(before, marked=True)
            return
        now = next(one for one in (*self._found.addresses, self._found.gateway) if one and one["id"] == before.ref)
        outside = {key: now[key] for key in _OUTSIDE if key in now}
        self._write(change.after, before.ref, now, lambda _part: {}, outside)

    def _write_local(self, change: Change) -> None:
        self._write(change.after, self._found.local_path, self._found.local, _local)

    def _write_connection(self, change: Change) -> None:
        """Write the connection and set its key.

        A new connection takes the key with it. That of one that is there has a call of its own, which is the one that
        Azure describes for it ("Set Shared Key"); where nothing else differs it is the only one.
        """
        before, after = change.before, change.after
        differing = set(before.differing(after)) if before else set()
        self._wait_for_gateway()
        if before is None or not before.own or differing - {KEY}:
            self._write(after, self._found.connection_path, self._found.connection, self._connection)
        if KEY in differing:
            doing = f"set the key of the connection {after.name}"
            body = {"value": self._keys[after.settings[KEY]]}
            path = f"{self._found.connection_path}/sharedkey"
            self._session.finish(doing, self._session.send(doing, "PUT", "arm", path, body, QUERY))

    def _connection(self, part: Part) -> dict[str, Any]:
        return {
            **request(part.settings),
            "virtualNetworkGateway1": {"id": self._found.gateway_path, "properties": {}},
            "localNetworkGateway2": {"id": self._found.local_path, "properties": {}},
            "enableBgp": part.settings["bgp"],
            "sharedKey": self._keys[part.settings[KEY]],
        }

    def _wait_for_gateway(self) -> None:
        """Wait for a gateway that is still being made, be it by a run that gave up or by somebody else."""
        gateway = self._found.gateway
        if gateway is not None and gateway["properties"].get("provisioningState") == "Updating":
            self._ready(f"the gateway {self._found.gateway_name}", self._found.gateway_path)

    def _ready(self, words: str, path: str) -> None:
        """Wait until Azure has made a resource."""

        def state(resource: Resource | None) -> str:
            return str(resource["properties"].get("provisioningState")) if resource else "gone"

        wait = dataclasses.replace(_GATEWAY, sleep=self._session.access.retry.sleep)
        wait.poll("azure", f"see {words} ready", lambda: self._reader.resource(words, path), state)

    def _write(
        self,
        part: Part,
        path: str,
        now: Resource | None,
        properties: Callable[[Part], Mapping[str, Any]],
        outside: Mapping[str, Any] | None = None,
    ) -> None:
        """Put a resource over the one that was read, or where none was; read again where that is no longer so."""
        doing = f"write the {part.kind} {part.name}"
        for number in range(1, RACES + 1):
            headers = {"If-Match": str(now["etag"])} if now else {"If-None-Match": "*"}
            try:
                body = {**self._body(now, properties(part)), **(outside or {})}
                answer = self._session.send(doing, "PUT", "arm", path, body, QUERY, headers)
                self._session.finish(doing, answer, _GATEWAY.at_most_s)
                return
            except ProviderError as exc:
                if exc.kind != "conflict" or number == RACES:
                    raise
                there = self._reader.resource(f"the {part.kind} {part.name}", path)
                if now is not None and there is not None and there["etag"] == now["etag"]:
                    raise
                if now is None and there is not None:
                    # Made since it was read: by a call of ours whose answer was lost, or by somebody else.
                    if self._found.name not in users_of(there, self._store):
                        raise
                    if not gave_up(there):
                        self._ready(f"the {part.kind} {part.name}", path)
                        return
                now = there

    def _body(self, now: Resource | None, properties: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in now["properties"].items() if key not in _READ_ONLY} if now else {}
        return {
            "location": now["location"] if now else self._found.home["location"],
            "tags": self._tags(now, marked=True),
            "properties": {**kept, **properties},
        }

    def _tags(self, now: Resource | None, marked: bool) -> dict[str, str]:
        """Return a resource's tags with or without this gateway's mark."""
        tag = tag_of(self._store, self._found.name)
        kept = {key: value for key, value in ((now or {}).get("tags") or {}).items() if key.lower() != tag}
        return {**kept, **({tag: ""} if marked else {})}

    def _delete(self, part: Part, path: str) -> None:
        """Delete a resource; one that is gone already has been deleted."""
        doing = f"delete the {part.kind} {part.name}"
        try:
            answer = self._session.send(doing, "DELETE", "arm", path, query=QUERY)
            self._session.finish(doing, answer, _GATEWAY.at_most_s)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise

    def _leave(self, part: Part) -> None:
        """Take what is shared away when nobody uses it any more, and else this gateway's mark off it."""
        if part.kind == GATEWAY and not self._used_by_others(part):
            self._delete(part, part.ref)
            self._found.gateway = None
        elif part.kind == PUBLIC_IP and self._found.gateway is None and self._alone(part):
            self._delete(part, part.ref)
        else:
            self._mark(part, marked=False)

    def _alone(self, part: Part) -> bool:
        return not set(part.settings.get("users", ())) - {self._found.name}

    def _used_by_others(self, part: Part) -> bool:
        """Return whether another gateway of this store, or anybody's connection or client, needs the gateway.

        The gateway's own list has the connections of all resource groups, at whichever of their ends it is.
        """
        if not self._alone(part):
            return True
        gateway = self._reader.resource(f"the gateway {part.name}", part.ref)
        if gateway is None:
            return False
        doing = f"read the connections of the gateway {part.name}"
        connections = self._session.pages(doing, "arm", f"{part.ref}/connections", QUERY)
        return _has_clients(gateway) or next(iter(connections), None) is not None

    def _mark(self, part: Part, marked: bool) -> None:
        """Put this gateway's mark on what is shared, or take it off, by the call that changes tags alone."""
        now = self._reader.resource(f"the {part.kind} {part.name}", part.ref)
        doing = f"{'mark' if marked else 'take the mark off'} the {part.kind} {part.name}"
        body = {"tags": self._tags(now, marked)}
        self._session.finish(doing, self._session.send(doing, "PATCH", "arm", part.ref, body, QUERY))


def _local(part: Part) -> dict[str, Any]:
    return {
        "gatewayIpAddress": part.settings["address"],
        "localNetworkAddressSpace": {"addressPrefixes": list(part.settings["networks"])},
    }


def _has_clients(gateway: Resource) -> bool:
    """Return whether clients connect to a gateway (point-to-site); none does without a pool of addresses for them.

    Azure may tell an empty configuration of a gateway that was never given one.
    """
    told = gateway["properties"].get("vpnClientConfiguration") or {}
    pool = (told.get("vpnClientAddressPool") or {}).get("addressPrefixes")
    return bool(pool or told.get("vngClientConnectionConfigurations"))
