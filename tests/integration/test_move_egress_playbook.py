# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook move_egress: the store's address changes, and at no moment is an API out of its reach.

The APIs of ministack (IAM's deny) and the CloudStack emulator (its list of sources) enforce true source addresses here.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.module import run_module
from tests.support.nat import WayOut
from tests.support.playbook import Run, run_playbook
from tests.support.servers import LabServer, StartServer

OLD, NEW = "127.0.0.2", "127.0.0.3"
REGION = "eu-west-2"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
AWS = {"access_key_id": "AKIAMOVEEGRESSAAAAA1", "secret_access_key": "Zt6+mR3vWq8/LxK2bGn9YjP4sEd7HfC5uAo1TiXe"}
CLOUD = {"api_key": "move-api-key", "secret_key": "pH3nXv8LrW2cYjT6mZs9DfA4uEo7KiBtQ5gRw1TxM0"}
OPERATOR = """\
service_store:
  name: move-test
  address_echo: {{url: "{echo}", ca_file: {echo_ca}}}
  store_servers:
    - name: s1
      host: 127.0.0.1
      store_address: 127.0.0.1
      proxy_port: {port}
      public_address: {address}
      {moving}
      vars: {{ansible_connection: local, ansible_python_interpreter: "{python}"}}
"""
ACCOUNTS = """\
customer: acme
cloud_accounts:
  - name: acme-aws
    provider: aws
    region: eu-west-2
    endpoints: {{sts: "{ministack}", iam: "{ministack}", s3: "{ministack}", ec2: "{moto}"}}
    ca_file: {ca_file}
    credential: acme-aws
    egress: s1
    access:
      - method: allowlist
        scopes: [{{scope: {{kind: security_group, name: api}}, entries: [{{store_servers: [s1], ports: "443"}}]}}]
      - {{method: api_source_restriction, store_servers: [s1], services: [sts, iam]}}
  - name: acme-cs
    provider: cloudstack
    endpoints: {{api: "{cloud}/client/api"}}
    ca_file: {ca_file}
    credential: acme-cs
    egress: s1
    access:
      - method: allowlist
        scopes: [{{scope: {{kind: security_group, name: api}}, entries: [{{store_servers: [s1], ports: "443"}}]}}]
      - {{method: api_source_restriction, store_servers: [s1]}}
"""


class Site:
    """A register with two accounts that are used through one egress, and the way that this leaves by."""

    def __init__(self, folder: Path, way: WayOut, moto: LabServer, ministack: LabServer, cloud: LabServer) -> None:
        self.folder, self.way, self.moto, self.cloud = folder, way, moto, cloud
        self.register = folder / "register"
        self.register.mkdir(parents=True)
        urls = {"ministack": ministack.url, "moto": moto.url, "cloud": cloud.url, "ca_file": moto.ca_file}
        (self.register / "acme.yml").write_text(ACCOUNTS.format(**urls))
        (folder / "service_store.inventory.yml").write_text("plugin: strategic.service_store.register\n")
        key = folder.parent / "key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        self.option = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(key)}}
        store = open_store(self.option, lambda *values: None)
        self.keys = {"acme-aws": parse("acme-aws", "aws", AWS), "acme-cs": parse("acme-cs", "cloudstack", CLOUD)}
        for name, credential in self.keys.items():
            store.put(name, {**credential.record(), "meta": {"registered_at": "2026-11-01T00:00:00Z"}})
        aws = {"provider": "aws", "region": REGION, "endpoints": dict.fromkeys(("sts", "iam", "s3"), ministack.url)}
        aws["endpoints"] = {**aws["endpoints"], "ec2": moto.url}
        self.options: dict[str, dict[str, Any]] = {
            "acme-aws": aws,
            "acme-cs": {"provider": "cloudstack", "endpoints": {"api": f"{cloud.url}/client/api"}},
        }
        self.declare(OLD)

    def declare(self, address: str, *former: str) -> None:
        """Write the operator's part of the register."""
        text = OPERATOR.format(
            echo=self.way.echo,
            echo_ca=self.way.ca_file,
            port=self.way.port,
            address=address,
            moving=f"moving_from: [{', '.join(former)}]" if former else "",
            python=sys.executable,
        )
        (self.register / "service_store.yml").write_text(text)

    def run(self, name: str, *arguments: str) -> Run:
        env = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
        options = ["-i", str(self.folder / "service_store.inventory.yml"), "--diff", *arguments]
        rendered = self.folder / "rendered"
        rendered.mkdir(exist_ok=True)
        variables = {"service_store_secret_store": self.option, "service_store_rendered_dir": str(rendered)}
        playbook = f"strategic.service_store.{name}"
        return run_playbook(playbook, self.folder, *options, variables=variables, env=env, watch=False)

    def access(self, account: str) -> Access:
        """Return how the account is reached by way of the egress, without a second try."""
        options = self.options[account]
        return Access(
            options["endpoints"],
            options.get("region", ""),
            proxy=self.way.proxy,
            ca_file=self.moto.ca_file,
            retry=Retry(0),
        )

    def works(self, account: str) -> str:
        """Return why a signed call by way of the egress does not work; nothing where it does."""
        known = provider(self.options[account]["provider"])
        try:
            known.open(self.keys[account], self.access(account)).probe()
        except ProviderError as exc:
            return f"{account}: {exc}"
        return ""

    def lists(self, account: str) -> tuple[set[str], set[str]]:
        """Return the addresses that the allowlist and the source restriction of an account hold."""
        shared = {"credential": account, "secret_store": self.option, "store": "move-test", "proxy": self.way.proxy}
        options = {**self.options[account], **shared, "ca_file": self.moto.ca_file}
        scopes = [{"scope": {"kind": "security_group", "name": "api"}}]
        held = run_module("access_allowlist_info", {**options, "allowlists": scopes})["allowlists"][0]["entries"]
        restricted = run_module("api_source_restriction_info", options)["addresses"]
        return {row["cidr"].partition("/")[0] for row in held}, {cidr.partition("/")[0] for cidr in restricted}


class Watch:
    """Uses both accounts the whole time; ``lost`` are the calls that did not work."""

    def __init__(self, site: Site) -> None:
        self._site, self._over = site, threading.Event()
        self.lost: list[str] = []
        self.calls = 0
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def _go_on(self) -> None:
        while not self._over.wait(1):
            for account in self._site.keys:
                self.calls += 1
                self.lost += [why] if (why := self._site.works(account)) else []

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(30)


@pytest.fixture
def site(lab_server: StartServer, tmp_path: Path) -> Iterator[Site]:
    user = {"name": "store", **AWS, "policies": {"all": ALLOW}}
    users = {"account": "123456789012", "region": REGION, "users": [user]}
    group = {"name": "api", "description": "the API", "vpc_cidr": "10.0.0.0/16"}
    servers = tmp_path / "servers"
    moto = lab_server("aws", {**users, "security_groups": [group]}, servers, args=["--which", "moto"])
    ministack = lab_server("aws", users, servers, args=["--which", "ministack"])
    role = {"Delegate": {"type": "User", "allow": ["listConfigurations", "updateConfiguration"]}}
    account = {
        "name": "acme",
        "role": "Delegate",
        "users": [{"username": "store", "apikey": CLOUD["api_key"], "secretkey": CLOUD["secret_key"]}],
        "security_groups": [{"name": "api"}],
    }
    cloud = lab_server("cloudstack", {"job_delay_s": 0, "roles": role, "accounts": [account]}, servers)
    with WayOut(OLD, tmp_path / "way") as way:
        yield Site(tmp_path / "site", way, moto, ministack, cloud)


def changed(run: Run) -> dict[str, int]:
    """Return how many tasks changed something, by account."""
    found = re.findall(r"^(acme-\w+)\s+: ok=\d+\s+changed=(\d+)", run.output, re.M)
    return {name: int(number) for name, number in found}


def words(run: Run) -> str:
    """Return what was printed as one line, since Ansible folds long ones."""
    return " ".join(run.output.split())


@pytest.mark.slow
def test_the_store_moves_and_is_never_out_of_reach(site: Site) -> None:
    before = site.run("access", "--skip-tags", "prove")
    assert before.status == 0, before.output[-4000:]
    assert [site.lists(name) for name in site.keys] == [({OLD}, {OLD})] * 2
    site.declare(NEW, OLD)
    with Watch(site) as watch:
        predicted = site.run("move_egress", "--check", "--skip-tags", "prove")
        assert [site.lists(name) for name in site.keys] == [({OLD}, {OLD})] * 2, predicted.output[-3000:]

        stopped = site.run("move_egress")
        assert stopped.status != 0 and f"s1 leaves from {OLD}, and should leave from {NEW}" in words(stopped)
        assert [site.lists(name) for name in site.keys] == [({OLD, NEW}, {OLD, NEW})] * 2, stopped.output[-4000:]
        between = site.run("access", "--skip-tags", "prove")
        assert between.status == 0 and changed(between) == {"acme-aws": 0, "acme-cs": 0}, between.output[-4000:]

        site.way.address = NEW
        moved = site.run("move_egress")
        assert moved.status == 0 and changed(moved) == {"acme-aws": 2, "acme-cs": 2}, moved.output[-4000:]
        assert [site.lists(name) for name in site.keys] == [({NEW}, {NEW})] * 2
        assert f"acme-cs does without {OLD}. When every account does, take moving_from out" in words(moved)

        again = site.run("move_egress", "--skip-tags", "prove")
        assert again.status == 0 and changed(again) == {"acme-aws": 0, "acme-cs": 0}, again.output[-4000:]
    assert watch.calls > 10 and watch.lost == []


@pytest.mark.long
def test_a_move_that_does_not_work_is_told_with_what_became_of_the_old_address(site: Site) -> None:
    assert site.run("access", "--skip-tags", "prove").status == 0
    site.declare(NEW, OLD)
    # The operator's word is wrong: it still leaves from the old address, which AWS and CloudStack then refuse.
    wrong = site.run("move_egress", "--limit", "acme-aws,s1", "-e", "service_store_move_seen=true")
    assert wrong.status != 0
    assert f"acme-aws could not do without {OLD}, which could not be let in again" in words(wrong)
