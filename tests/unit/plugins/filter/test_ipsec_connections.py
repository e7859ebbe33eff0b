# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, users and second tunnels: what is refused before any host is touched, and what either end gets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ansible_collections.strategic.service_store.plugins.filter.ipsec_connections import ipsec_connections
from tests.support.pki import Issued, authority, issue

CA = authority()
OURS = issue(CA, "gw.store.example", "192.0.2.1")
PASSWORD = "a-random-password-of-32-letters!"


def site(**changes: Any) -> dict[str, Any]:
    return {
        "name": "acme",
        "local": {"address": "192.0.2.1", "inside_address": "10.1.0.14"},
        "remote": {"address": "198.51.100.1", "inside_address": "10.2.0.20"},
        "sources": [{"name": "store-1", "address": "10.1.0.11"}],
        "targets": [{"name": "api", "address": "10.2.0.10", "port": 443}],
        "auth": {"method": "certificate"},
        **changes,
    }


def road(kind: str, **changes: Any) -> dict[str, Any]:
    server = {"address": "198.51.100.1", "id": "vpn.acme.example"}
    return {
        "name": "road",
        "kind": kind,
        "local": {"id": "proxy-1"} if kind == "client" else server,
        "remote": server if kind == "client" else {},
        "pool": "10.9.0.0/28",
        "targets": [{"address": "10.2.0.10", "port": 443}],
        "auth": {"method": "eap", **({"user": "proxy-1"} if kind == "client" else {})},
        **changes,
    }


def bundle(own: Issued = OURS, **changes: str) -> dict[str, Any]:
    return {"acme": {"certificate": own.pem, "private_key": own.key_pem, "ca": CA.pem, **changes}}


def refused(*connections: dict[str, Any], **given: Any) -> str:
    with pytest.raises(AnsibleFilterError) as caught:
        ipsec_connections(list(connections), **given)
    assert "PRIVATE" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_both_ends_by_certificate() -> None:
    (own,) = ipsec_connections([site()], secrets={}, certificates=bundle())
    assert own["auth"]["local"] == "pubkey"
    assert own["auth"]["remote"].startswith("rsa-3072-ecdsa-256-pubkey-sha256-")
    # strongSwan, vici_config.c, parse_auth: a buffer of 64, and what does not fit is no constraint any more.
    assert len(own["auth"]["remote"]) < 64
    assert own["auth"]["reauth_s"] == 86400
    assert own["certificate"]["names"] == ["192.0.2.1", "CN=gw.store.example", "gw.store.example"]
    assert own["certificate"]["chain"] == [OURS.pem]
    assert OURS.key_pem not in str(own)
    assert "psk_fingerprint" not in own


def test_the_other_end_gets_what_it_trusts_and_no_key() -> None:
    theirs = authority("Their CA")
    (far,) = ipsec_connections([site()], end="far", certificates=bundle(ca=theirs.pem, own_ca=CA.pem))
    assert far["certificate"]["ca"] == [CA.pem]
    assert far["certificate"]["chain"] == []
    assert far["auth"]["reauth_s"] == 0
    assert far["remote"]["identity"] == "192.0.2.1"
    (bare,) = ipsec_connections([site()], end="far", certificates={})
    assert "certificate" not in bare


@pytest.mark.parametrize(
    "identity", ["192.0.2.1", "gw.store.example", "GW.store.example", "CN=gw.store.example", "CN = gw.store.example"]
)
def test_an_id_is_any_name_of_the_certificate(identity: str) -> None:
    local = {"address": "192.0.2.9", "id": identity.replace(" = ", "=")}
    assert ipsec_connections([site(local=local)], certificates=bundle())


def test_a_chain_is_followed_to_the_authority() -> None:
    middle = authority("Issuing CA", above=CA)
    own = issue(middle, "192.0.2.1")
    (found,) = ipsec_connections([site()], certificates=bundle(own, certificate=own.pem + middle.pem))
    assert found["certificate"]["chain"] == [own.pem, middle.pem]
    assert "own_ca" in refused(site(), certificates=bundle(own))


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 3072), ed25519.Ed25519PrivateKey.generate()])
def test_strong_keys_of_every_kind_are_taken(key: Any) -> None:
    assert ipsec_connections([site()], certificates=bundle(issue(CA, "192.0.2.1", key=key)))


