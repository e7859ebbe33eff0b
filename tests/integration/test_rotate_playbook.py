# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate, as loud as Ansible can be: what is due is replaced, the rest is left alone, nothing leaks."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse, parse_record
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.session import AwsSession
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from tests.support.leaks import assert_kept, assert_nothing_leaked
from tests.support.playbook import Run
from tests.support.servers import LabServer, StartServer
from tests.support.site import Site

REGION = "eu-west-2"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
KEYS = {"acme-old": "AKIAROTATEAAAAAAAAA1", "acme-new": "AKIAROTATEAAAAAAAAA2"}
SECRETS = {name: f"canary+{name}/0123456789abcdef0123456789" for name in KEYS}
HAND = {"access_key_id": "AKIAROTATEAAAAAAAAA3", "secret_access_key": "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"}
PASSWORD = {"username": "ops", "user_domain_name": "acme", "project_name": "acme", "password": "canary-Zt7!pQ4#xv9LmR"}
APPLICATION = {"application_credential_id": "0" * 32, "application_credential_secret": "canary-openstack-0123456789abc"}
#: Its key is not due, so that nothing is asked of its Keystone, which is not there.
OPENSTACK = """\
  - name: acme-os
    provider: openstack
    endpoints: {identity: "https://127.0.0.1:9/v3"}
    credential: acme-os
    rotation: {rotator: acme-password}
    access: [{method: api_source_restriction, store_servers: [s1]}]
"""
OPERATOR = (
    "service_store: {name: rotation-test, store_servers: [{name: s1, host: 127.0.0.1, public_address: 192.0.2.1}]}"
)
ACCOUNT = """\
  - name: {name}
    provider: aws
    region: eu-west-2
    endpoints: {{sts: "{url}", iam: "{url}"}}
    ca_file: {ca_file}
    credential: {name}
    rotation: {{max_age_days: 60, warn_before_days: 10, grace_days: 7}}
    access: [{{method: api_source_restriction, store_servers: [s1]}}]
"""


class TwoAccounts(Site):
    """A register with two accounts at moto; the key of one was registered 55 days ago."""

    def __init__(self, folder: Path, server: LabServer) -> None:
        accounts = "".join(ACCOUNT.format(name=name, url=server.url, ca_file=server.ca_file) for name in KEYS)
        super().__init__(folder, OPERATOR, {"acme": "customer: acme\ncloud_accounts:\n" + accounts})
        self.access = Access({"sts": server.url}, REGION, ca_file=server.ca_file)
        for name, days in (("acme-old", 55), ("acme-new", 5)):
            self.put(name, "aws", {"access_key_id": KEYS[name], "secret_access_key": SECRETS[name]}, days)

    def share(self) -> None:
        """Let both accounts name one rotator, and add an account whose rotator is a user's password."""
        register = self.register / "acme.yml"
        text = register.read_text().replace("grace_days: 7}", "grace_days: 7, rotator: acme-hand}")
        register.write_text(text + OPENSTACK)
        self.put("acme-hand", "aws", HAND, 55)
        self.put("acme-os", "openstack", APPLICATION, 1, "rotated_at")
        self.put("acme-password", "openstack", PASSWORD, 80)


@pytest.fixture(scope="module")
def server(module_lab_server: StartServer) -> LabServer:
    users = [
        {"name": name, "access_key_id": key, "secret_access_key": SECRETS[name], "policies": {"all": ALLOW}}
        for name, key in KEYS.items()
    ]
    users.append({"name": "acme-hand", **HAND, "policies": {"all": ALLOW}})
    return module_lab_server("aws", {"region": REGION, "users": users}, args=["--which", "moto"])


@pytest.fixture
def site(server: LabServer, tmp_path: Path) -> TwoAccounts:
    server.reset()
    return TwoAccounts(tmp_path / "site", server)


def changed(run: Run) -> dict[str, int]:
    """Return how many tasks changed something, by account."""
    return {name: int(number) for name, number in re.findall(r"(acme-\w+)\s+: ok=\d+\s+changed=(\d+)", run.output)}


