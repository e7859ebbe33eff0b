# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook ``offboard`` has left in the variables of the hosts, in the shape that the evidence takes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..register.hosts import Inventory, inventory_of
from ..register.load import Register, read_register

Hostvars = Mapping[str, Any]


def without(folder: str, customer: str) -> dict[str, dict[str, Any]]:
    """Return the variables of the register's hosts without one customer; raises RegisterError."""
    register = read_register(folder)
    others = tuple(item for item in register.customers if item.content["customer"] != customer)
    left: Inventory = inventory_of(Register(register.operator, others))
    return {host.name: host.variables for host in left.hosts}


def gather(hostvars: Hostvars, customer: str, archive: str, at: str) -> dict[str, Any]:
    """Return the accounts, the hosts of ours and the register file; raises RegisterError."""
    accounts = {name: hostvars[name] for name in hostvars if hostvars[name].get("service_store_customer") == customer}
    first = next(iter(accounts.values()))
    file = str(first["service_store_register_file"])
    rest = without(str(first["service_store_register_dir"]), customer)
    undone = [name for name, own in accounts.items() if own.get("service_store_offboard_why")]
    machines = {name: _machine(hostvars[name], rest[name], set(accounts), undone) for name in hostvars if name in rest}
    return {
        "customer": customer,
        "accounts": {name: _account(own) for name, own in accounts.items()},
        "hosts": {name: found for name, found in machines.items() if found["wanted"]},
        "register": {
            "file": file,
            "sha256": hashlib.sha256(Path(file).read_bytes()).hexdigest(),
            "archive": os.path.join(archive, f"{Path(file).stem}-{at[:10]}.yml"),
        },
    }


def _account(own: Hostvars) -> dict[str, Any]:
    found = dict(own.get("service_store_offboard") or {})
    dead = keys_of(own)
    asked = [
        {"what": f"tunnel {tunnel['name']}", "where": str(tunnel["remote"].get("address", "")), "how": _OTHER_END}
        for tunnel in own.get("service_store_tunnels") or ()
    ]
    asked += [
        {"what": f"allowlist of {front['name']}", "where": "the API's front", "how": "take the store's addresses out"}
        for front in own.get("service_store_api_fronts") or ()
    ]
    reached = "service_store_offboard" in own
    return {**found, **dead, "reached": reached, "asked": asked + dead["asked"]}


def keys_of(own: Hostvars) -> dict[str, Any]:
    """Return an account's ``keys`` as its tasks have left them, what is ``asked`` about them and what ``remained``."""
    found, why = own.get("service_store_offboard") or {}, own.get("service_store_offboard_why", "")
    keys = [{**key, "notices": list(map(_label, key.get("notices") or ()))} for key in found.get("keys") or ()]
    asked = [
        {"what": f"credential {key['name']}", "where": str(own["service_store_provider"]), "how": _FORGOTTEN}
        for key in keys
        if key.get("forgotten")
    ]
    remained = [{"what": f"credential {key['name']}", "why": key["why"]} for key in keys if key.get("why")]
    if why and not remained:
        remained = [{"what": f"credential {own['service_store_credential']}", "why": why}]
    return {"keys": keys, "asked": asked, "remained": remained}


def _label(store: Mapping[str, Any]) -> str:
    """Return a store's place in words, of its options that hold no secret."""
    words = (store.get(name) for name in ("type", "url", "path"))
    return " ".join(str(word) for word in words if word)


_OTHER_END = "remove the other end"
_FORGOTTEN = "the store has forgotten it and it could not end itself: change the password, or delete the key"


def _machine(own: Hostvars, rest: Hostvars, accounts: set[str], undone: list[str]) -> dict[str, Any]:
    """Return what a host of ours should lose, and what it has lost; ``undone`` are accounts that still need it."""
    clouds = own.get("service_store_ipsec_cloud") or []
    connections = [*(own.get("service_store_ipsec_connections") or []), *clouds]
    tunnels = [f"tunnel {item['name']}" for item in connections if item.get("account") in accounts]
    names = {
        "service_store_ipsec_routes": "routes to the customer",
        "service_store_egress_targets": "targets of the forward proxy",
    }
    ways = [what for key, what in names.items() if (own.get(key) or []) != (rest.get(key) or [])]
    gone = [*(own.get("service_store_offboard_gone") or []), *(ways if own.get("service_store_offboard_led") else [])]
    waits = f"it is kept until {', '.join(undone)} is done" if undone else ""
    return {"wanted": tunnels + ways, "gone": gone, "why": own.get("service_store_offboard_why", "") or waits}
