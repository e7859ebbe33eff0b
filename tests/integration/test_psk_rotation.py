# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel's key is changed at both ends while a ping and a download run through it, with charon at both ends."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model import psk_rotation
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support import ipsec_traffic
from tests.support.ipsec_pair import FAR, NEAR, TUNNEL, Pair, connection, inventory_variables, pair
from tests.support.module import run_module
from tests.support.playbook import Run, run_playbook
from tests.support.vpn import new_key, seconds_until

# Each test runs the role several times on two hosts of its own: minutes.
pytestmark = pytest.mark.long

KEY, ACCOUNT = "globex-vpn", "globex-os"
#: What the issue allows where only one end can take both keys.
MOST_LOST = 3
#: Long enough to be refused, short enough to wait for.
REAUTHENTICATE_S = 20
FILE = f"/etc/swanctl/conf.d/{TUNNEL}.secrets.conf"


@dataclass
class Ends:
    """Both ends of one tunnel, the store of our end, and who takes a key at the other end."""

    pair: Pair
    folder: Path
    option: dict[str, Any]

    @property
    def record(self) -> dict[str, Any]:
        return dict(open_store(self.option, lambda *values: None).get(KEY))

    @property
    def keys(self) -> dict[str, str]:
        return psk_rotation.keys(self.record)

    def role(self, host: str, *keys: str, tasks_from: str = "main", **options: Any) -> dict[str, Any]:
        """A play with the role ipsec; the first key is the one that the host shows."""
        variables = {
            "ipsec_connections": [connection(host, targets=ipsec_traffic.TARGETS)],
            "ipsec_secrets": {TUNNEL: keys[0]},
            "ipsec_secrets_also": {TUNNEL: keys[1]} if len(keys) > 1 else {},
            "ipsec_verify": False,
            "ipsec_verify_timeout_s": REAUTHENTICATE_S,
            **options,
        }
        task = {"ansible.builtin.include_role": {"name": "strategic.service_store.ipsec", "tasks_from": tasks_from}}
        return {"hosts": host, "gather_facts": False, "vars": variables, "tasks": [task]}

    def play(self, *plays: dict[str, Any]) -> Run:
        (self.folder / "play.json").write_text(json.dumps(plays))
        return self.run("play.json")

    def rotate(self, *arguments: str) -> Run:
        return self.run("strategic.service_store.rotate_vpn", *arguments)

    def run(self, playbook: str, *arguments: str) -> Run:
        (self.folder / "inventory.json").write_text(json.dumps(self._inventory()))
        return run_playbook(
            playbook,
            self.folder,
            *("-i", "inventory.json", "--diff", *arguments),
            variables={
                "service_store_secret_store": self.option,
                "service_store_rendered_dir": str(self.folder / "rendered"),
                "service_store_reauthenticate_s": REAUTHENTICATE_S,
            },
            env={"CONTAINERS_CONF": str(self.pair.podman.conf)},
            watch=False,
        )

    def staff_puts_in(self, key: str) -> str:
        """Let the other end's staff put a key in with what was rendered for it."""
        script = (self.folder / "rendered" / "next" / TUNNEL / "put-key.sh").read_text()
        self.pair.podman.exec(FAR, "/bin/sh", "-c", "cat > /root/put-key.sh", data=script)
        self.pair.podman.exec(FAR, "/bin/sh", "-c", "cat > /root/key; chmod 0600 /root/key", data=key)
        return self.pair.shell(FAR, "sh /root/put-key.sh < /root/key && swanctl --load-creds --noprompt; rm /root/key")

    def settle(self) -> None:
        """Have one key at both ends, the store's, and the tunnel up with it."""
        store = open_store(self.option, lambda *values: None)
        (key, *_others) = self.keys.values()
        store.put(KEY, psk_rotation.alone(self.record))
        done = self.play(self.role(FAR, key), self.role(NEAR, key))
        assert done.status == 0, done.output[-3000:]
        self.pair.shell(NEAR, f"swanctl --initiate --child {TUNNEL} --timeout 10")
        seconds_until(lambda: self.pair.state(NEAR)["up"] and len(self.pair.ike_ids(NEAR)) == 1, 60, self.logs)

    def logs(self) -> str:
        return "\n".join(f"== {host}\n{self.pair.log(host)}" for host in (NEAR, FAR))

    def _inventory(self) -> dict[str, Any]:
        """What the register's inventory says of a gateway and an account, as far as the playbook reads it."""
        reached = {
            **inventory_variables(self.pair.podman),
            "ansible_remote_tmp": "/root/.ansible/tmp",
            "ansible_pipelining": True,
        }
        ours = connection(NEAR, targets=ipsec_traffic.TARGETS, account=ACCOUNT)
        own = {"service_store_ipsec_connections": [ours], "service_store_ipsec_keys": {TUNNEL: KEY}}
        public = self.folder / "staff.pem"
        account = {
            "service_store_customer": "globex",
            "service_store_provider": "openstack",
            "service_store_handover_to": {
                "method": "hpke",
                "recipient": {"name": "netops@globex.example", "public_key_file": str(public)},
            },
        }
        gateways = {"hosts": {NEAR: {**reached, **own}}}
        accounts = {"hosts": {ACCOUNT: {"ansible_connection": "local", **account}}}
        children = {"store_gateways": gateways, "cloud_accounts": accounts, "staff": {"hosts": {FAR: reached}}}
        return {"all": {"children": children}}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    folder = tmp_path_factory.mktemp("psk")
    (folder / "store.key").write_bytes(base64.b64encode(os.urandom(32)))
    (folder / "store.key").chmod(0o600)
    option = {"type": "encrypted_file", "path": str(folder / "s.json"), "auth": {"key_file": str(folder / "store.key")}}
    key = ["openssl", "genpkey", "-algorithm", "X25519", "-out", str(folder / "staff.key")]
    subprocess.run(key, check=True, capture_output=True)
    public = ["openssl", "pkey", "-in", str(folder / "staff.key"), "-pubout", "-out", str(folder / "staff.pem")]
    subprocess.run(public, check=True, capture_output=True)
    with pair(folder) as made:
        ends = Ends(made, folder, option)
        run_module("vpn_psk", {"name": KEY, "secret_store": option})
        ends.settle()
        ipsec_traffic.serve(made)
        yield ends


