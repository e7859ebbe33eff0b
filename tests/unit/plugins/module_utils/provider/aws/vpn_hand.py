# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of EC2 with a VPC, and what a module does for the cloud's end of a tunnel in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope
from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.vpn import TRAITS, VPN, AwsVpn
from ansible_collections.strategic.service_store.plugins.module_utils.provider.vpn import CloudEnd
from tests.support.servers import LabServer

from .conftest import KEY, REGION, SECRET, STORE, session

KEYS = {"one": "b7Lq2wXz9RtYkPm4NvCs8HdJf3GaTe6U", "two": "Qm5xTz8rKw2yBn7vLc4pDj9hGs3fWa6E"}
TUNNEL: dict[str, Any] = {
    "local": {"address": "198.51.100.10"},
    "sources": [{"name": "store-1", "address": "10.20.0.11"}],
    "targets": [{"name": "api", "address": "10.60.1.10", "port": 443}],
    "ike_proposals": ["aes256-sha256-ecp256"],
}
STRONGER = {**TUNNEL, "ike_proposals": ["aes256-sha384-ecp384"]}


class Cloud:
    """The account, with sleeps that take no time and can look at what happens meanwhile."""

    def __init__(self, server: LabServer) -> None:
        self.server, self.slept = server, 0
        self.url, self.retries = server.url, 0
        self.hidden: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.ec2 = boto3.client(
            "ec2",
            region_name=REGION,
            endpoint_url=server.url,
            verify=server.ca_file,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=Config(proxies={}),
        )

    def _sleep(self, _seconds: float) -> None:
        self.slept += 1
        self.meanwhile()

    def end(self, name: str = "acme", scope: Scope | None = None, **more: Any) -> CloudEnd:
        place = scope or Scope("vpc", name="home")
        params = {
            "name": name,
            "scope": {"kind": place.kind, "id": place.id, "name": place.name},
            "tunnel": TUNNEL,
            "networks": ["10.60.0.0/16"],
            "pre_shared_keys": list(KEYS),
            **more,
        }
        wanted = parse_wanted(params, TRAITS.scopes, TRAITS.tunnels, more.get("aws"))
        made = session(self.url, self.server.ca_file, retry=Retry(self.retries, sleep=self._sleep))
        adapter = AwsVpn(made, STORE, KEYS, lambda *keys: self.hidden.extend(keys))
        return CloudEnd(name, place, wanted, adapter, VPN, "acme-aws")

    def bring(self, name: str = "acme", absent: bool = False, adopt: bool = False, **more: Any) -> list[Change]:
        done: list[Change] = []
        end = self.end(name, **more)
        end.apply(end.plan(absent, adopt), done.append)
        return done

    def connections(self) -> list[Any]:
        return [one for one in self.ec2.describe_vpn_connections()["VpnConnections"] if one["State"] != "deleted"]

    def statuses(self) -> list[str]:
        (one,) = self.connections()
        return [item["Status"] for item in one["VgwTelemetry"]]

    def addresses(self) -> list[str]:
        (one,) = self.connections()
        return [item["OutsideIpAddress"] for item in one["Options"]["TunnelOptions"]]

    def report(self, *addresses: str, **about: Any) -> None:
        self.server.lab("POST", "vpn", {"tunnels": {address: {"status": "UP", **about} for address in addresses}})

    def count(self, action: str) -> int:
        return sum(call["action"] == action for call in self.server.calls())

    def left(self) -> list[str]:
        """Return what is there of gateways and connections."""
        customers = self.ec2.describe_customer_gateways()["CustomerGateways"]
        gateways = self.ec2.describe_vpn_gateways()["VpnGateways"]
        found = [*customers, *gateways, *self.connections()]
        return sorted(one["Type"] for one in found if one["State"] == "available")
