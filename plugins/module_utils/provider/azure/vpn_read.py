# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the cloud's end of a tunnel in Azure: the gateway, its addresses, the connection with its key, and our end.

Connection and local network gateway bear the gateway's name and are in the resource group of the virtual network
gateway, or of the virtual network where that has none yet. Mark: what this store made bears the tag
``svcstore:<store>:<gateway>``; names of tags have no case in Azure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.scope import Scope
from ...model.vpn_gateway import TunnelEnd, tunnel_names
from ...model.vpn_plan import Part, VpnState
from ..vpn_key import told_fingerprint
from .resource import VIRTUAL_NETWORK, VIRTUAL_NETWORK_GATEWAY, Place, key_of
from .session import NETWORK_VERSION, AzureSession
from .vpn_terms import KEY, accepts, told_settings

Resource = Mapping[str, Any]
KINDS = {"virtual_network_gateway": VIRTUAL_NETWORK_GATEWAY, "virtual_network": VIRTUAL_NETWORK}
PUBLIC_IP, GATEWAY, LOCAL, CONNECTION = (
    "public IP address",
    "virtual network gateway",
    "local network gateway",
    "connection",
)
SKU = "sku"
PROVISIONING = "provisioning"
QUERY = {"api-version": NETWORK_VERSION}
_STATUS = {"Connected": "up", "Connecting": "down", "NotConnected": "down"}


@dataclass
class Found:
    """What was read, for those who plan and apply; ``home`` is the scope's own resource, gateway or network.

    ``addresses`` are the gateway's public IP addresses, or those that a run that was killed made for one.
    """

    name: str
    place: Place
    home: Resource
    gateway: Resource | None = None
    addresses: Sequence[Resource] = ()
    local: Resource | None = None
    connection: Resource | None = None
    key: str = field(default="", repr=False)

    @property
    def network(self) -> Resource | None:
        """Return the virtual network, where that is the scope."""
        return self.home if self.place.type is VIRTUAL_NETWORK else None

    @property
    def gateway_name(self) -> str:
        """Return the name of the gateway that is there, or will be."""
        return str(self.gateway["name"]) if self.gateway else self.name

    @property
    def gateway_path(self) -> str:
        """Return the path of the gateway that is there, or will be."""
        return str(self.gateway["id"]) if self.gateway else f"{self.group_path}/virtualNetworkGateways/{self.name}"

    @property
    def group_path(self) -> str:
        """Return the path of the resources of Microsoft.Network beside the gateway."""
        return str(self.gateway["id"] if self.gateway else self.place.path).rsplit("/", 2)[0]

    @property
    def local_path(self) -> str:
        """Return the path of the local network gateway."""
        return f"{self.group_path}/localNetworkGateways/{self.name}"

    @property
    def connection_path(self) -> str:
        """Return the path of the connection."""
        return f"{self.group_path}/connections/{self.name}"


def tag_of(store: str, name: str) -> str:
    """Return the name of the tag that marks a gateway's own resources; it has an empty value."""
    return f"{mark.PREFIX}{store}:{name}"


def users_of(resource: Resource, store: str) -> tuple[str, ...]:
    """Return the gateways of this store that a resource's marks name."""
    start = tag_of(store, "").lower()
    return tuple(
        sorted(key[len(start) :] for key in map(str.lower, resource.get("tags") or ()) if key.startswith(start))
    )


