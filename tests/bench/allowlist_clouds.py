# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Per provider a server with so many empty security groups, and the ways to fill them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.accounts import aws, cloudstack
from tests.support import openstack
from tests.support.servers import LabServer

from .servers import starter
from .ways import PORT, Way, by_rule, by_scope, raw

Json = dict[str, Any]


@dataclass(frozen=True)
class Cloud:
    """``upstream`` is the address of the API that changes rules; ``through`` returns our options with another one."""

    name: str
    provider: str
    server: LabServer
    upstream: str
    through: Callable[[str], Json]
    secret: Mapping[str, str]
    scopes: tuple[str, ...]
    others: tuple[Way, ...]

    @property
    def options(self) -> Json:
        """Our options for the account."""
        return self.through(self.upstream)


def scope_names(many: int) -> tuple[str, ...]:
    """The names of the groups."""
    return tuple(f"scope-{number:04}" for number in range(many))


def _aws(stack: contextlib.ExitStack, folder: Path, many: int) -> Cloud:
    groups = [{"name": name} for name in scope_names(many)]
    # An account that holds 200 rules in one group has had its quota raised.
    config = {**aws.CONFIG, "security_groups": groups, "quotas": {"L-0EA8095F": 250}}
    server = starter(stack, folder)("aws", config, args=["--which", "moto"])

    def through(url: str) -> Json:
        endpoints = dict.fromkeys(("ec2", "sts", "iam", "service-quotas"), url)
        return {"provider": "aws", "region": aws.REGION, "endpoints": endpoints, "ca_file": server.ca_file}

    keys = {"access_key": aws.SECRET["access_key_id"], "secret_key": aws.SECRET["secret_access_key"]}
    peer = {**keys, "endpoint_url": server.url, "region": aws.REGION, "aws_ca_bundle": server.ca_file}
    bare = {f"aws_{name}": value for name, value in aws.SECRET.items()}
    bare |= {"region_name": aws.REGION, "endpoint_url": server.url, "verify": server.ca_file}

    def arguments(scope: str, prefixes: Sequence[str]) -> Json:
        rules = [{"proto": "tcp", "ports": [str(PORT)], "cidr_ip": list(prefixes)}]
        return {**peer, "name": scope, "description": scope, "rules": rules}

    others = (by_scope("amazon.aws.ec2_security_group", arguments), raw("boto3", bare))
    return Cloud("aws", "aws", server, server.url, through, aws.SECRET, scope_names(many), others)


def _openstack(stack: contextlib.ExitStack, folder: Path, many: int) -> Cloud:
    quotas = {"security_group": many + 10, "security_group_rule": 100_000}
    # Without access rules: the other modules make calls that ours does not need.
    wanted = {"security_groups": list(scope_names(many)), "quotas": quotas, "access_rules": None}
    server, (account,) = openstack.start(starter(stack, folder), [wanted], folder / "openstack")

    def through(url: str) -> Json:
        endpoints = {"identity": account.identity, "network": url}
        options = {"provider": "openstack", "region": "RegionOne", "endpoints": endpoints, "ca_file": server.ca_file}
        # This Neutron takes one call at a time: of sixteen the last would wait beyond its timeout.
        return {**options, "workers": 4}

    auth = {"auth_type": "v3applicationcredential", "auth": {"auth_url": account.identity, **account.secret}}
    peer = {**auth, "ca_cert": server.ca_file}

    def rule(prefix: str) -> Json:
        ports = {"port_range_min": PORT, "port_range_max": PORT}
        return {"protocol": "tcp", **ports, "remote_ip_prefix": prefix}

    def whole(scope: str, prefixes: Sequence[str]) -> Json:
        # It removes what is not listed, so the two rules by which Neutron lets everything out are.
        out = [{"direction": "egress", "ether_type": version} for version in ("IPv4", "IPv6")]
        return {**peer, "name": scope, "security_group_rules": [*map(rule, prefixes), *out]}

    def one(scope: str, prefix: str) -> Json:
        return {**peer, "security_group": scope, **rule(prefix)}

    others = (
        by_scope("openstack.cloud.security_group", whole),
        by_rule("openstack.cloud.security_group_rule", one),
        raw("openstacksdk", {**auth, "verify": server.ca_file}),
    )
    return Cloud("openstack", "openstack", server, account.network, through, account.secret, scope_names(many), others)


def _cloudstack(stack: contextlib.ExitStack, folder: Path, many: int, delay_s: float) -> Cloud:
    secret = cloudstack.SECRET
    user = {"username": "store", "apikey": secret["api_key"], "secretkey": secret["secret_key"]}
    groups = [{"name": name} for name in scope_names(many)]
    account = {"name": "initech", "users": [user], "security_groups": groups}
    server = starter(stack, folder)("cloudstack", {"job_delay_s": delay_s, "accounts": [account]})

    def through(url: str) -> Json:
        return {"provider": "cloudstack", "endpoints": {"api": f"{url}/client/api"}, "ca_file": server.ca_file}

    url = f"{server.url}/client/api"
    peer = {"api_url": url, "api_key": secret["api_key"], "api_secret": secret["secret_key"]}
    peer["api_verify_ssl_cert"] = server.ca_file
    bare = {"endpoint": url, "key": secret["api_key"], "secret": secret["secret_key"], "verify": server.ca_file}

    def one(scope: str, prefix: str) -> Json:
        ports = {"start_port": PORT, "end_port": PORT}
        return {**peer, "security_group": scope, "protocol": "tcp", **ports, "cidr": prefix}

    others = (by_rule("ngine_io.cloudstack.security_group_rule", one), raw("cs", bare))
    name = f"cloudstack, jobs of {delay_s:g} s"
    return Cloud(name, "cloudstack", server, server.url, through, secret, scope_names(many), others)


Start = Callable[[contextlib.ExitStack, Path, int], Cloud]
#: By the name of the provider, in one or more forms.
CLOUDS: dict[str, tuple[Start, ...]] = {
    "aws": (_aws,),
    "openstack": (_openstack,),
    "cloudstack": (
        lambda stack, folder, many: _cloudstack(stack, folder, many, 0.0),
        lambda stack, folder, many: _cloudstack(stack, folder, many, 0.3),
    ),
}
