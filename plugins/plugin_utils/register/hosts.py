# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a register to inventory hosts, groups and variables; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import paths
from .cloud_ends import CloudEnd, cloud_ends
from .cloud_refuse import refuse, refuse_either, refuse_together
from .errors import RegisterError
from .load import Document, Register
from .needs import needs_of
from .recipient import recipient_of
from .resolver import DEFAULT_PROXY_PORT, Resolver
from .rotators import rotated_by, rotators_of

#: Lists of the operator's file, and the group that each becomes.
HOST_GROUPS = {
    "store_servers": "store_servers",
    "gateways": "store_gateways",
    "proxy_hosts": "proxy_hosts",
    "app_hosts": "app_hosts",
    "probes": "probe_hosts",
}


@dataclass
class Host:
    """One inventory host: its variables and its groups."""

    name: str
    variables: dict[str, Any]
    groups: list[str]


@dataclass
class Inventory:
    """Everything the register says, as Ansible wants it."""

    hosts: list[Host] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)


def inventory_of(register: Register) -> Inventory:
    """Return the hosts of a register; raises RegisterError for a name that is used twice or names nothing."""
    operator = register.operator.content["service_store"]
    inventory = Inventory(variables={"service_store_name": operator["name"], **operator.get("vars", {})})
    machines = _machines(register.operator, inventory)
    inventory.variables["service_store_controllers"] = [
        {"name": f"controller-{number}", "address": address}
        for number, address in enumerate(operator.get("controllers", ()), start=1)
    ]
    inventory.variables["service_store_address_echo"] = operator.get("address_echo", {})
    inventory.variables["service_store_register_dir"] = str(Path(register.operator.path).parent)
    inventory.variables["service_store_roles"] = operator.get("roles", {})
    taken = {host.name: register.operator.path for host in inventory.hosts}
    own = {host.name: host for host in inventory.hosts}
    clouds: list[tuple[Document, list[str | int], CloudEnd]] = []
    for document in register.customers:
        for index, account in enumerate(document.content["cloud_accounts"]):
            where: list[str | int] = ["cloud_accounts", index]
            if account["name"] in taken:
                other = taken[account["name"]]
                text = f"the name {account['name']} is already used in {other}; names are inventory hosts"
                raise RegisterError(document.path, document.line([*where, "name"]), text)
            taken[account["name"]] = document.path
            inventory.hosts.append(_account(document, where, account, machines))
            _lead_through(account, machines, own)
            clouds += [(document, where, end) for end in cloud_ends(account, machines)]
    _lead_to_clouds(clouds, own, inventory)
    _lead_to_echo(register.operator, inventory)
    accounts = [account for document in register.customers for account in document.content["cloud_accounts"]]
    inventory.variables["service_store_private_targets"] = [row for item in accounts for row in paths.private(item)]
    egresses = dict.fromkeys(item["egress"] for item in accounts if item.get("egress"))
    inventory.variables["service_store_egress_proofs"] = [_misuse(own[name]) for name in egresses]
    kept, rotated = rotators_of(register.customers), rotated_by(register.customers)
    for host in inventory.hosts:
        if "cloud_accounts" in host.groups:
            host.variables["service_store_rotators_kept"] = kept.get(host.name, [])
            host.variables["service_store_rotates"] = rotated.get(host.variables["service_store_credential"], [])
    return inventory


def _misuse(egress: Host) -> dict[str, Any]:
    """Return, as one of access_probe's ``targets``, what nobody but a controller may do with an egress."""
    target = egress.variables["service_store_egress_targets"][0]
    address = egress.variables["service_store_store_address"] or egress.variables["ansible_host"]
    return {
        "address": target["address"],
        "port": target["port"],
        "proxy": f"http://{address}:{egress.variables['service_store_proxy_port']}",
        "allowed_from": [],
        # Once is too often: nothing has to spread before it is refused.
        "within_s": 0,
        "what": f"use the egress {egress.name}",
        "enforced_by": "forward proxy, sources",
        "enforced_at": egress.name,
    }


