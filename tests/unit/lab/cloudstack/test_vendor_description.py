# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command's parameters are the vendor's own.

The description is the answer of a real management server to listApis. Where to get it: the public repository
apache/cloudstack-go keeps it as generate/listApis.json; take the one of 4.18 and compress it with xz.
"""

from __future__ import annotations

import json
import lzma
import os
from pathlib import Path
from typing import Any

import pytest

from lab.clouds.cloudstack.commands import COMMANDS
from lab.clouds.cloudstack.handlers import CREATORS, HANDLERS

FILE = "cloudstack-listApis-4.18.json.xz"
HOW = (
    f"set SERVICE_STORE_VENDOR_DATA to a folder with {FILE}: listApis.json of the public repository "
    "apache/cloudstack-go at 4.18, compressed with xz"
)

VPN_FIELDS = ("gateway", "cidrlist", "ipsecpsk", "ikepolicy", "esppolicy", "ikelifetime", "esplifetime", "dpd") + (
    "forceencap",
    "splitconnections",
    "ikeversion",
)


@pytest.fixture(scope="module")
def vendor() -> dict[str, Any]:
    folder = os.environ.get("SERVICE_STORE_VENDOR_DATA")
    if not folder or not (Path(folder) / FILE).is_file():
        pytest.skip(HOW)
    document = json.loads(lzma.decompress((Path(folder) / FILE).read_bytes()))
    return {api["name"]: api for api in document.get("listapisresponse", document)["api"]}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_parameters_are_the_vendors(vendor: dict[str, Any], name: str) -> None:
    theirs = {p["name"]: (p["type"], p["required"], p["length"]) for p in vendor[name]["params"]}
    ours = {p.name: (p.type, p.required, p.length) for p in COMMANDS[name].params}
    assert ours == theirs
    assert COMMANDS[name].is_async == vendor[name]["isasync"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("listUsers", "apikey"),
        ("authorizeSecurityGroupIngress", "ruleid"),
        ("listFirewallRules", "cidrlist"),
        ("listConfigurations", "value"),
        ("listVPCs", "cidr"),
        ("listVpnGateways", "publicip"),
        *(("listVpnCustomerGateways", key) for key in VPN_FIELDS),
        *(("listVpnConnections", key) for key in (*VPN_FIELDS, "s2scustomergatewayid", "s2svpngatewayid", "state")),
    ],
)
def test_answers_use_the_vendors_keys(vendor: dict[str, Any], name: str, key: str) -> None:
    assert key in {field.get("name") for field in vendor[name]["response"]}


def test_every_command_of_the_table_has_a_handler() -> None:
    assert set(HANDLERS) | set(CREATORS) == set(COMMANDS)
    assert not set(HANDLERS) & set(CREATORS)
