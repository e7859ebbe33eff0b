# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook offboard against emulators on this machine: one customer leaves, nobody else notices."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
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


CLIENT = """\
  - name: {name}
    provider: cloudstack
    endpoints: {{api: "https://{address}/client/api"}}
    credential: {name}
    {egress}
    access:
      - method: ipsec_proxy
        proxy_host: p1
        api: [{{address: {address}, port: 443}}]
        server: {{name: {name}-gw, address: 198.51.100.9, pool: 10.9.9.0/28, psk: {name}-psk}}
      - method: allowlist
        api_front: {{name: {name}-front, api: [{{address: {address}, port: 443}}], store_servers: [s1]}}
"""
PROXY_HOST = """\
  proxy_hosts:
    - name: p1
      host: 127.0.0.1
      public_address: 192.0.2.3
      store_address: 10.9.0.3
      vars: {{ansible_connection: local, ansible_python_interpreter: "{python}"}}
"""
STUB = """#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case "$*" in *--file*-) cat >> "{log}" ;; esac
"""


class Host:
    """This machine as a proxy host: the roles' folders lie in a temporary one, and what they call only notes it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "commands"
        programs = folder / "bin"
        programs.mkdir(parents=True)
        for name in ("swanctl", "nft", "systemctl"):
            (programs / name).write_text(STUB.format(log=self.log))
            (programs / name).chmod(0o755)
        self.path = f"{programs}:{os.environ['PATH']}"
        conf, units = folder / "swanctl", folder / "units"
        places = {"ipsec_dir": folder / "ipsec", "ipsec_conf_dir": conf, "vpn_proxy_unit_dir": units}
        files = {"vpn_proxy_conf": folder / "squid.conf", "vpn_proxy_probe_program": folder / "probe"}
        self.variables = {name: str(place) for name, place in {**places, **files}.items()}
        self.variables["ipsec_stamp_command"] = "true"
        for name in ("acme-cs", "globex-cs"):
            for path in (f"swanctl/{name}.conf", f"swanctl/{name}.secrets.conf", f"ipsec/keep.d/{name}"):
                self.write(path)
            self.write(f"ipsec/acl.d/{name}.nft")
        self.write("units/squid.service.d/service-store.conf")
        self.write("squid.conf")

    def write(self, path: str) -> None:
        """Put a file where a role would have."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text("as a role wrote it\n")

    def files(self) -> set[str]:
        """Return the files that are left, by their path."""
        parts = [self.folder / name for name in ("swanctl", "ipsec", "units", "squid.conf")]
        found = [path for part in parts for path in [part, *part.rglob("*")] if path.is_file()]
        return {str(path.relative_to(self.folder)) for path in found}

    def commands(self) -> str:
        """Return what was called."""
        return self.log.read_text() if self.log.exists() else ""


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
        #: Where notices are noted: a store of their own, as beside AWX's, which is read-only.
        self.noted = {**self.option, "path": str(folder / "notices.json")}
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

    def note(self, credential: str) -> None:
        """Note that a notice about a credential went out."""
        noted = {"credential": credential, "about": "due", "channel": "mail", "secret_store": self.noted}
        assert run_module("credential_notice", noted)["changed"]

    def run(self, *arguments: str, customer: str | None = "acme", path: str | None = None) -> Run:
        env = {"ANSIBLE_LOG_PATH": str(self.folder / "ansible.log"), "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
        env.update({"PATH": path} if path else {})
        variables: dict[str, Any] = {
            "service_store_secret_store": self.option,
            "service_store_notify_store": self.noted,
        }
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
    notices = open_store(site.noted, lambda *values: None)
    for name in ("acme-aws", "acme-rotator", "globex-aws"):
        site.note(name)
    assert site.run(customer="acmee").status != 0
    assert site.store.names() == ALL

    checked = site.run("--check")
    assert checked.status == 0, checked.output[-4000:]
    assert "Would be removed" in checked.output and "key AKIAOFFBOARDAAAAAAA1" in checked.output
    assert site.store.names() == ALL and len(notices.names()) == 3
    assert not (site.register / "archive").exists() and site.entries("acme-api") == {"192.0.2.1/32", "198.51.100.7/32"}

    gone = site.run()
    assert gone.status == 0, gone.output[-6000:]
    assert site.store.names() == ("globex-aws",) and notices.names() == ("globex-aws.notice",)
    assert site.entries("acme-api") == {"198.51.100.7/32"}
    assert site.entries("globex-api") == {"192.0.2.1/32", "198.51.100.7/32"}
    assert changed(gone).get("globex-aws", 0) == 0
    told = site.evidence()
    assert told["complete"] and told["finished_at"] and not (site.register / "acme.yml").exists()
    assert Path(told["archive"]).read_text().startswith("customer: acme")
    aws, cloud = states(told, "acme-aws"), states(told, "acme-cloudstack")
    assert aws["key AKIAOFFBOARDAAAAAAA1"] == "removed" and aws["record acme-aws"] == "removed"
    assert aws["entry 192.0.2.1/32 tcp/443"] == "removed"
    assert (aws["notices about acme-aws"], cloud["notices about acme-rotator"]) == ("removed", "removed")
    assert f"at encrypted_file {site.noted['path']}" in told["text"]
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


@pytest.mark.long
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


@pytest.mark.long
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
    again = site.run()
    assert again.status != 0 and states(site.evidence(), "gw") == {"tunnel acme-cloudstack": "remained"}
    assert states(site.evidence(), "acme-cloudstack")["key offboard-api-key"] == "removed", again.output[-4000:]
    assert "credential acme-cloudstack" not in states(site.evidence(), "acme-cloudstack")
    assert "Connection refused" in json.dumps(told["subjects"]["gw"]) or "ssh" in json.dumps(told["subjects"]["gw"])


ALONE = """\
  - name: {name}
    provider: {provider}
    endpoints: {{{service}: "{url}"}}
    ca_file: {ca_file}
    credential: {name}
    rotation: {{rotator: {rotator}}}
    access: [{{method: api_source_restriction, store_servers: [s1]}}]
"""


@pytest.mark.long
def test_a_rotator_that_is_also_an_accounts_credential_dies_after_the_keys_that_it_manages(site: Site) -> None:
    """At the provider's CloudStack a dead rotator could end no other key, and a pair cannot end itself unseen."""
    cloud = CLOUDSTACK_ACCOUNT.format(url=site.cloudstack.url, ca_file=site.cloudstack.ca_file)
    own = cloud.replace("name: acme-cloudstack", "name: acme-before").replace(
        "    credential: acme-cloudstack\n    rotation: {rotator: acme-rotator}\n", "    credential: acme-rotator\n"
    )
    (site.register / "acme.yml").write_text(f"customer: acme\ncloud_accounts:\n{own}{cloud}")
    gone = site.run()
    assert gone.status == 0 and site.store.names() == ("acme-aws", "globex-aws"), gone.output[-6000:]
    told = site.evidence()
    assert states(told, "acme-before")["key rotator-api-key"] == "removed"
    assert states(told, "acme-cloudstack")["key offboard-api-key"] == "removed"
    ends = {row["what"]: row["at"] for name in ("acme-before", "acme-cloudstack") for row in told["subjects"][name]}
    assert ends["key offboard-api-key"] <= ends["key rotator-api-key"]


@pytest.mark.long
def test_a_users_password_is_forgotten_and_asked_for_while_any_other_wrong_rotator_fails(site: Site) -> None:
    """The accounts' own keys are gone already, so that nothing is asked of their clouds."""
    at = {"url": "https://127.0.0.1:9/x", "ca_file": site.aws.ca_file}
    password = ALONE.format(name="acme-os", provider="openstack", service="identity", rotator="acme-password", **at)
    strange = ALONE.format(name="acme-cs", provider="cloudstack", service="api", rotator="acme-aws", **at)
    (site.register / "acme.yml").write_text(f"customer: acme\ncloud_accounts:\n{password}{strange}")
    fields = {
        "username": "ops",
        "user_domain_name": "acme",
        "project_name": "acme",
        "password": "canary-Zt7!pQ4#xv9LmR",
    }
    site.store.put("acme-password", parse("acme-password", "openstack", fields).record())
    gone = site.run()
    assert gone.status != 0 and "is registered for aws, not for cloudstack" in gone.output, gone.output[-6000:]
    assert "acme-aws" in site.store.names() and "acme-password" not in site.store.names()
    told = site.evidence()
    assert states(told, "acme-os")["credential acme-password"] == "asked"
    assert states(told, "acme-cs")["credential acme-aws"] == "remained" and not told["complete"]
    assert fields["password"] not in gone.output


@pytest.mark.long
def test_a_proxy_host_loses_the_customers_tunnel_and_proxy_and_keeps_the_others(site: Site) -> None:
    """The keys are gone already, so that nothing is asked of the clouds behind the tunnels."""
    host = Host(site.folder.parent / "host")
    (site.register / "service_store.yml").write_text(OPERATOR + PROXY_HOST.format(python=sys.executable))
    for customer, address, egress in (("acme", "10.20.0.5", "egress: p1"), ("globex", "10.30.0.5", "")):
        account = CLIENT.format(name=f"{customer}-cs", address=address, egress=egress)
        (site.register / f"{customer}.yml").write_text(f"customer: {customer}\ncloud_accounts:\n{account}")
        run_module("vpn_psk", {"name": f"{customer}-cs-psk", "secret_store": site.option})
    arguments = ("-e", json.dumps(host.variables))
    before = host.files()

    checked = site.run("--check", *arguments, path=host.path)
    assert checked.status == 0, checked.output[-4000:]
    assert "p1: tunnel acme-cs" in checked.output and "pre-shared key acme-cs-psk" in checked.output
    assert host.files() == before and host.commands() == "" and "acme-cs-psk" in site.store.names()

    gone = site.run(*arguments, path=host.path)
    assert gone.status == 0, gone.output[-6000:]
    assert before - host.files() == {one for one in before if "acme-cs" in one} | {
        "units/squid.service.d/service-store.conf",
        "squid.conf",
    }
    called = host.commands()
    assert "swanctl --terminate --ike acme-cs" in called and re.search(r"delete table inet \S*acme", called), called
    assert "systemctl --quiet disable --now squid.service" in called and "globex" not in called
    told = site.evidence()
    assert told["complete"] and not (site.register / "acme.yml").exists()
    assert states(told, "p1") == {"tunnel acme-cs": "removed", "targets of the forward proxy": "removed"}
    account = states(told, "acme-cs")
    assert account["pre-shared key acme-cs-psk"] == "removed" and account["tunnel acme-cs"] == "asked"
    assert account["allowlist of acme-cs-front"] == "asked"
    assert "globex-cs-psk" in site.store.names() and "acme-cs-psk" not in site.store.names()