class Reader:
    """Reads one gateway by its name; ``hide`` is given the key that Azure tells.

    ``needs_key``: a run that compares keys has to know the one that Azure has; others go on without the right to it.
    """

    def __init__(self, session: AzureSession, store: str, hide: Callable[..., None], needs_key: bool) -> None:
        self._session, self._store, self._hide = session, store, hide
        self._needs_key = needs_key

    def read(self, name: str, scope: Scope) -> VpnState:
        """Return what there is; raises ProviderError (not_found) for an unknown scope."""
        place = Place.of(scope, KINDS[scope.kind], self._session.subscription_id)
        home = self.resource(f"the {place.type.words} {place.group}/{place.name}", place.path)
        if home is None:
            raise ProviderError("azure", f"read {scope}", f"there is no such {place.type.words}", "not_found")
        found = Found(name, place, home)
        found.gateway = home if found.network is None else self._gateway_of(home)
        found.addresses = tuple(self._addresses(found))
        found.local = self.resource(f"the local network gateway {name}", found.local_path)
        found.connection = self.resource(f"the connection {name}", found.connection_path)
        if found.connection is not None:
            found.key = self._key(found)
        return self._state(found)

    def resource(self, words: str, path: str) -> Resource | None:
        """Return a resource; None where there is none."""
        try:
            body: Resource = self._session.send(f"read {words}", "GET", "arm", path, query=QUERY).body
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise
            return None
        # Azure may tell the key here as well, depending on the version.
        self._hide(*(body.get("properties", {}).get(name) or "" for name in ("sharedKey", "authorizationKey")))
        return body

    def _gateway_of(self, network: Resource) -> Resource | None:
        """Return the VPN gateway of a network; another of ExpressRoute may be beside it."""
        subnet = gateway_subnet(network) or {"properties": {}}
        entries = [str(entry["id"]) for entry in subnet["properties"].get("ipConfigurations") or ()]
        for path in dict.fromkeys(entry.rpartition("/ipConfigurations/")[0] for entry in entries):
            gateway = self.resource(f"the gateway of the network {network['name']}", path)
            if gateway is not None and gateway["properties"].get("gatewayType") == "Vpn":
                return gateway
        return None

    def _addresses(self, found: Found) -> Iterator[Resource]:
        """Yield the gateway's public addresses: one, or two of an active-active gateway.

        Without a gateway, those with this gateway's mark: a run was killed before it made it, or after it removed it.
        """
        if found.gateway is None:
            doing = f"read the public IP addresses of resource group {found.place.group}"
            for one in self._session.pages(doing, "arm", f"{found.group_path}/publicIPAddresses", QUERY):
                if found.name in users_of(one, self._store):
                    yield one
            return
        for entry in found.gateway["properties"].get("ipConfigurations") or ():
            reference = str((entry["properties"].get("publicIPAddress") or {}).get("id") or "")
            held = self.resource(f"the public IP address of {found.gateway['name']}", reference) if reference else None
            if held is not None:
                yield held

    def _key(self, found: Found) -> str:
        doing = f"read the key of the connection {found.name}"
        try:
            body = self._session.send(doing, "GET", "arm", f"{found.connection_path}/sharedkey", query=QUERY).body
        except ProviderError as exc:
            if exc.kind != "no_permission" or self._needs_key:
                raise
            return ""
        key = str(body.get("value") or "")
        self._hide(key)
        return key

    def _state(self, found: Found) -> VpnState:
        connection = found.connection
        # A connection of that name at another gateway is somebody else's business, and so is what it uses.
        elsewhere = connection is not None and not _is(
            connection["properties"].get("virtualNetworkGateway1"), found.gateway_path
        )
        parts = [*self._home_parts(found)]
        names: tuple[str, ...] = ()
        ends: tuple[TunnelEnd, ...] = ()
        if connection is not None and not elsewhere:
            ends = _ends(found, connection)
            names = tuple(end.name for end in ends)
        if found.local is not None:
            own = not elsewhere and found.name in users_of(found.local, self._store)
            parts.append(_local_part(found.name, found.local, own, names))
        if connection is not None:
            own = not elsewhere and found.name in users_of(connection, self._store)
            parts.append(_connection_part(found, connection, own, names))
        return VpnState(str(connection["id"]) if connection else "", tuple(parts), ends, found)

    def _home_parts(self, found: Found) -> Iterator[Part]:
        """Yield a network's gateway and its addresses; a gateway that is the scope itself is no part."""
        if found.network is None:
            return
        for kind, resource in (
            *((PUBLIC_IP, one) for one in found.addresses),
            *((GATEWAY, one) for one in (found.gateway,) if one is not None),
        ):
            users = users_of(resource, self._store)
            settings: dict[str, Any] = {"users": users} if users else {}
            if users:
                settings |= _provisioning(resource)
            if kind == GATEWAY:
                settings[SKU] = str((resource["properties"].get("sku") or {}).get("name") or "")
            yield Part(kind, str(resource["name"]), settings, str(resource["id"]), found.name in users)


