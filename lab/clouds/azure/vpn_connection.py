# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site-to-site connections: what Azure takes of their policy, selectors, times and key, and what it refuses.

"About cryptographic requirements and Azure VPN gateways", "VPN Gateway FAQ", and the published ARM schema's names.
"""

from __future__ import annotations

import copy
import secrets
import string
import uuid
from typing import Any

from lab.clouds.azure.security_rule import refuse_unknown
from lab.clouds.azure.vpn_parts import Place, choice, prefixes, refuse, same
from lab.clouds.azure.wire import Json

STATUSES = ("Unknown", "Connecting", "Connected", "NotConnected")
_MODES = ("Default", "ResponderOnly", "InitiatorOnly")
#: IKE integrity of GCM is in the schema, and refused (Azure/azure-rest-api-specs issue 27628).
_POLICY = {
    "ikeEncryption": ("DES", "DES3", "AES128", "AES192", "AES256", "GCMAES256", "GCMAES128"),
    "ikeIntegrity": ("MD5", "SHA1", "SHA256", "SHA384"),
    "dhGroup": ("None", "DHGroup1", "DHGroup2", "DHGroup14", "DHGroup2048", "ECP256", "ECP384", "DHGroup24"),
    "ipsecEncryption": ("None", "DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES192", "GCMAES256"),
    "ipsecIntegrity": ("MD5", "SHA1", "SHA256", "GCMAES128", "GCMAES192", "GCMAES256"),
    "pfsGroup": ("None", "PFS1", "PFS2", "PFS2048", "ECP256", "ECP384", "PFS24", "PFS14", "PFSMM"),
}
_LIFETIMES = {"saLifeTimeSeconds": (300, 172_799), "saDataSizeKilobytes": (1024, 2_147_483_647)}
_DPD = (9, 3600)
_KEY_CHARS = set(string.ascii_letters + string.digits + string.punctuation) - set("-~")
_KNOWN = {
    "connectionType",
    "connectionProtocol",
    "connectionMode",
    "virtualNetworkGateway1",
    "localNetworkGateway2",
    "routingWeight",
    "sharedKey",
    "enableBgp",
    "ipsecPolicies",
    "trafficSelectorPolicies",
    "usePolicyBasedTrafficSelectors",
    "dpdTimeoutSeconds",
    "useLocalAzureIpAddress",
    "authenticationType",
    # What the service tells and takes back without looking at it.
    "connectionStatus",
    "ingressBytesTransferred",
    "egressBytesTransferred",
    "tunnelConnectionStatus",
    "provisioningState",
    "resourceGuid",
}


def connection(place: Place, body: Json, old: Json | None) -> Json:
    """The properties of a connection; its key is kept apart, since reads of the connection do not tell it."""
    given = body.get("properties") or {}
    refuse_unknown(given, _KNOWN, "VirtualNetworkGatewayConnectionPropertiesFormat")
    choice(given, "connectionType", ("IPsec",))
    gateway = place.refer(given.get("virtualNetworkGateway1"), "virtualNetworkGateways")
    peer = place.refer(given.get("localNetworkGateway2"), "localNetworkGateways")
    for other in (gateway, peer):
        if other["location"] != body["location"]:
            refuse("InvalidResourceReference", f"{other['id']} is in {other['location']}, {place.path} is not.")
    protocol = choice(given, "connectionProtocol", ("IKEv2", "IKEv1"), "IKEv2")
    _refuse_change(place, old, protocol, gateway)
    policies = [_policy(item) for item in given.get("ipsecPolicies") or []]
    selecting = bool(given.get("usePolicyBasedTrafficSelectors", False))
    _refuse_for_gateway(place, gateway, policies, selecting)
    made: Json = {
        "connectionType": "IPsec",
        "connectionProtocol": protocol,
        "connectionMode": choice(given, "connectionMode", _MODES, "Default"),
        "virtualNetworkGateway1": {"id": gateway["id"], "properties": {}},
        "localNetworkGateway2": {"id": peer["id"], "properties": {}},
        "routingWeight": int(given.get("routingWeight") or 0),
        "enableBgp": bool(given.get("enableBgp", False)),
        "usePolicyBasedTrafficSelectors": selecting,
        "ipsecPolicies": policies,
        "trafficSelectorPolicies": [_selectors(item) for item in given.get("trafficSelectorPolicies") or []],
        "dpdTimeoutSeconds": _number(given.get("dpdTimeoutSeconds") or 45, "dpdTimeoutSeconds", _DPD),
    }
    return {**made, **_kept(place, given, old, made)}


def _kept(place: Place, given: Json, old: Json | None, made: Json) -> Json:
    """Store the key, and return what goes on from the old connection; any change starts the tunnel anew."""
    name = place.path.rpartition("/")[2].lower()
    key = given.get("sharedKey")
    if key is not None:
        check_key(str(key))
    before = place.group.shared_keys.get(name) if old else None
    # Azure makes a key where none is given ("VPN Gateway FAQ").
    place.group.shared_keys[name] = str(key) if key is not None else before or secrets.token_hex(16)
    was = old["properties"] if old else {}
    changed = any(was.get(field) != value for field, value in made.items())
    running = was and not changed and place.group.shared_keys[name] == before
    return {
        "connectionStatus": was["connectionStatus"] if running else ("Connecting" if old else "Unknown"),
        "ingressBytesTransferred": was.get("ingressBytesTransferred", 0),
        "egressBytesTransferred": was.get("egressBytesTransferred", 0),
        "resourceGuid": was.get("resourceGuid") or str(uuid.uuid4()),
    }


def restart(resource: Json) -> None:
    """A new key starts the tunnel anew. The connection's own version stays: the key is a resource beside it."""
    resource["properties"]["connectionStatus"] = "Connecting"


