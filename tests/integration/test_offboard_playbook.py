# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook offboard against emulators on this machine: one customer leaves, nobody else notices."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import spellings
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import run_module
from tests.support.playbook import Run, left_behind, run_playbook
from tests.support.servers import LabServer, StartServer

REGION = "eu-west-2"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
AWS = {
    "acme-aws": {"access_key_id": "AKIAOFFBOARDAAAAAAA1", "secret_access_key": "canary+acme/0123456789abcdef01234567"},
    "globex-aws": {
        "access_key_id": "AKIAOFFBOARDAAAAAAA2",
        "secret_access_key": "canary+globex/0123456789abcdef012345",
    },
}
CLOUD = {"api_key": "offboard-api-key", "secret_key": "canary-vX2mZk9LrW7cYjN1pHs6DfA3uEo5KiBtQ8gRw4TxM0"}
ROTATOR = {"api_key": "rotator-api-key", "secret_key": "canary-bN6kTz3MxV9dPjL2qGs7HfC4yEa8UiWoJ1rXt5KzQ0"}
OPERATOR = """\
service_store:
  name: offboard-test
  store_servers: [{name: s1, host: 127.0.0.1, public_address: 192.0.2.1, store_address: 10.9.0.1}]
"""
AWS_ACCOUNT = """\
  - name: {name}
    provider: aws
    region: eu-west-2
    endpoints: {{sts: "{url}", iam: "{url}", ec2: "{url}", s3: "{url}"}}
    ca_file: {ca_file}
    credential: {name}
    access:
      - method: allowlist
        scopes: [{{scope: {{kind: security_group, name: {group}}}, entries: [{{store_servers: [s1], ports: "443"}}]}}]
      - {{method: api_source_restriction, store_servers: [s1], addresses: [127.0.0.0/8]}}
"""
CLOUDSTACK_ACCOUNT = """\
  - name: acme-cloudstack
    provider: cloudstack
    endpoints: {{api: "{url}/client/api"}}
    ca_file: {ca_file}
    credential: acme-cloudstack
    rotation: {{rotator: acme-rotator}}
    access:
      - method: allowlist
        scopes: [{{scope: {{kind: security_group, name: api-one}}, entries: [{{store_servers: [s1], ports: "443"}}]}}]
      - {{method: api_source_restriction, store_servers: [s1]}}
"""
TUNNEL = """\
      - method: site_to_site_vpn
        gateway: gw
        store_servers: [s1]
        api: [{{address: {address}, port: 443}}]
        peer: {{name: acme-peer, address: 198.51.100.9, psk: acme-psk}}
"""
ALL = ("acme-aws", "acme-cloudstack", "acme-rotator", "globex-aws")


