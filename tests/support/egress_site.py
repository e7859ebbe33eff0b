# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two accounts that are used through an egress whose address changes, with servers that enforce true source addresses.

They are ministack (IAM's deny), moto (security groups) and the CloudStack emulator (its list of sources).
"""

from __future__ import annotations

import base64
import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import provider
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

from .module import run_module
from .nat import WayOut
from .playbook import Run, run_playbook
from .servers import LabServer, StartServer

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
{hosts}"""
HOST = """\
    - name: {name}
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
        scopes: [{{scope: {{kind: security_group, name: api}}, entries: [{{store_servers: [{all}], ports: "443"}}]}}]
      - {{method: api_source_restriction, store_servers: [{all}], services: [sts, iam]}}
  - name: acme-cs
    provider: cloudstack
    endpoints: {{api: "{cloud}/client/api"}}
    ca_file: {ca_file}
    credential: acme-cs
    egress: {last}
    access:
      - method: allowlist
        scopes: [{{scope: {{kind: security_group, name: api}}, entries: [{{store_servers: [{all}], ports: "443"}}]}}]
      - {{method: api_source_restriction, store_servers: [{all}]}}
"""


class Site:
    """A register with two accounts, used through the first and the last store server, and the ways these leave by."""

    def __init__(self, folder: Path, ways: Sequence[WayOut], servers: Sequence[LabServer]) -> None:
        """``servers`` are moto, ministack and CloudStack; each of ``ways`` is a store server: s1, s2, ..."""
        self.folder, self.ways = folder, ways
        moto, ministack, cloud = servers
        self.ca_file = moto.ca_file
        self.register = folder / "register"
        self.register.mkdir(parents=True)
        names = ", ".join(f"s{number}" for number, _way in enumerate(ways, 1))
        urls = {"ministack": ministack.url, "moto": moto.url, "cloud": cloud.url, "ca_file": moto.ca_file}
        (self.register / "acme.yml").write_text(ACCOUNTS.format(**urls, all=names, last=f"s{len(ways)}"))
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
        self.declare(*((way.address,) for way in ways))

    @property
    def way(self) -> WayOut:
        """The first one; the only one, unless a test asks for more."""
        return self.ways[0]

    def declare(self, *hosts: Sequence[str]) -> None:
        """Write the operator's part of the register: each host's public address, and those it moves from."""
        rows = [
            HOST.format(
                name=f"s{number}",
                port=way.port,
                address=address,
                moving=f"moving_from: [{', '.join(former)}]" if former else "",
                python=sys.executable,
            )
            for number, (way, (address, *former)) in enumerate(zip(self.ways, hosts, strict=True), 1)
        ]
        text = OPERATOR.format(echo=self.way.echo, echo_ca=self.way.ca_file, hosts="".join(rows))
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
            ca_file=self.ca_file,
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

    def _asked(self, account: str) -> dict[str, Any]:
        """Return the options with which a module looks at an account."""
        shared = {"credential": account, "secret_store": self.option, "store": "move-test", "proxy": self.way.proxy}
        return {**self.options[account], **shared, "ca_file": self.ca_file}

    def cidrs(self, account: str) -> set[str]:
        """Return the prefixes that an account's security group holds."""
        lists = [{"scope": {"kind": "security_group", "name": "api"}}]
        found = run_module("access_allowlist_info", {**self._asked(account), "allowlists": lists})
        return {row["cidr"] for row in found["allowlists"][0]["entries"]}

    def lists(self, account: str) -> tuple[set[str], set[str]]:
        """Return the addresses that the allowlist and the source restriction of an account hold."""
        restricted = run_module("api_source_restriction_info", self._asked(account))["addresses"]
        return tuple({cidr.partition("/")[0] for cidr in cidrs} for cidrs in (self.cidrs(account), restricted))


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
                self.lost += [why] if (why := self._asked(account)) else []

    def _asked(self, account: str) -> str:
        try:
            return self._site.works(account)
        except Exception as exc:
            # Whatever it is, the account was not in reach; and the watch goes on.
            return f"{account}: {exc!r}"

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(120)


def changed(run: Run) -> dict[str, int]:
    """Return how many tasks changed something, by account."""
    found = re.findall(r"^(acme-\w+)\s+: ok=\d+\s+changed=(\d+)", run.output, re.M)
    return {name: int(number) for name, number in found}


def words(run: Run) -> str:
    """Return what was printed as one line, since Ansible folds long ones."""
    return " ".join(run.output.split())


@contextmanager
def egress_site(
    lab_server: StartServer,
    folder: Path,
    allowed: Sequence[str] = ("listConfigurations", "updateConfiguration"),
    hosts: int = 1,
) -> Iterator[Site]:
    """Start the servers; ``allowed`` is what CloudStack's role lets the store's user call beyond what everybody may."""
    user = {"name": "store", **AWS, "policies": {"all": ALLOW}}
    users = {"account": "123456789012", "region": REGION, "users": [user]}
    group = {"name": "api", "description": "the API", "vpc_cidr": "10.0.0.0/16"}
    home = folder / "servers"
    moto = lab_server("aws", {**users, "security_groups": [group]}, home, args=["--which", "moto"])
    ministack = lab_server("aws", users, home, args=["--which", "ministack"])
    account = {
        "name": "acme",
        "role": "Delegate",
        "users": [{"username": "store", "apikey": CLOUD["api_key"], "secretkey": CLOUD["secret_key"]}],
        "security_groups": [{"name": "api"}],
    }
    roles = {"Delegate": {"type": "User", "allow": list(allowed)}}
    cloud = lab_server("cloudstack", {"job_delay_s": 0, "roles": roles, "accounts": [account]}, home)
    with ExitStack() as stack:
        ways = [stack.enter_context(WayOut(OLD, folder / f"way{number}")) for number in range(hosts)]
        yield Site(folder / "site", ways, [moto, ministack, cloud])
