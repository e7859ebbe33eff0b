# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To whom the register has secrets sealed, and the mistakes in it that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.plugin_utils.register.errors import RegisterError
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.hosts import inventory_of
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.load import read_register

from .test_register import broken, hosts, write


def handover(recipient: str, more: str = "") -> str:
    """The customer's file with a recipient for all accounts."""
    return broken("cloud_accounts:\n", f"handover: {{recipient: {{{recipient}}}{more}}}\ncloud_accounts:\n")


def test_the_recipient_of_hand_overs_is_the_customers_unless_the_account_names_its_own(tmp_path: Path) -> None:
    credential = "    credential: acme-cs\n"
    own = "    handover: {method: age, recipient: {name: cs@acme.example, public_key: age1qqq}}\n"
    text = handover("name: noc@acme.example, public_key_file: /etc/keys/acme.pem", ", ttl_s: 3600")
    register = write(tmp_path, text.replace(credential, own + credential))
    found = {host.name: host.variables for host in inventory_of(read_register(str(register))).hosts}
    shared = {"name": "noc@acme.example", "public_key_file": "/etc/keys/acme.pem"}
    assert found["acme-aws"]["service_store_handover_to"] == {"method": "hpke", "recipient": shared, "ttl_s": 3600}
    named = {"name": "cs@acme.example", "public_key": "age1qqq"}
    assert found["acme-cs"]["service_store_handover_to"] == {"method": "age", "recipient": named}
    assert hosts(tmp_path)["acme-cs"].variables["service_store_handover_to"] == {}


@pytest.mark.parametrize(
    ("recipient", "more", "says"),
    [
        ("name: noc", "", "the recipient noc has to have one of public_key and public_key_file"),
        ("name: noc, public_key: a, public_key_file: b", "", "the recipient noc has to have one of public_key and"),
        ("public_key: a", "", "handover.recipient: 'name' is a required property; add it"),
        ("name: noc, public_key: a", ", method: gpg", "handover.method: 'gpg' is not one of hpke, age"),
        ("name: noc, public_key: a", ", ttl_s: 5", "handover.ttl_s: 5 is less than the minimum of 60"),
        ("name: noc, key: a", "", "unknown key key; known are name, public_key, public_key_file"),
        (
            "name: noc, public_key: AGE-SECRET-KEY-1CANARY",
            "",
            "public_key of noc is a private key; give the public one",
        ),
        ('name: noc, public_key: "-----BEGIN PRIVATE KEY-----CANARY"', "", "public_key of noc is a private key"),
    ],
)
def test_a_recipient_that_cannot_be_sealed_to_is_refused(tmp_path: Path, recipient: str, more: str, says: str) -> None:
    with pytest.raises(RegisterError) as caught:
        inventory_of(read_register(str(write(tmp_path, handover(recipient, more)))))
    assert says in str(caught.value) and "acme.yml:3" in str(caught.value) and "CANARY" not in str(caught.value)