class Site:
    """A register with two customers; acme has an account at AWS and one at CloudStack, globex one at AWS."""

    def __init__(self, folder: Path, aws: LabServer, cloudstack: LabServer) -> None:
        self.folder, self.aws, self.cloudstack = folder, aws, cloudstack
        self.register = folder / "register"
        self.register.mkdir(parents=True)
        (self.register / "service_store.yml").write_text(OPERATOR)
        acme = AWS_ACCOUNT.format(name="acme-aws", group="acme-api", url=aws.url, ca_file=aws.ca_file)
        cloud = CLOUDSTACK_ACCOUNT.format(url=cloudstack.url, ca_file=cloudstack.ca_file)
        globex = AWS_ACCOUNT.format(name="globex-aws", group="globex-api", url=aws.url, ca_file=aws.ca_file)
        (self.register / "acme.yml").write_text(f"customer: acme\ncloud_accounts:\n{acme}{cloud}")
        (self.register / "globex.yml").write_text(f"customer: globex\ncloud_accounts:\n{globex}")
        (folder / "service_store.inventory.yml").write_text("plugin: strategic.service_store.register\n")
        key = folder.parent / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        self.option = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}
        self.store = open_store(self.option, lambda *values: None)
        meta = {"registered_at": "2026-01-01T00:00:00Z"}
        for name, fields in AWS.items():
            self.store.put(name, {**parse(name, "aws", fields).record(), "meta": meta})
        name = "acme-cloudstack"
        self.store.put(name, {**parse(name, "cloudstack", CLOUD).record(), "meta": meta})
        self.store.put("acme-rotator", {**parse("acme-rotator", "cloudstack", ROTATOR).record(), "meta": meta})
        for account, group in (("acme-aws", "acme-api"), ("globex-aws", "globex-api"), (name, "api-one")):
            self.allow(account, group)

    def options(self, account: str) -> dict[str, Any]:
        shared = {"credential": account, "secret_store": self.option, "store": "offboard-test"}
        if account == "acme-cloudstack":
            endpoints = {"api": f"{self.cloudstack.url}/client/api"}
            return {"provider": "cloudstack", "endpoints": endpoints, "ca_file": self.cloudstack.ca_file, **shared}
        endpoints = dict.fromkeys(("sts", "iam", "ec2", "s3"), self.aws.url)
        return {"provider": "aws", "region": REGION, "endpoints": endpoints, "ca_file": self.aws.ca_file, **shared}

    def allow(self, account: str, group: str) -> None:
        """Put the store's own entry and one of somebody else."""
        for store, cidr in (("offboard-test", "192.0.2.1"), ("somebody-else", "198.51.100.7")):
            lists = [{"scope": {"kind": "security_group", "name": group}, "entries": [{"cidr": cidr, "ports": "443"}]}]
            run_module("access_allowlist", {**self.options(account), "store": store, "allowlists": lists})

    def run(self, *arguments: str, customer: str | None = "acme") -> Run:
        env = {"ANSIBLE_LOG_PATH": str(self.folder / "ansible.log"), "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
        variables: dict[str, Any] = {"service_store_secret_store": self.option}
        if customer is not None:
            variables["service_store_offboard_customer"] = customer
        loud = ["-i", str(self.folder / "service_store.inventory.yml"), "-v", "--diff", *arguments]
        playbook = "strategic.service_store.offboard"
        return run_playbook(playbook, self.folder, *loud, variables=variables, env=env, watch=False)

    def evidence(self) -> dict[str, Any]:
        (path,) = (self.register / "archive").glob("acme-offboarding-*.json")
        told: dict[str, Any] = json.loads(path.read_text())
        return told

    def entries(self, group: str) -> set[str]:
        """Return the addresses that a group at AWS lets in, as globex's key sees them."""
        ec2 = boto3.client(
            "ec2",
            region_name=REGION,
            endpoint_url=self.aws.url,
            verify=self.aws.ca_file,
            aws_access_key_id=AWS["globex-aws"]["access_key_id"],
            aws_secret_access_key=AWS["globex-aws"]["secret_access_key"],
            config=Config(proxies={}),
        )
        found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [group]}])["SecurityGroups"][0]
        return {row["CidrIp"] for rule in found["IpPermissions"] for row in rule["IpRanges"]}


@pytest.fixture
def site(lab_server: StartServer, tmp_path: Path) -> Site:
    users = [{"name": name, **fields, "policies": {"all": ALLOW}} for name, fields in AWS.items()]
    groups = [
        {"name": f"{name}-api", "description": name, "vpc_cidr": f"10.{number}.0.0/16"}
        for number, name in enumerate(("acme", "globex"))
    ]
    config = {"account": "123456789012", "region": REGION, "users": users, "security_groups": groups}
    aws = lab_server("aws", config, tmp_path / "aws", args=["--which", "moto"])
    user = {"username": "store", "apikey": CLOUD["api_key"], "secretkey": CLOUD["secret_key"]}
    second = {"username": "rotator", "apikey": ROTATOR["api_key"], "secretkey": ROTATOR["secret_key"]}
    accounts = [{"name": "acme", "users": [user, second], "security_groups": [{"name": "api-one"}]}]
    cloud = lab_server("cloudstack", {"job_delay_s": 0, "accounts": accounts}, tmp_path / "cloudstack")
    return Site(tmp_path / "site", aws, cloud)


def changed(run: Run) -> dict[str, int]:
    """Return how many tasks changed something, by host."""
    return {name: int(number) for name, number in re.findall(r"^([\w-]+)\s+: ok=\d+\s+changed=(\d+)", run.output, re.M)}


def states(told: dict[str, Any], subject: str) -> dict[str, str]:
    return {row["what"]: row["state"] for row in told["subjects"][subject]}