@pytest.fixture
def ends(up: Ends) -> Ends:
    """The tunnel up, with one key at both ends."""
    if up.keys.keys() != {"psk"} or not up.pair.state(NEAR)["up"]:
        up.settle()
    return up


def opened(ends: Ends) -> str:
    """The key that the staff finds in its bundle, in its own store."""
    own = {**ends.option, "path": str(ends.folder / "staff.json")}
    arguments = {
        "state": "opened",
        "name": "service-store",
        "path": str(ends.folder / "rendered" / "next" / f"{TUNNEL}.psk.sealed"),
        "key_file": str(ends.folder / "staff.key"),
        **{"customer": "globex", "account": KEY, "purpose": "psk", "secret_store": own},
    }
    run_module("secret_handover", arguments)
    key: str = open_store(own, lambda *values: None).get("service-store")["secrets"]["psk"]
    return key


def test_the_playbook_changes_the_key_and_the_traffic_does_not_notice(ends: Ends) -> None:
    former, before = ends.keys["psk"], ends.pair.ike_ids(NEAR)
    ipsec_traffic.begin(ends.pair)
    first = ends.rotate("-e", "service_store_rotate_now=true")
    assert first.status == 0, first.output[-4000:]
    assert "does not have the new key" in first.output and "netops@globex.example" in first.output
    assert ends.pair.ike_ids(NEAR) == before and ends.keys["psk"] == former
    key = opened(ends)
    assert key == ends.keys["psk_next"]
    assert "put in" in ends.staff_puts_in(key)
    second = ends.rotate()
    traffic = ipsec_traffic.end(ends.pair)
    print(f"key changed at both ends by the playbook: {traffic}")
    assert second.status == 0, second.output[-4000:] + ends.logs()
    assert ends.keys == {"psk": key} and min(ends.pair.ike_ids(NEAR)) > max(before)
    assert traffic.lost <= MOST_LOST and not traffic.download["broken"], (traffic, ends.logs())
    third = ends.rotate()
    assert third.status == 0 and f"{NEAR}" in third.output and "changed=0 " in third.output, third.output[-2000:]
    assert not (ends.folder / "rendered" / "next" / TUNNEL).exists()
    for secret in (former, key):
        assert not [run for run in (first, second, third) if secret in run.output]
        assert base64.b64encode(secret.encode()).decode() not in first.output + second.output + third.output