@pytest.mark.slow
def test_the_playbook_rotates_what_is_due_and_nothing_leaks(site: TwoAccounts) -> None:
    checked = site.run("rotate", "--check")
    assert checked.status == 0 and changed(checked) == {"acme-old": 1, "acme-new": 0}, checked.output[-3000:]
    assert site.store.names() == ("acme-new", "acme-old")
    first, second = site.run("rotate"), site.run("rotate")
    assert first.status == 0 and changed(first) == {"acme-old": 1, "acme-new": 0}, first.output[-3000:]
    assert second.status == 0 and changed(second) == {"acme-old": 0, "acme-new": 0}
    assert site.store.names() == ("acme-new", "acme-old", "acme-old.rotation")

    time.sleep(1.1)
    old = parse("acme-old", "aws", {"access_key_id": KEYS["acme-old"], "secret_access_key": SECRETS["acme-old"]})
    AwsSession(old, site.access).probe()
    tripped = site.run("rotate")
    assert tripped.status != 0 and changed(tripped) == {"acme-old": 0, "acme-new": 0}
    assert "was used at" in tripped.output and "somebody has a copy of it" in tripped.output

    secrets = site.secrets()
    assert len(secrets) == 3 and set(SECRETS.values()) < secrets
    assert_nothing_leaked(site.folder, [checked, first, second, tripped], {*secrets, site.store_key})
    assert_kept(site.folder)
    assert parse_record("acme-old", site.store.get("acme-old")).public["access_key_id"] != KEYS["acme-old"]


@pytest.mark.long
def test_a_shared_rotator_replaces_its_own_key_once_and_a_password_waits_for_its_owner(site: TwoAccounts) -> None:
    site.share()
    first = site.run("rotate")
    assert first.status == 0 and changed(first) == {"acme-old": 2, "acme-new": 0, "acme-os": 0}, first.output[-4000:]
    hand = parse_record("acme-hand", site.store.get("acme-hand"))
    assert hand.public["access_key_id"] != HAND["access_key_id"]
    AwsSession(hand, site.access).probe()
    said = " ".join(first.output.split())
    assert "The rotator acme-password, which replaces the keys of acme-os, is due and was not replaced" in said
    assert "have the customer change it, and register it with strategic.service_store.cloud_credential" in said

    second = site.run("rotate")
    assert second.status == 0 and changed(second) == {"acme-old": 0, "acme-new": 0, "acme-os": 0}
    site.put("acme-password", "openstack", PASSWORD, 100)
    late = site.run("rotate")
    assert late.status != 0 and re.findall(r"^(\S+)\s+: ok=.*failed=1", late.output, re.M) == ["acme-os"]
    assert "acme-password, which replaces the keys of acme-os, is overdue" in " ".join(late.output.split())
    secrets = {HAND["secret_access_key"], PASSWORD["password"], *site.secrets()}
    assert_nothing_leaked(site.folder, [first, second, late], secrets)


@pytest.mark.slow
def test_an_accounts_key_that_rotates_others_is_replaced_after_theirs(site: TwoAccounts) -> None:
    register = site.register / "acme.yml"
    own, others = register.read_text().split("  - name: acme-new")
    register.write_text(f"{own}  - name: acme-new{others.replace('grace_days: 7', 'grace_days: 7, rotator: acme-old')}")
    run = site.run("rotate", "-e", "service_store_rotate_now=true", loud=False)
    assert run.status == 0 and changed(run) == {"acme-old": 1, "acme-new": 1}, run.output[-4000:]
    before, after = run.output.split("PLAY [Rotate | Credentials that are also the rotators of others]")
    assert "changed: [acme-new]" in before and "changed: [acme-old]" not in before
    assert "changed: [acme-old]" in after and "changed: [acme-new]" not in after


@pytest.mark.slow
def test_onboard_registers_the_rotators_whose_files_are_given(site: TwoAccounts) -> None:
    site.share()
    site.store.delete("acme-hand")
    site.keep("acme-hand.json", json.dumps(HAND))
    only = ["--limit", "acme-old,acme-new"]
    first, second = site.run("onboard", *only), site.run("onboard", *only, loud=False)
    assert first.status == 0 and "changed: [acme-old] => (item=acme-hand)" in first.output, first.output[-4000:]
    assert second.status == 0 and changed(second) == {"acme-old": 0, "acme-new": 0}, second.output[-4000:]
    assert parse_record("acme-hand", site.store.get("acme-hand")).public["access_key_id"] == HAND["access_key_id"]
    assert_nothing_leaked(site.folder, [first], [HAND["secret_access_key"]])
    assert HAND["secret_access_key"] not in second.output