def _lead_through(account: Mapping[str, Any], machines: paths.Machines, own: Mapping[str, Host]) -> None:
    """Give the operator's hosts what the account needs of them: tunnels, keys, routes, and a proxy's targets."""
    for name, connection in paths.connections(account, machines).items():
        own[name].variables.setdefault("service_store_ipsec_connections", []).append(connection)
        key = paths.keys(account)[connection["name"]]
        own[name].variables.setdefault("service_store_ipsec_keys", {})[connection["name"]] = key
    for name, routes in paths.routes(account, machines).items():
        known = own[name].variables.get("service_store_ipsec_routes", [])
        own[name].variables["service_store_ipsec_routes"] = paths.unique([*known, *routes])
    if account.get("egress"):
        known = own[account["egress"]].variables.get("service_store_egress_targets", [])
        own[account["egress"]].variables["service_store_egress_targets"] = paths.unique(
            [*known, *paths.api_hosts(account)]
        )
        own[account["egress"]].variables.setdefault("service_store_egress_probes", []).extend(paths.probes(account))


def _lead_to_clouds(
    clouds: list[tuple[Document, list[str | int], CloudEnd]], own: Mapping[str, Host], inventory: Inventory
) -> None:
    """Give our gateways what they must know of the clouds' own, and the accounts the keys that go with those."""
    others = {name: host.variables.get("service_store_ipsec_connections", ()) for name, host in own.items()}
    refuse_together(clouds, others)
    accounts = {host.name: host.variables for host in inventory.hosts if "cloud_accounts" in host.groups}
    used = {key for _doc, _at, end in clouds if not end.absent for key in end.keys.values()}
    used |= {key for variables in accounts.values() for key in variables["service_store_tunnel_keys"].values()}
    for _document, _where, end in clouds:
        own[end.host].variables.setdefault("service_store_ipsec_cloud", []).append(end.at_our_end())
        if end.absent:
            gone = [key for key in dict.fromkeys(end.keys.values()) if key not in used]
            for row in accounts[end.account]["service_store_vpn_gone"]:
                row["keys"] += gone if row["name"] == end.name else []


def _machines(document: Document, inventory: Inventory) -> dict[str, dict[str, Any]]:
    """Add the operator's own hosts; return them by name."""
    machines: dict[str, dict[str, Any]] = {}
    for part, group in HOST_GROUPS.items():
        for index, raw in enumerate(document.content["service_store"].get(part, ())):
            if raw["name"] in machines:
                line = document.line(["service_store", part, index, "name"])
                raise RegisterError(
                    document.path, line, f"the name {raw['name']} stands twice; names are inventory hosts"
                )
            machines[raw["name"]] = raw
            variables = {
                "ansible_host": raw["host"],
                "service_store_public_address": raw.get("public_address", ""),
                "service_store_store_address": raw.get("store_address", ""),
                "service_store_proxy_port": raw.get("proxy_port", DEFAULT_PROXY_PORT),
                **_moving(document, [part, index], raw),
                **({"service_store_account_name": raw["account"]} if raw.get("account") else {}),
                **raw.get("vars", {}),
            }
            inventory.hosts.append(Host(raw["name"], variables, [group]))
    return machines


def _lead_to_echo(document: Document, inventory: Inventory) -> None:
    """Let every forward proxy through to the server that tells from which address it is asked."""
    url = inventory.variables["service_store_address_echo"].get("url", "")
    if not url:
        return
    try:
        at = urlsplit(url)
        echo = {"name": "address-echo", "address": at.hostname, "port": at.port or 443}
    except ValueError:
        line = document.line(["service_store", "address_echo", "url"])
        raise RegisterError(document.path, line, f"{url} is no URL; write it as https://ip.example.net:8443/") from None
    for host in inventory.hosts:
        if "service_store_egress_targets" in host.variables:
            targets = [*host.variables["service_store_egress_targets"], echo]
            host.variables["service_store_egress_targets"] = paths.unique(targets)