def test_with_both_keys_at_both_ends_no_packet_is_lost(ends: Ends) -> None:
    old, new = ends.keys["psk"], new_key()
    ipsec_traffic.begin(ends.pair)
    before = ends.pair.ike_ids(NEAR)
    try:
        done = ends.play(ends.role(FAR, old, new), ends.role(NEAR, old, new))
        assert done.status == 0 and ends.pair.ike_ids(NEAR) == before, done.output[-3000:]
        done = ends.play(ends.role(NEAR, new, old), ends.role(NEAR, new, tasks_from="reauthenticate"))
        assert done.status == 0, done.output[-3000:] + ends.logs()
        between = ends.pair.ike_ids(NEAR)
        assert min(between) > max(before)
        # Only now does the far end show the new key, and then both forget the old one.
        done = ends.play(ends.role(FAR, new), ends.role(NEAR, new), ends.role(NEAR, new, tasks_from="reauthenticate"))
        assert done.status == 0 and min(ends.pair.ike_ids(NEAR)) > max(between), done.output[-3000:] + ends.logs()
    finally:
        traffic = ipsec_traffic.end(ends.pair)
        print(f"key changed at both ends, each taking both keys: {traffic}")
        ends.settle()
    assert traffic.lost <= MOST_LOST and not traffic.download["broken"], (traffic, ends.logs())


def test_a_key_that_one_end_alone_has_breaks_the_next_authentication_and_not_the_tunnel(ends: Ends) -> None:
    before = ends.pair.ike_ids(NEAR)
    alone = new_key()
    try:
        done = ends.play(ends.role(NEAR, alone), ends.role(NEAR, alone, tasks_from="reauthenticate"))
        assert done.status != 0 and "Cause: authentication failed" in done.output
        assert alone not in done.output
        # The IKE_SA that stood stands: nobody was cut off by the question.
        assert ends.pair.ike_ids(NEAR) == before and ends.pair.state(NEAR)["up"]
        ends.pair.shell(NEAR, f"swanctl --terminate --ike {TUNNEL}")
        done = ends.play(ends.role(NEAR, alone, ipsec_verify=True, ipsec_verify_timeout_s=6))
        assert done.status != 0 and "Cause: authentication failed" in done.output
    finally:
        ends.settle()


def test_a_run_goes_on_from_where_a_killed_one_stopped_and_then_the_old_key_is_refused(ends: Ends) -> None:
    old = ends.keys["psk"]
    successor = new_key()
    store = open_store(ends.option, lambda *values: None)
    try:
        # Killed after our end was told to take the successor alone, while the other end does not have it.
        run_module("vpn_psk", {"name": KEY, "state": "next", "secret_store": ends.option})
        begun = ends.record
        store.put(KEY, {**begun, "secrets": {"psk": old, "psk_next": successor}})
        assert ends.play(ends.role(NEAR, successor)).status == 0
        done = ends.rotate()
        assert done.status == 0 and "does not have the new key" in done.output, done.output[-3000:]
        shown = ends.pair.shell(NEAR, f"grep secret {FILE} | tail -1")
        assert base64.b64encode(old.encode()).decode() in shown and ends.pair.state(NEAR)["up"]
        # Killed between the switch in the store and the end, with both keys still at our end.
        assert "put in" in ends.staff_puts_in(successor)
        store.put(KEY, psk_rotation.switched(ends.record))
        assert ends.play(ends.role(NEAR, successor, old)).status == 0
        done = ends.rotate()
        assert done.status == 0 and ends.keys == {"psk": successor}, done.output[-3000:]
        # The old key is good for nothing any more, whoever starts.
        assert ends.play(ends.role(FAR, old)).status == 0
        done = ends.play(ends.role(NEAR, successor, tasks_from="reauthenticate"))
        assert done.status != 0 and "Cause: authentication failed" in done.output
    finally:
        ends.settle()


def test_a_key_of_another_peer_does_not_let_one_in_under_this_ones_name(ends: Ends) -> None:
    key, others = ends.keys["psk"], new_key()
    second = connection(NEAR, name="second", remote={"address": "10.206.0.13", "inside_address": "10.206.3.10"})
    second["targets"] = [{"name": "api", "address": "10.206.3.10", "port": 8080}]
    both = {"ipsec_connections": [connection(NEAR, targets=ipsec_traffic.TARGETS), second]}
    before = ends.pair.ike_ids(NEAR)
    try:
        done = ends.play(ends.role(NEAR, key, **both, ipsec_secrets={TUNNEL: key, "second": others}))
        assert done.status == 0 and ends.pair.ike_ids(NEAR) == before, done.output[-3000:]
        # The far end takes our key, and shows the one of the other peer.
        done = ends.play(ends.role(FAR, others, key), ends.role(NEAR, key, tasks_from="reauthenticate"))
        assert done.status != 0 and "Cause: authentication failed" in done.output, done.output[-3000:] + ends.logs()
    finally:
        gone = {"ipsec_connections": [second], "ipsec_state": "absent"}
        assert ends.play(ends.role(NEAR, key, **gone)).status == 0
        ends.settle()
