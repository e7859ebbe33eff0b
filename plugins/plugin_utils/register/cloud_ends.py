# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site-to-site tunnels whose other end is the cloud's own VPN gateway: options of the module vpn_gateway; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import paths

#: What the register says under ``cloud_gateway`` and the module takes under ``tunnel``.
OF_TUNNEL = ("ike_proposals", "esp_proposals", "dpd_delay_s", "ike_rekey_s", "esp_rekey_s")
#: What is not handed on to the module as it stands.
_OWN = ("state", "name", "id", "inside_address", *OF_TUNNEL)


@dataclass(frozen=True)
class CloudEnd:
    """One connection with a cloud's gateway.

    ``method`` is its place in the account's ``access``, ``host`` the gateway of ours, ``absent`` whether both ends
    shall go. ``options`` are those of the module vpn_gateway, without the account's. ``keys`` has the name of the
    pre-shared key of each tunnel by the name that the tunnel bears at our end.
    """

    account: str
    method: int
    host: str
    absent: bool
    options: dict[str, Any]
    keys: dict[str, str]

    @property
    def name(self) -> str:
        """The name of the gateway's parts at the provider."""
        return str(self.options["name"])

    @property
    def networks(self) -> list[str]:
        """What is behind the cloud's end: its networks, or the endpoints alone."""
        targets = [f"{target['address']}/32" for target in self.options["tunnel"]["targets"]]
        return list(self.options.get("networks") or dict.fromkeys(targets))

    def at_our_end(self) -> dict[str, Any]:
        """Return what the gateway's host must know before the provider has given an address.

        ``connections`` are there to be removed: they are complete but for the other end, and start nothing.
        """
        tunnel = self.options["tunnel"]
        first = tunnel["targets"][0]
        return {
            "account": self.account,
            "name": self.name,
            "absent": self.absent,
            "probe": {"host": tunnel["sources"][0]["name"], "address": first["address"], "port": first["port"]},
            "connections": [
                {
                    **tunnel,
                    "name": name,
                    "account": self.account,
                    "remote": {"id": f"cloud-end-of-{name}", **tunnel.get("remote", {})},
                    "initiate": False,
                }
                for name in self.keys
            ],
        }


def cloud_ends(account: Mapping[str, Any], machines: paths.Machines) -> list[CloudEnd]:
    """Return the account's connections with the cloud's own gateways."""
    names = {id(method): name for name, method in paths.tunnels(account)}
    found = []
    for number, method in enumerate(account["access"]):
        cloud = method.get("cloud_gateway")
        if cloud:
            options = _options(account["name"], method, cloud.get("name") or names[id(method)], machines)
            keys = _keys(account["provider"], options["name"], cloud["pre_shared_keys"])
            absent = cloud.get("state") == "absent"
            found.append(CloudEnd(account["name"], number, method["gateway"], absent, options, keys))
    return found


def _options(account: str, method: Mapping[str, Any], name: str, machines: paths.Machines) -> dict[str, Any]:
    gateway, cloud = machines[method["gateway"]], method["cloud_gateway"]
    remote = {key: cloud[key] for key in ("id", "inside_address") if cloud.get(key)}
    tunnel = {
        "local": {"address": gateway["public_address"], "inside_address": gateway["store_address"]},
        **({"remote": remote} if remote else {}),
        "sources": [{"name": item, "address": machines[item]["store_address"]} for item in method["store_servers"]],
        "targets": [{"name": account, "address": item["address"], "port": item["port"]} for item in method["api"]],
        "selectors": method.get("selectors", "exact"),
        **{key: cloud[key] for key in OF_TUNNEL if key in cloud},
    }
    return {"name": name, "tunnel": tunnel, **{key: value for key, value in cloud.items() if key not in _OWN}}


def _keys(provider: str, name: str, keys: list[str]) -> dict[str, str]:
    if len(keys) > 1:
        return {f"{name}-{number}": key for number, key in enumerate(keys, start=1)}
    # An active-active gateway of Azure has two addresses, and so two tunnels with one key.
    names = (name, f"{name}-1", f"{name}-2") if provider == "azure" else (name,)
    return dict.fromkeys(names, keys[0])