def gateway_subnet(network: Resource) -> Resource | None:
    """Return the subnet that Azure keeps for gateways, by its fixed name."""
    subnets = network["properties"].get("subnets") or ()
    return next((one for one in subnets if str(one["name"]).lower() == "gatewaysubnet"), None)


def gave_up(resource: Resource) -> bool:
    """Return whether Azure gave up to make or to change a resource; it does not go on by itself."""
    return resource["properties"].get("provisioningState") in ("Failed", "Canceled")


def _provisioning(resource: Resource) -> dict[str, str]:
    """Return the setting by which a resource that Azure gave up to make differs, so that it is written again."""
    return {PROVISIONING: str(resource["properties"]["provisioningState"])} if gave_up(resource) else {}


def mended(state: VpnState, kind: str, name: str) -> dict[str, str]:
    """Return what a part that Azure gave up to make has to become."""
    now = state.part(kind, name)
    return {PROVISIONING: "Succeeded"} if now and PROVISIONING in now.settings else {}


def _local_part(name: str, resource: Resource, own: bool, tunnels: tuple[str, ...]) -> Part:
    properties = resource["properties"]
    settings = {
        "address": str(properties.get("gatewayIpAddress") or properties.get("fqdn") or ""),
        "networks": tuple(sorted((properties.get("localNetworkAddressSpace") or {}).get("addressPrefixes") or ())),
        **_provisioning(resource),
    }
    return Part(LOCAL, name, settings, resource["id"], own, tunnels)


def _connection_part(found: Found, connection: Resource, own: bool, tunnels: tuple[str, ...]) -> Part:
    properties = connection["properties"]
    settings = {
        **told_settings(properties),
        "gateway": _shown(properties.get("virtualNetworkGateway1")),
        "local network gateway": _shown(properties.get("localNetworkGateway2")),
        "bgp": bool(properties.get("enableBgp")),
        **_provisioning(connection),
    }
    if found.key:
        settings[KEY] = told_fingerprint(found.key)
    return Part(CONNECTION, found.name, settings, connection["id"], own, tunnels)


def _ends(found: Found, connection: Resource) -> tuple[TunnelEnd, ...]:
    properties = connection["properties"]
    told = str(properties.get("connectionStatus") or "Unknown")
    addresses = [str(one["properties"].get("ipAddress") or "") for one in found.addresses]
    moved = f"{properties.get('ingressBytesTransferred', 0)} B in, {properties.get('egressBytesTransferred', 0)} B out"
    return tuple(
        TunnelEnd(
            called,
            address,
            address,
            "",
            _STATUS.get(told, "unknown"),
            f"{told}, {moved}",
            accepts(properties),
            told_fingerprint(found.key) if found.key else "",
        )
        for called, address in zip(tunnel_names(found.name, len(addresses)), addresses)
    )


def place_name(resource_id: str) -> str:
    """Return a resource's group and name, in lower case as Azure compares them."""
    return "/".join(key_of(resource_id)[1:])


def _shown(reference: Any) -> str:
    return place_name(str((reference or {}).get("id") or ""))


def _is(reference: Any, resource_id: str) -> bool:
    return key_of(str((reference or {}).get("id") or "")) == key_of(resource_id)