@pytest.mark.slow
def test_a_customer_leaves_and_nobody_else_notices(site: Site) -> None:
    refused = site.run(customer=None)
    assert refused.status != 0 and "service_store_offboard_customer: is not set is no customer" in refused.output
    assert site.run(customer="acmee").status != 0
    assert site.store.names() == ALL

    checked = site.run("--check")
    assert checked.status == 0, checked.output[-4000:]
    assert "Would be removed" in checked.output and "key AKIAOFFBOARDAAAAAAA1" in checked.output
    assert site.store.names() == ALL
    assert not (site.register / "archive").exists() and site.entries("acme-api") == {"192.0.2.1/32", "198.51.100.7/32"}

    gone = site.run()
    assert gone.status == 0, gone.output[-6000:]
    assert site.store.names() == ("globex-aws",)
    assert site.entries("acme-api") == {"198.51.100.7/32"}
    assert site.entries("globex-api") == {"192.0.2.1/32", "198.51.100.7/32"}
    assert changed(gone).get("globex-aws", 0) == 0
    told = site.evidence()
    assert told["complete"] and told["finished_at"] and not (site.register / "acme.yml").exists()
    assert Path(told["archive"]).read_text().startswith("customer: acme")
    aws, cloud = states(told, "acme-aws"), states(told, "acme-cloudstack")
    assert aws["key AKIAOFFBOARDAAAAAAA1"] == "removed" and aws["record acme-aws"] == "removed"
    assert aws["entry 192.0.2.1/32 tcp/443"] == "removed"
    assert cloud["key offboard-api-key"] == "removed" and cloud["API source restriction"] == "asked"
    assert cloud["key rotator-api-key"] == "removed" and cloud["record acme-rotator"] == "removed"
    sheet = (site.register / "archive" / "acme-cloudstack-source-restriction.md").read_text()
    assert "Take out: 192.0.2.1/32" in sheet

    again = site.run()
    assert again.status == 0 and set(changed(again).values()) <= {0}, again.output[-4000:]
    assert "was offboarded before" in again.output and site.evidence() == told
    secrets = [CLOUD["secret_key"], ROTATOR["secret_key"], *(item["secret_access_key"] for item in AWS.values())]
    shown = {one.encode() for secret in secrets for one in spellings(secret)}
    assert not [path for path, held in left_behind(site.folder) for one in shown if one in held]
    assert not [one for run in (checked, gone, again) for one in shown if one.decode() in run.output]


@pytest.mark.slow
def test_an_account_that_fails_keeps_its_key_and_the_next_run_finishes(site: Site) -> None:
    register = site.register / "acme.yml"
    right = register.read_text()
    register.write_text(right.replace(f"{site.cloudstack.url}/client/api", "https://127.0.0.1:9/client/api"))
    first = site.run()
    assert first.status != 0 and site.store.names() == ("acme-cloudstack", "acme-rotator", "globex-aws"), first.output[
        -4000:
    ]
    told = site.evidence()
    assert not told["complete"] and register.exists()
    assert states(told, "acme-aws")["key AKIAOFFBOARDAAAAAAA1"] == "removed"
    assert states(told, "acme-cloudstack")["credential acme-cloudstack"] == "remained"
    register.write_text(right)
    noted = {"credential": "acme-cloudstack", "about": "due", "channel": "mail", "secret_store": site.option}
    assert run_module("credential_notice", noted)["changed"] and len(site.store.names()) == 4
    second = site.run()
    assert second.status == 0 and site.store.names() == ("globex-aws",), second.output[-4000:]
    told = site.evidence()
    assert told["complete"] and not register.exists()
    assert states(told, "acme-aws")["key AKIAOFFBOARDAAAAAAA1"] == "removed"
    assert states(told, "acme-cloudstack")["record acme-cloudstack"] == "removed"


@pytest.mark.slow
def test_a_gateway_that_is_down_keeps_its_tunnel_and_the_register_says_so(site: Site) -> None:
    """Nothing listens on the port of the gateway and of the store server whose route leads through it."""
    servers = "store_servers: [{name: s1, host: 127.0.0.1, vars: {ansible_port: 9}, "
    operator = OPERATOR.replace("store_servers: [{name: s1, host: 127.0.0.1, ", servers)
    gateway = "{name: gw, host: 127.0.0.1, vars: {ansible_port: 9}, public_address: 192.0.2.2, store_address: 10.9.0.2}"
    (site.register / "service_store.yml").write_text(f"{operator}  gateways: [{gateway}]\n")
    cloud = CLOUDSTACK_ACCOUNT.format(url=site.cloudstack.url, ca_file=site.cloudstack.ca_file)
    tunnel = TUNNEL.format(address="10.20.0.5")
    (site.register / "acme.yml").write_text(f"customer: acme\ncloud_accounts:\n{cloud}{tunnel}")
    run_module("vpn_psk", {"name": "acme-psk", "secret_store": site.option})
    gone = site.run()
    assert gone.status != 0 and site.store.names() == ("acme-aws", "acme-psk", "globex-aws"), gone.output[-4000:]
    told = site.evidence()
    assert not told["complete"] and (site.register / "acme.yml").exists()
    assert states(told, "acme-cloudstack")["key offboard-api-key"] == "removed"
    assert states(told, "gw") == {"tunnel acme-cloudstack": "remained"}
    assert states(told, "s1") == {"routes to the customer": "remained"}
    assert "Connection refused" in json.dumps(told["subjects"]["gw"]) or "ssh" in json.dumps(told["subjects"]["gw"])