def listed(resource: Json) -> Json:
    """A connection as lists show it: without its state."""
    found = copy.deepcopy(resource)
    for field in ("connectionStatus", "ingressBytesTransferred", "egressBytesTransferred"):
        del found["properties"][field]
    return found


def keep(place: Place, resource: Json) -> None:
    """A connection can always be deleted; its key goes with it."""
    place.group.shared_keys.pop(str(resource["name"]).lower(), None)


def check_key(key: str) -> str:
    """A shared key as Azure takes it; the refusal does not repeat it."""
    if not 1 <= len(key) <= 128 or not set(key) <= _KEY_CHARS:
        refuse(
            "InvalidSharedKey",
            "The shared key is not valid: 1 to 128 printable ASCII characters except space, hyphen and tilde.",
        )
    return key


def _refuse_change(place: Place, old: Json | None, protocol: str, gateway: Json) -> None:
    if old is None:
        return
    was = old["properties"]
    if was["connectionProtocol"] != protocol:
        refuse("ConnectionProtocolCannotBeChanged", f"The protocol of {place.path} cannot be changed.")
    if not same(was["virtualNetworkGateway1"]["id"], gateway["id"]):
        refuse("VirtualNetworkGatewayCannotBeChanged", f"The gateway of {place.path} cannot be changed.")


def _refuse_for_gateway(place: Place, gateway: Json, policies: list[Json], selecting: bool) -> None:
    properties = gateway["properties"]
    if properties["gatewayType"] != "Vpn":
        refuse("InvalidGatewayType", f"{place.path}: an IPsec connection needs a gateway of the type Vpn.")
    if len(policies) > 1:
        refuse("TooManyIpsecPolicies", f"{place.path}: a connection takes one IPsec policy.")
    if policies and (properties["sku"]["name"] == "Basic" or properties["vpnType"] != "RouteBased"):
        text = "IPsec policies need a route-based gateway of another SKU than Basic."
        refuse("IpsecPoliciesNotSupported", f"{place.path}: {text}")
    if selecting and not policies:
        text = "policy-based traffic selectors need an IPsec policy."
        refuse("PolicyBasedTrafficSelectorsNeedIpsecPolicy", f"{place.path}: {text}")


def _policy(given: Json) -> Json:
    """One policy, which is whole or refused: a partial one is not allowed."""
    refuse_unknown(given, {*_POLICY, *_LIFETIMES}, "IpsecPolicy")
    for field in (*_POLICY, *_LIFETIMES):
        if given.get(field) in (None, ""):
            refuse("InvalidIpsecPolicy", f"{field} is missing: all parameters of an IPsec policy must be specified.")
    made: Json = {field: choice(given, field, choices) for field, choices in _POLICY.items()}
    made |= {field: _number(given[field], field, limits) for field, limits in _LIFETIMES.items()}
    encryption, integrity = made["ipsecEncryption"], made["ipsecIntegrity"]
    if "GCM" in encryption + integrity and encryption != integrity:
        text = "GCMAES for IPsec encryption needs the same algorithm and key length for IPsec integrity"
        refuse("InvalidIpsecPolicy", f"{text}: {encryption}, {integrity}.")
    return made


def _selectors(given: Json) -> Json:
    fields = ("localAddressRanges", "remoteAddressRanges")
    refuse_unknown(given, set(fields), "TrafficSelectorPolicy")
    made = {field: prefixes(given.get(field), field) for field in fields}
    if not all(made.values()):
        refuse("InvalidTrafficSelectorPolicy", "A traffic selector policy needs local and remote address ranges.")
    return made


def _number(value: Any, field: str, limits: tuple[int, int]) -> int:
    least, most = limits
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        refuse("InvalidRequestFormat", f"{field} has to be a whole number from {least} to {most}, not {value}.")
    return int(value)
