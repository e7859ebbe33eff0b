# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lookup returns for a term, and what it says where it cannot."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleLookupError

from ansible_collections.strategic.service_store.plugins.lookup import credential
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

NAME = "strategic.service_store.credential"
KEY = {"api_key": "acme-key", "secret_key": "canary-of-acme-77"}
NESTED = {"api_key": "prod-key", "secret_key": "canary-of-prod-78"}
SECRETS = (KEY["secret_key"], NESTED["secret_key"], "canary-psk-79")


def record(secret: dict[str, str]) -> dict[str, Any]:
    public = {name: value for name, value in secret.items() if "secret" not in name}
    secrets = {name: value for name, value in secret.items() if "secret" in name}
    return {"version": 1, "provider": "cloudstack", "public": public, "secrets": secrets, "meta": {"owner": "acme"}}


@pytest.fixture
def option(tmp_path: Path) -> dict[str, Any]:
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    key.chmod(0o600)
    made = {"type": "encrypted_file", "path": str(tmp_path / "s.json"), "auth": {"key_file": str(key)}}
    store = open_store(made, lambda *values: None)
    store.put("acme", record(KEY))
    store.put("acme.prod", record(NESTED))
    store.put("tunnel", {"version": 1, "secrets": {"psk": "canary-psk-79"}, "meta": {}})
    return made


def look_up(*terms: str, variables: dict[str, Any] | None = None, **direct: Any) -> list[Any]:
    """Run the plugin with its options as its documentation declares them, as Ansible does when it loads it."""
    declared = yaml.safe_load(credential.DOCUMENTATION)["options"]
    constants.config.initialize_plugin_configuration_definitions("lookup", NAME, declared)
    plugin = credential.LookupModule()
    plugin._load_name = NAME
    return plugin.run(list(terms), variables or {}, **direct)


def refused(*terms: str, **given: Any) -> str:
    with pytest.raises(AnsibleLookupError) as caught:
        look_up(*terms, **given)
    text = str(caught.value)
    assert "\n" not in text and not [secret for secret in SECRETS if secret in text]
    return text


@pytest.mark.parametrize(
    ("term", "value"),
    [
        ("acme.secret_key", KEY["secret_key"]),
        ("acme.api_key", KEY["api_key"]),
        ("acme.prod.secret_key", NESTED["secret_key"]),
        ("tunnel.psk", "canary-psk-79"),
        ("acme", KEY),
        ("acme.prod", NESTED),
        ("tunnel", {"psk": "canary-psk-79"}),
    ],
    ids=[
        "secret field",
        "public field",
        "of a name with a dot",
        "pre-shared key",
        "whole record",
        "whole record of a name with a dot",
        "whole record of secrets alone",
    ],
)
def test_a_term_is_a_name_or_a_name_and_a_field(option: dict[str, Any], term: str, value: Any) -> None:
    assert look_up(term, secret_store=option) == [value]


def test_each_term_has_its_value_in_its_place(option: dict[str, Any]) -> None:
    found = look_up("acme.prod.api_key", "acme", "acme.api_key", secret_store=option)
    assert found == ["prod-key", KEY, "acme-key"]


def test_the_store_is_that_of_the_variable_unless_one_is_given(option: dict[str, Any], tmp_path: Path) -> None:
    variables = {"service_store_secret_store": option}
    assert look_up("acme.api_key", variables=variables) == ["acme-key"]
    other = {**option, "path": str(tmp_path / "other.json")}
    assert "there is no such record" in refused("acme.api_key", variables=variables, secret_store=other)


def test_what_awx_injects_is_a_store_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_STORE_AWX_RECORD", json.dumps({"name": "acme", **record(KEY)}))
    assert look_up("acme.secret_key", secret_store={"type": "awx"}) == [KEY["secret_key"]]


@pytest.mark.parametrize(
    ("term", "says"),
    [
        ("acme.secret", "acme has no field 'secret'; it has api_key, secret_key"),
        ("acme.prod.psk", "acme.prod has no field 'psk'; it has api_key, secret_key"),
        ("acme.proud.secret_key", "acme has no field 'proud.secret_key'; it has api_key, secret_key"),
        ("acme.", "acme has no field ''; it has api_key, secret_key"),
        ("acme.owner", "acme has no field 'owner'; it has api_key, secret_key"),
        ("tunnel.secret_key", "tunnel has no field 'secret_key'; it has psk"),
    ],
    ids=["misspelt", "of a name with a dot", "of a name that is misspelt", "empty", "metadata", "of another kind"],
)
def test_an_unknown_field_is_one_error_that_names_those_there_are(option: dict[str, Any], term: str, says: str) -> None:
    assert refused(term, secret_store=option) == says


@pytest.mark.parametrize("term", ["globex", "globex.secret_key", "acmes", ""])
def test_an_unknown_name_is_one_error_that_names_those_there_are(option: dict[str, Any], term: str) -> None:
    text = refused("acme.api_key", term, secret_store=option)
    assert f"could not read {term}: there is no such record; it holds acme, acme.prod, tunnel" in text


def test_a_default_stands_for_a_field_that_is_not_there_and_for_no_record(option: dict[str, Any]) -> None:
    terms = ("tunnel.psk_next", "tunnel.psk")
    assert look_up(*terms, secret_store=option, default="") == ["", "canary-psk-79"]
    assert "there is no such record" in refused("nowhere.psk_next", secret_store=option, default="")


def test_without_a_store_the_variable_to_set_is_named() -> None:
    assert "set service_store_secret_store for the playbooks" in refused("acme.secret_key")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"type": "keychain"}, "secret_store.type: keychain is not known; it is one of encrypted_file, vault"),
        ({"path": None}, "secret_store.path: is not set; give the file of the store"),
        ({"auth": {"key_file": "/nonexistent/key"}}, "the key file /nonexistent/key does not exist"),
    ],
    ids=["unknown type", "no path", "no key"],
)
def test_a_store_that_cannot_be_opened_says_why(option: dict[str, Any], change: dict[str, Any], says: str) -> None:
    assert says in refused("acme.secret_key", secret_store={**option, **change})


def test_a_key_that_others_can_read_is_refused(option: dict[str, Any]) -> None:
    Path(option["auth"]["key_file"]).chmod(0o644)
    assert "has mode 0644, others can get at it" in refused("acme.secret_key", secret_store=option)


def test_a_damaged_store_is_told_and_nothing_of_it_is_shown(option: dict[str, Any]) -> None:
    Path(option["path"]).write_text('{"canary-of-acme-77"')
    assert option["path"] in refused("acme.secret_key", secret_store=option)


def test_a_store_that_is_no_dictionary_is_refused() -> None:
    with pytest.raises(AnsibleError, match="secret_store"):
        look_up("acme.secret_key", secret_store="/etc/secrets.json")