BAD = {
    "weak-rsa": (bundle(issue(CA, "192.0.2.1", key=rsa.generate_private_key(65537, 2048))), "RSA key of 2048 bits"),
    "weak-curve": (bundle(issue(CA, "192.0.2.1", key=ec.generate_private_key(ec.SECP192R1()))), "fewer than 256"),
    "expired": (bundle(issue(CA, "192.0.2.1", ends=timedelta(hours=-1))), "expired on"),
    "not-yet": (bundle(issue(CA, "192.0.2.1", begins=timedelta(hours=1))), "is not valid before"),
    "another-id": (bundle(issue(CA, "other.example")), "does not say 192.0.2.1, the id of this end, but"),
    "another-key": (bundle(private_key=issue(CA, "192.0.2.1").key_pem), "is not that of the certificate"),
    "no-key": (bundle(private_key=""), "ipsec_certificates.acme.private_key"),
    "nonsense": (bundle(private_key="-----BEGIN PRIVATE KEY-----\nabc\n"), "is no private key in PEM"),
    "no-ca": (bundle(ca=""), "ipsec_certificates.acme.ca"),
    "leaf-as-ca": (bundle(ca=OURS.pem), "is no certificate of an authority"),
    "ca-as-leaf": (bundle(CA), "is that of an authority"),
    "another-ca": (bundle(ca=authority("Their CA").pem), "give its authority as own_ca"),
    "garbage": (bundle(certificate="-----BEGIN x"), "is no certificate in PEM"),
    "nothing": ({}, "ipsec_certificates.acme.certificate"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_charon_would_not_take_is_refused(case: str) -> None:
    given, said = BAD[case]
    text = refused(site(), certificates=given)
    assert said in text
    assert text.startswith("ipsec_certificates.acme.")


def test_a_client_proves_itself_by_name_and_password() -> None:
    (client,) = ipsec_connections(
        [road("client")], certificates={"road": {"ca": CA.pem}}, users={"road": {"proxy-1": PASSWORD}}
    )
    assert (client["auth"]["local"], client["auth"]["user"], client["users"]) == (
        "eap-mschapv2",
        "proxy-1",
        ["proxy-1"],
    )
    own = issue(CA, "vpn.acme.example")
    users = {"road": {"proxy-1": PASSWORD, "proxy-2": PASSWORD}}
    certificates = {"road": {"certificate": own.pem, "private_key": own.key_pem}}
    (server,) = ipsec_connections([road("server")], certificates=certificates, users=users)
    assert (server["auth"]["local"], server["auth"]["remote"]) == ("pubkey", "eap-mschapv2")
    assert (server["remote"]["identity"], server["users"]) == ("%any", ["proxy-1", "proxy-2"])
    assert PASSWORD not in str(server)


def test_every_client_of_a_domain_by_certificate() -> None:
    clients = road("server", remote={"id": "*.proxies.example"}, auth={"method": "certificate"})
    assert ipsec_connections([clients])[0]["remote"]["identity"] == "*.proxies.example"
    assert "is no IKE identity" in refused({**clients, "auth": {"method": "psk"}})
    assert "is needed where the address may change" in refused({**clients, "remote": {}})


@pytest.mark.parametrize(
    ("connections", "users", "said"),
    [
        ([road("client", auth={"method": "eap"})], None, "ipsec_connections[0].auth.user"),
        ([road("server", auth={"method": "eap", "user": "x"})], None, "ipsec_connections[0].auth.user"),
        ([site(auth={"method": "eap"})], None, "write psk or certificate"),
        ([site(auth={"method": "pki"})], None, "ipsec_connections[0].auth.method: pki"),
        ([site(auth={"method": "certificate", "reauth_s": 5})], None, "ipsec_connections[0].auth.reauth_s"),
        ([road("client")], {}, "ipsec_users.road.proxy-1"),
        ([road("server")], {"road": {}}, "names nobody"),
        ([road("server")], {"road": {"a b": PASSWORD}}, "is no name of a user"),
        ([road("server")], {"road": {"proxy-1": "short"}}, "has 5 characters, fewer than 20"),
        ([road("server"), road("server", name="more")], None, "ipsec_connections[1].auth.method"),
    ],
)
def test_what_no_client_could_use_is_refused(connections: list[Any], users: Any, said: str) -> None:
    assert said in refused(*connections, users=users)


def test_a_server_with_users_has_no_one_other_end() -> None:
    assert "each client has its name" in refused(road("server"), end="far")


def second(**changes: Any) -> dict[str, Any]:
    remote = {"address": "198.51.100.2", "inside_address": "10.2.0.20"}
    return site(**{"name": "acme-2", "remote": remote, "standby_for": "acme", "auth": {}, **changes})


def test_a_second_tunnel_knows_its_first() -> None:
    first, standby = ipsec_connections([site(auth={}), second()])
    assert (first["standby_for"], standby["standby_for"]) == ("", "acme")
    assert first["far"] == standby["far"]
    assert ipsec_connections([site(auth={}), second()], end="far")[1]["standby_for"] == "acme"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"standby_for": "nobody"}, "is not another connection of kind site"),
        ({"standby_for": "acme-2"}, "is not another connection of kind site"),
        ({"remote": site()["remote"]}, "ipsec_connections[1].remote.address: 198.51.100.1"),
        ({"remote": {"address": "198.51.100.2", "id": "198.51.100.1"}}, "ipsec_connections[1].remote.id"),
        ({"targets": [{"address": "10.2.0.11", "port": 443}]}, "ipsec_connections[1].targets"),
        ({"sources": [{"address": "10.1.0.99"}]}, "ipsec_connections[1].sources"),
        ({"selectors": "covering"}, "ipsec_connections[1].selectors"),
    ],
)
def test_a_second_tunnel_that_could_not_take_over_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in refused(site(auth={}), second(**changes))


def test_a_standby_of_a_standby_is_refused() -> None:
    third = second(name="acme-3", remote={"address": "198.51.100.3"}, standby_for="acme-2")
    assert "name the first tunnel, acme" in refused(site(auth={}), second(), third)
