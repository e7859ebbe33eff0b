# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates instead of a key: renewed without a lost packet, refused with a cause; clients by name and password."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.asking import ask, echo, lost
from tests.support.gateways import Gateways, gateways
from tests.support.pki import Issued, authority, issue
from tests.support.vpn import new_key, seconds_until, succeeded

# Part of `make test-long`: two gateways of its own, several role runs each.
pytestmark = pytest.mark.long

NEAR, FAR = "10.207.1.11", "10.207.2.10"
HOSTS = {"near": "10.207.0.11", "far": "10.207.0.21"}
CA = authority()
TARGETS = [{"name": "api", "address": FAR, "port": 7, "protocol": "udp"}]
ENDS = {
    "local": {"address": HOSTS["near"], "id": "near.example", "inside_address": NEAR},
    "remote": {"address": HOSTS["far"], "id": "far.example", "inside_address": FAR},
}
SITE = {
    "name": "paper",
    "selectors": "covering",
    **ENDS,
    "sources": [{"name": "near", "address": NEAR}],
    "targets": TARGETS,
    "auth": {"method": "certificate"},
}
FAR_SITE = {**SITE, "local": ENDS["remote"], "remote": ENDS["local"], "api_side": "local"}


def bundle(own: Issued) -> dict[str, Any]:
    return {"paper": {"certificate": own.pem, "private_key": own.key_pem, "ca": CA.pem}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    with gateways(tmp_path_factory.mktemp("paper"), HOSTS, {"near": NEAR, "far": FAR}) as made:
        echo(made, "far", FAR)
        yield made


def test_a_renewed_certificate_costs_no_packet(site: Gateways) -> None:
    near, far = issue(CA, "near.example"), issue(CA, "far.example")
    succeeded(site.ipsec("far", [FAR_SITE], ipsec_certificates=bundle(far), ipsec_verify=False))
    done = succeeded(site.ipsec("near", [SITE], ipsec_certificates=bundle(near)))
    assert "PRIVATE KEY" not in done.stdout + done.stderr
    before = site.state("near", "paper")
    asking = ask(site, "near", (NEAR, FAR), 40)
    # With the same private key, so that charon has to choose between two certificates that fit it.
    renewed = issue(CA, "renewed.example", "near.example", key=near.key)
    succeeded(site.ipsec("near", [SITE], ipsec_certificates=bundle(renewed), ipsec_reauthenticate=True))
    succeeded(site.ipsec("far", [FAR_SITE], ipsec_certificates=bundle(issue(CA, "far.example")), ipsec_verify=False))
    seconds_until(lambda: site.state("near", "paper").get("ike_id", 0) > before["ike_id"], 20)
    assert lost(asking.communicate(timeout=90)[0]) == []
    shown = 'received end entity cert "CN=renewed.example"'
    assert shown in site.shell("far", "journalctl -u strongswan -n 200 -o cat")


def test_an_expired_certificate_is_the_cause(site: Gateways) -> None:
    expired = issue(CA, "far.example", ends=timedelta(hours=-1))
    near = bundle(issue(CA, "near.example"))
    refused = site.ipsec("far", [FAR_SITE], ipsec_certificates=bundle(expired))
    assert refused.returncode != 0
    assert "expired on" in refused.stdout
    # As if time had passed: the role itself lets none in.
    for path, text in (("x509/paper-1.pem", expired.pem), ("private/paper.pem", expired.key_pem)):
        site.shell("far", f"cat > /etc/swanctl/{path} <<'END'\n{text}END")
    site.shell("far", "systemctl restart strongswan")
    site.shell("near", "systemctl restart strongswan")
    said = site.ipsec("near", [SITE], ipsec_certificates=near, ipsec_verify_timeout_s=4)
    assert said.returncode != 0
    assert "Cause: certificate expired or not yet valid" in said.stdout, said.stdout[-3000:]


def road(kind: str) -> dict[str, Any]:
    server = {"address": HOSTS["far"], "id": "far.example", "inside_address": FAR}
    return {
        "name": "road",
        "kind": kind,
        "selectors": "covering",
        "local": {"id": "proxy-1"} if kind == "client" else server,
        "remote": server if kind == "client" else {},
        "pool": "10.207.9.0/28",
        "targets": TARGETS,
        "auth": {"method": "eap", **({"user": "proxy-1"} if kind == "client" else {})},
    }


def test_a_client_comes_in_by_name_and_password(site: Gateways) -> None:
    succeeded(site.ipsec("near", [SITE], ipsec_state="absent"))
    succeeded(site.ipsec("far", [FAR_SITE], ipsec_state="absent"))
    server, password = issue(CA, "far.example"), new_key()
    own = {"road": {"certificate": server.pem, "private_key": server.key_pem}}
    options = {"ipsec_certificates": own, "ipsec_users": {"road": {"proxy-1": password, "proxy-2": new_key()}}}
    done = succeeded(site.ipsec("far", [road("server")], **options, ipsec_verify=False))
    trust = {"road": {"ca": CA.pem}}
    done_near = succeeded(
        site.ipsec("near", [road("client")], ipsec_certificates=trust, ipsec_users={"road": {"proxy-1": password}})
    )
    assert password not in done.stdout + done_near.stdout
    found = site.state("near", "road")
    assert found["virtual_ip"].startswith("10.207.9.")
    assert lost(ask(site, "near", (found["virtual_ip"], FAR), 2).communicate(timeout=30)[0]) == []
    wrong = {"road": {"proxy-1": new_key()}}
    said = site.ipsec("near", [road("client")], ipsec_certificates=trust, ipsec_users=wrong, ipsec_verify_timeout_s=4)
    # A new password counts from the next handshake on.
    assert said.returncode == 0
    site.shell("near", "swanctl --terminate --ike road --timeout 5 || true")
    said = site.ipsec("near", [road("client")], ipsec_certificates=trust, ipsec_users=wrong, ipsec_verify_timeout_s=4)
    assert "Cause: name or password refused" in said.stdout, said.stdout[-3000:]