def _moving(document: Document, place: list[str | int], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the addresses from which a host moves away, and its present one, in their one spelling."""
    if not raw.get("moving_from"):
        return {}
    line = document.line(["service_store", *place, "moving_from"])
    if not raw.get("public_address"):
        text = f"{raw['name']} moves to no address; add its new public_address, or take moving_from out"
        raise RegisterError(document.path, line, text)
    now, *former = (
        _spelled(document, line, raw["name"], text) for text in (raw["public_address"], *raw["moving_from"])
    )
    if now in former:
        text = f"{raw['name']} cannot move from {now}, which is its public_address; name the one before"
        raise RegisterError(document.path, line, text)
    return {"service_store_moving_from": list(dict.fromkeys(former)), "service_store_moving_to": now}


def _spelled(document: Document, line: int, name: str, value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        text = f"{name} moves, and {value} is no address; write one as 198.51.100.11 or 2001:db8::11"
        raise RegisterError(document.path, line, text) from None


def _account(
    document: Document, where: list[str | int], account: Mapping[str, Any], machines: Mapping[str, Any]
) -> Host:
    """Return one cloud account as an inventory host."""
    resolver = Resolver(document, where, machines)
    methods = [method["method"] for method in account["access"]]
    rotation = account.get("rotation", {})
    variables: dict[str, Any] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "service_store_customer": document.content["customer"],
        "service_store_register_file": document.path,
        "service_store_provider": account["provider"],
        "service_store_credential": account["credential"],
        "service_store_rotation": {
            key: value for key, value in rotation.items() if key not in ("rotator", "rotator_policy")
        },
        "service_store_rotator": rotation.get("rotator", ""),
        "service_store_permissions": account.get("permissions", "ignore"),
        "service_store_needs": needs_of(account),
        "service_store_region": account.get("region"),
        "service_store_endpoints": account.get("endpoints", {}),
        "service_store_ca_file": account.get("ca_file"),
        "service_store_egress": account.get("egress", ""),
        "service_store_proxy": resolver.proxy(account),
        "service_store_callers": resolver.callers(account),
        "service_store_account": {
            **account,
            "owners": {**document.content.get("owners", {}), **account.get("owners", {})},
        },
        "service_store_methods": methods,
        "service_store_handover_to": recipient_of(document, where, account),
        "service_store_allowlists": resolver.allowlists(account),
        "service_store_restriction_addresses": resolver.restriction(account),
        "service_store_restricted": resolver.services(account),
        "service_store_data_plane": resolver.data_plane(account),
        "service_store_leaving": resolver.leaving(account),
        "service_store_allowlists_moving": resolver.allowlists(account, former=True),
    }
    refuse_either(document, where, account)
    resolver.check(account)
    clouds = cloud_ends(account, machines)
    refuse(document, where, account, clouds)
    present = [end for end in clouds if not end.absent]
    variables["service_store_vpn_gateways"] = [end.options for end in present]
    variables["service_store_vpn_ends"] = {end.name: {"host": end.host, "keys": end.keys} for end in present}
    variables["service_store_vpn_gone"] = [
        {"name": end.name, "scope": end.options["scope"], "host": end.host, "keys": []} for end in clouds if end.absent
    ]
    variables["service_store_tunnels"] = list(paths.connections(account, machines).values())
    variables["service_store_tunnel_keys"] = paths.keys(account)
    variables["service_store_api_fronts"] = paths.fronts(account, machines)
    variables["service_store_api_hosts"] = paths.api_hosts(account)
    groups = [
        "cloud_accounts",
        f"provider_{account['provider']}",
        _group(f"customer_{document.content['customer']}"),
    ]
    return Host(account["name"], variables, groups + [f"access_{method}" for method in dict.fromkeys(methods)])


def _group(name: str) -> str:
    return name.replace("-", "_")
