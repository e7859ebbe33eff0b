# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From names of the operator's hosts to their addresses, within one account of the register; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from . import paths
from .errors import RegisterError
from .load import Document

DEFAULT_PROXY_PORT = 3128


class Resolver:
    """Turns names of store servers and proxy hosts into addresses, within one account."""

    def __init__(self, document: Document, where: list[str | int], machines: Mapping[str, Any]) -> None:
        self._document = document
        self._where = where
        self._machines = machines

    def _machine(self, name: str, place: list[str | int]) -> Mapping[str, Any]:
        if name not in self._machines:
            known = ", ".join(sorted(self._machines))
            line = self._document.line([*self._where, *place])
            raise RegisterError(self._document.path, line, f"{name} is no host of service_store.yml; it has {known}")
        machine: Mapping[str, Any] = self._machines[name]
        return machine

    def _address(self, name: str, kind: str, place: list[str | int]) -> str:
        machine = self._machine(name, place)
        if not machine.get(kind):
            line = self._document.line([*self._where, *place])
            raise RegisterError(self._document.path, line, f"{name} has no {kind} in service_store.yml; add it there")
        return str(machine[kind])

    def proxy(self, account: Mapping[str, Any]) -> str:
        """Return the URL of the account's egress; empty where calls leave directly."""
        if not account.get("egress"):
            return ""
        machine = self._machine(account["egress"], ["egress"])
        address = machine.get("store_address") or machine["host"]
        return f"http://{address}:{machine.get('proxy_port', DEFAULT_PROXY_PORT)}"

    def callers(self, account: Mapping[str, Any]) -> list[str]:
        """Return the address from which the account is used, as a public provider sees it."""
        if not account.get("egress"):
            return []
        address = self._machine(account["egress"], ["egress"]).get("public_address")
        return [address] if address else []

    def allowlists(self, account: Mapping[str, Any], former: bool = False) -> list[dict[str, Any]]:
        """Return the option ``allowlists`` of access_allowlist, store servers turned into addresses.

        ``former``: with the addresses that they move away from as well.
        """
        lists = []
        for number, method in enumerate(account["access"]):
            for index, scope in enumerate(method.get("scopes", ())):
                place: list[str | int] = ["access", number, "scopes", index, "entries"]
                entries = [
                    item for i, raw in enumerate(scope["entries"]) for item in self._entries(raw, [*place, i], former)
                ]
                lists.append({**scope, "entries": _once(entries) if former else entries})
        return lists

    def _entries(self, raw: Mapping[str, Any], place: list[str | int], former: bool) -> list[dict[str, Any]]:
        entry = {key: str(value) if key in ("ports", "protocol") else value for key, value in raw.items()}
        if "store_servers" not in entry:
            return [entry]
        users: dict[str, list[str]] = {}
        for name in entry.pop("store_servers"):
            for address in (self._address(name, "public_address", place), *(self._former(name) if former else ())):
                users.setdefault(address, []).append(name)
        # Servers behind one public address are one entry.
        return [
            {**entry, "cidr": address, "reason": entry.get("reason") or ", ".join(names)}
            for address, names in users.items()
        ]

    def leaving(self, account: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the addresses that hosts named in the account's lists move away from, as ``{host, address}``."""
        names: list[str] = []
        for method in account["access"]:
            entries = [entry for scope in method.get("scopes", ()) for entry in scope["entries"]]
            for owner in (*entries, *((method,) if method["method"] == "api_source_restriction" else ())):
                names += owner.get("store_servers", ())
        return [{"host": name, "address": address} for name in dict.fromkeys(names) for address in self._former(name)]

    def _former(self, name: str) -> list[str]:
        """Return the addresses from which a host moves away, in their one spelling."""
        return [str(ipaddress.ip_address(address)) for address in self._machines[name].get("moving_from", ())]

    def restriction(self, account: Mapping[str, Any]) -> list[str]:
        """Return the addresses of api_source_restriction."""
        addresses: list[str] = []
        for number, method in enumerate(account["access"]):
            if method["method"] == "api_source_restriction":
                place: list[str | int] = ["access", number, "store_servers"]
                addresses += [self._address(name, "public_address", place) for name in method["store_servers"]]
                addresses += method.get("addresses", [])
        return list(dict.fromkeys(addresses))

    def services(self, account: Mapping[str, Any]) -> list[str]:
        """Return the services whose source addresses are restricted; "" stands for what the provider is asked first."""
        own = [method for method in account["access"] if method["method"] == "api_source_restriction"]
        return list(dict.fromkeys(name for method in own for name in method.get("services", ("",))))

    def data_plane(self, account: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the option ``data_plane`` of api_source_restriction."""
        return [dict(item) for method in account["access"] for item in method.get("data_plane", ())]

    def check(self, account: Mapping[str, Any]) -> None:
        """Refuse methods that name a host that is not there."""
        for number, method in enumerate(account["access"]):
            for key in ("gateway", "proxy_host"):
                if method.get(key):
                    self._machine(method[key], ["access", number, key])
            for kind in ("public_address", "store_address") if method.get("gateway") else ():
                self._address(method["gateway"], kind, ["access", number, "gateway"])
            self._check_servers(number, method)
        if account.get("egress") and not paths.api_hosts(account):
            line = self._document.line([*self._where, "egress"])
            text = f"the egress of {account['name']} has nothing to let through; add endpoints, or api_hosts"
            raise RegisterError(self._document.path, line, text)

    def _check_servers(self, number: int, method: Mapping[str, Any]) -> None:
        """Refuse store servers that lack the address by which a tunnel or an API front knows them."""
        inside = method["method"] == "site_to_site_vpn"
        for name in method.get("store_servers", ()):
            if inside:
                self._address(name, "store_address", ["access", number, "store_servers"])
            else:
                self._machine(name, ["access", number, "store_servers"])
        for name in method.get("api_front", {}).get("store_servers", ()):
            self._address(name, "store_address", ["access", number, "api_front"])


def _once(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries without the second of two that let in the same: a host may take over another's address."""
    seen: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry in entries:
        seen.setdefault((entry["cidr"], entry.get("protocol"), entry.get("ports")), entry)
    return list(seen.values())
