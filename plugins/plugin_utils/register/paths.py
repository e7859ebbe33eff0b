# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the accounts of a register to the paths of their packets: tunnels, routes, forward proxies, API fronts; pure.

Every function returns plain data in the spelling of the role that uses it (ipsec, vpn_proxy, api_acl).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

Machines = Mapping[str, Mapping[str, Any]]


def connections(account: Mapping[str, Any], machines: Machines) -> dict[str, dict[str, Any]]:
    """Return the account's tunnels by the host of ours that ends them; those to a cloud's gateway are not complete."""
    found: dict[str, dict[str, Any]] = {}
    for name, method in tunnels(account):
        if method.get("cloud_gateway"):
            continue
        if method["method"] == "site_to_site_vpn":
            found[method["gateway"]] = {"name": name, **_site(account, method, machines)}
        else:
            found[method["proxy_host"]] = {"name": name, **_client(account, method)}
    return found


def keys(account: Mapping[str, Any]) -> dict[str, str]:
    """Return the name in the secret store of each tunnel's pre-shared key, by connection; none of a cloud's gateway."""
    own = [(name, method) for name, method in tunnels(account) if not method.get("cloud_gateway")]
    return {name: str((method.get("peer") or method["server"])["psk"]) for name, method in own}


def withdrawn(method: Mapping[str, Any]) -> bool:
    """Return whether a method is still there only so that both ends of its tunnel are taken away."""
    return bool(method.get("cloud_gateway", {}).get("state") == "absent")


def tunnels(account: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the account's methods that need a tunnel, each with the tunnel's name: the account's where it has one."""
    own = [method for method in account["access"] if method["method"] in ("site_to_site_vpn", "ipsec_proxy")]
    suffixes = {"site_to_site_vpn": "-site", "ipsec_proxy": "-client"} if len(own) > 1 else {}
    return [(account["name"] + suffixes.get(method["method"], ""), method) for method in own]


def _site(account: Mapping[str, Any], method: Mapping[str, Any], machines: Machines) -> dict[str, Any]:
    gateway, peer = machines[method["gateway"]], method["peer"]
    servers = method["store_servers"]
    first = method["api"][0]
    return {
        "kind": "site",
        "account": account["name"],
        "local": {"address": gateway["public_address"], "inside_address": gateway["store_address"]},
        "remote": {key: peer[key] for key in ("address", "inside_address") if peer.get(key)},
        "sources": [{"name": name, "address": machines[name]["store_address"]} for name in servers],
        "targets": _targets(account["name"], method["api"]),
        "api_side": "remote",
        "selectors": method.get("selectors", "exact"),
        "probe": {"host": servers[0], "address": first["address"], "port": first["port"]},
    }


def _client(account: Mapping[str, Any], method: Mapping[str, Any]) -> dict[str, Any]:
    server, first = method["server"], method["api"][0]
    return {
        "kind": "client",
        "account": account["name"],
        # Its address may change; the server knows it by its name.
        "local": {"id": method["proxy_host"]},
        "remote": {key: server[key] for key in ("address", "inside_address") if server.get(key)},
        "pool": server["pool"],
        "targets": _targets(account["name"], method["api"]),
        "selectors": method.get("selectors", "exact"),
        "probe": {"address": first["address"], "port": first["port"]},
    }


def routes(account: Mapping[str, Any], machines: Machines) -> dict[str, list[dict[str, str]]]:
    """Return, by store server, the routes to the API endpoints by way of the store's gateway."""
    found: dict[str, list[dict[str, str]]] = {}
    for method in account["access"]:
        if method["method"] == "site_to_site_vpn":
            via = machines[method["gateway"]]["store_address"]
            hosts = dict.fromkeys(item["address"] for item in method["api"])
            for server in method["store_servers"]:
                # A list without a route takes away what was there.
                rows = [] if withdrawn(method) else [{"to": address, "via": via} for address in hosts]
                found.setdefault(server, []).extend(rows)
    return found


def probes(account: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the proxy host's timer asks for an answer: the private API, by way of the account's tunnel."""
    return [
        {"address": item["address"], "port": item["port"], "tunnel": name}
        for name, method in tunnels(account)
        if method["method"] == "ipsec_proxy"
        for item in method["api"]
    ]


def api_hosts(account: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the endpoints of an account's infrastructure API, host and port, each once."""
    pairs = [_host_port(url) for url in account.get("endpoints", {}).values()]
    pairs += [(item["address"], item["port"]) for item in account.get("api_hosts", ())]
    own = [method for method in account["access"] if not withdrawn(method)]
    pairs += [(item["address"], item["port"]) for method in own for item in method.get("api", ())]
    return [{"name": account["name"], "address": host, "port": port} for host, port in dict.fromkeys(pairs)]


def private(account: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return an account's private API endpoints as ``targets`` of access_probe: who may reach each, who refuses."""
    rows = []
    for method in account["access"]:
        if withdrawn(method):
            continue
        if method["method"] == "site_to_site_vpn":
            # A cloud's gateway lets the whole of its networks in; ours alone narrows them.
            peer = [method["peer"]["name"]] if method.get("peer") else []
            by, at, sources = "ACL on the tunnel", [method["gateway"], *peer], method["store_servers"]
        elif method["method"] == "ipsec_proxy":
            by, at, sources = "only the proxy host's tunnel leads there", [method["server"]["name"]], []
        else:
            continue
        rows += [
            {
                "subject": account["name"],
                "address": item["address"],
                "port": item["port"],
                "allowed_from": sources,
                "enforced_by": by,
                "enforced_at": ", ".join(at),
            }
            for item in method["api"]
        ]
    return rows


def fronts(account: Mapping[str, Any], machines: Machines) -> list[dict[str, Any]]:
    """Return the API fronts that the customer's staff filters, with the sources they shall let in."""
    return [
        {
            "name": method["api_front"]["name"],
            "endpoints": _targets(account["name"], method["api_front"]["api"]),
            "allowed": [
                *(
                    {"name": name, "address": machines[name]["store_address"]}
                    for name in method["api_front"].get("store_servers", ())
                ),
                *({"address": address} for address in method["api_front"].get("addresses", ())),
            ],
        }
        for method in account["access"]
        if method.get("api_front")
    ]


def unique(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items without repetitions of the same address and port, in their order."""
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for item in items:
        seen.setdefault((item.get("address"), item.get("port"), item.get("to"), item.get("via")), item)
    return list(seen.values())


def _targets(name: str, api: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "address": item["address"], "port": item["port"]} for item in api]


def _host_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 443
