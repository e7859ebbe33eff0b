# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Per provider a server that knows many credentials, and what another collection's modules are told of each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.faults import FaultProxy
from tests.contract.accounts import aws, azure, cloudstack
from tests.support import openstack

from .servers import counted, starter

Json = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A module of another collection, and its arguments for each credential."""

    module: str
    items: list[Json]


@dataclass(frozen=True)
class Cloud:
    """``age`` and ``live`` are the nearest modules of another collection, or the reason why there is none."""

    name: str
    faults: FaultProxy
    options: Mapping[str, Any]
    secrets: Sequence[Mapping[str, str]]
    age: Peer | str
    live: Peer | str
    notes: tuple[str, ...] = ()


def _aws(stack: contextlib.ExitStack, folder: Path, many: int) -> Cloud:
    secrets = [{**aws.SECRET, "access_key_id": f"AKIABENCH{number:011}"} for number in range(many)]
    users = [
        {"name": f"user-{number}", **secret, "status": "Active", "policies": {"all": aws.ALLOW_ALL}}
        for number, secret in enumerate(secrets)
    ]
    config = {**aws.CONFIG, "security_groups": [], "users": users}
    server = starter(stack, folder)("aws", config, args=["--which", "moto"])
    faults = counted(stack, server)
    items: list[Json] = [
        {
            "access_key": secret["access_key_id"],
            "secret_key": secret["secret_access_key"],
            "endpoint_url": faults.url,
            "region": aws.REGION,
            "aws_ca_bundle": server.ca_file,
        }
        for secret in secrets
    ]
    named = [{**item, "user_name": f"user-{number}"} for number, item in enumerate(items)]
    endpoints = dict.fromkeys(("ec2", "sts", "iam", "s3"), faults.url)
    options = {"region": aws.REGION, "endpoints": endpoints, "ca_file": server.ca_file}
    age, live = Peer("amazon.aws.iam_access_key_info", named), Peer("amazon.aws.aws_caller_info", items)
    return Cloud("aws", faults, options, secrets, age, live)


def _azure(stack: contextlib.ExitStack, folder: Path, many: int) -> Cloud:
    given: Json = dict(azure.CONFIG)
    (tenant,), subscriptions = given["tenants"], given["subscriptions"]
    example = tenant["applications"][0]
    ids = [f"22222222-2222-4222-8222-{number:012}" for number in range(many)]
    applications = [{**example, "client_id": client_id, "owners": []} for client_id in ids]
    config = {"tenants": [{**tenant, "applications": applications}], "subscriptions": subscriptions}
    server = starter(stack, folder)("azure", config)
    faults = counted(stack, server)
    endpoints = {"arm": faults.url, "entra": faults.url, "graph": f"{faults.url}/graph"}
    why = "azure.azcollection needs the Azure CLI's library and dozens of SDKs, which the environment leaves out"
    secrets = [{**azure.SECRET, "client_id": client_id} for client_id in ids]
    return Cloud("azure", faults, {"endpoints": endpoints, "ca_file": server.ca_file}, secrets, why, why)


def _cloudstack(stack: contextlib.ExitStack, folder: Path, many: int) -> Cloud:
    secrets = [{**cloudstack.SECRET, "api_key": f"bench-api-key-{number}"} for number in range(many)]
    users = [
        {"username": f"user-{number}", "apikey": secret["api_key"], "secretkey": secret["secret_key"]}
        for number, secret in enumerate(secrets)
    ]
    config = {"job_delay_s": 0, "accounts": [{"name": "initech", "users": users}]}
    server = starter(stack, folder)("cloudstack", config)
    faults = counted(stack, server)
    url = f"{faults.url}/client/api"
    items: list[Json] = [
        {
            "api_url": url,
            "api_key": secret["api_key"],
            "api_secret": secret["secret_key"],
            "api_verify_ssl_cert": server.ca_file,
        }
        for secret in secrets
    ]
    options = {"endpoints": {"api": url}, "ca_file": server.ca_file}
    # It has no module that says who a key belongs to; the zones are what every key may read.
    live = Peer("ngine_io.cloudstack.zone_info", items)
    return Cloud("cloudstack", faults, options, secrets, "ngine_io.cloudstack tells no age of a key", live)


def _openstack(stack: contextlib.ExitStack, folder: Path, many: int) -> Cloud:
    server, (account,) = openstack.start(starter(stack, folder), [{"security_groups": []}], folder / "openstack")
    faults = counted(stack, server)
    identity = f"{faults.url}/v3"
    item: Json = {
        "auth_type": "v3applicationcredential",
        "auth": {"auth_url": identity, **account.secret},
        "ca_cert": server.ca_file,
    }
    options = {"region": "RegionOne", "endpoints": {"identity": identity}, "ca_file": server.ca_file}
    why = "openstack.cloud tells no age of an application credential"
    # Keystone hashes each secret anew at every login, so one that is registered many times costs what many do.
    notes = ("one application credential, registered under every name",)
    live = Peer("openstack.cloud.auth", [item] * many)
    return Cloud("openstack", faults, options, [account.secret] * many, why, live, notes)


Start = Callable[[contextlib.ExitStack, Path, int], Cloud]
CLOUDS: dict[str, Start] = {"aws": _aws, "azure": _azure, "cloudstack": _cloudstack, "openstack": _openstack}
