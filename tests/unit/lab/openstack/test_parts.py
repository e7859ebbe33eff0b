# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the control plane that need no Keystone: settings, keys, databases, configuration of the front."""

from __future__ import annotations

import base64
import configparser
import os
import socket
import sqlite3
from pathlib import Path

import pytest

from lab.clouds.openstack import environment, haproxy, plane, settings
from lab.clouds.openstack.keys import make_keys
from lab.clouds.openstack.seed import NEEDED_RULES, Account
from lab.errors import LabError
from lab.progress import Progress

URLS = settings.Urls("https://10.0.0.1:5000/v3", "https://10.0.0.1:9696", "http://127.0.0.1:1234/v3")


def parsed(text: str) -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.read_string(text)
    return config


def test_neutron_asks_keystone_over_loopback_and_counts_access_rules() -> None:
    sections = settings.neutron(Path("/d/n.db"), Path("/d"), Path("/v/paste.ini"), Path("/l"), URLS, "pa$$word")
    token = parsed(settings.render(sections))["keystone_authtoken"]
    assert (token["auth_url"], token["interface"], token["service_type"]) == (URLS.internal, "internal", "network")
    assert token["www_authenticate_uri"] == URLS.identity
    # oslo.config takes $name for a variable.
    assert token["password"] == "pa$$$$word"


def test_no_setting_names_a_bus_or_a_database_server() -> None:
    sections = settings.neutron(Path("/d/n.db"), Path("/d"), Path("/v/paste.ini"), Path("/l"), URLS, "x")
    config = parsed(settings.render(sections))
    assert config["DEFAULT"]["transport_url"] == "fake://"
    assert config["database"]["connection"] == "sqlite:////d/n.db"


def test_an_account_without_fields_may_call_what_the_product_needs() -> None:
    account = Account.parse({})
    assert account.access_rules == NEEDED_RULES
    assert {rule["service"] for rule in NEEDED_RULES} == {"network"}
    assert Account.parse({"access_rules": None}).access_rules is None


def test_an_unknown_field_of_an_account_is_named() -> None:
    with pytest.raises(LabError, match="securitygroups"):
        Account.parse({"securitygroups": []})


def test_a_key_repository_holds_a_primary_and_a_staged_key(tmp_path: Path) -> None:
    make_keys(tmp_path / "fernet")
    keys = {path.name: path for path in (tmp_path / "fernet").iterdir()}
    assert sorted(keys) == ["0", "1"]
    assert len({path.read_bytes() for path in keys.values()}) == 2
    for path in keys.values():
        assert len(base64.urlsafe_b64decode(path.read_bytes())) == 32
        assert path.stat().st_mode & 0o077 == 0


def test_a_database_is_copied_under_an_open_connection(tmp_path: Path) -> None:
    first, second = tmp_path / "a.db", tmp_path / "b.db"
    for path, value in ((first, 1), (second, 2)):
        with sqlite3.connect(path) as made:
            made.execute("create table t (v int)")
            made.execute("insert into t values (?)", (value,))
        made.close()
    user = sqlite3.connect(second)
    assert user.execute("select v from t").fetchall() == [(2,)]
    plane._copy_database(first, second)
    assert user.execute("select v from t").fetchall() == [(1,)]
    user.close()


def test_a_taken_port_is_not_free() -> None:
    port = plane._free_port()
    assert plane._is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not plane._is_free(port)
    assert not plane._is_free(None)


def test_a_folder_too_long_for_a_socket_is_refused_with_the_mend(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    found = plane.Plane(
        deep, deep / "sockets", deep / "log", environment.expected(), "https://a", "https://b", Progress()
    )
    with pytest.raises(LabError, match="LAB_DIR"):
        found._prepare()


def empty_plane(folder: Path) -> plane.Plane:
    """A plane whose empty databases are two small ones."""
    schema = folder / "schema"
    schema.mkdir()
    for name in environment.DATABASES:
        with sqlite3.connect(schema / name) as made:
            made.execute("create table t (v int)")
        made.close()
    (schema / "admin-password").write_text("first")
    of = environment.Environment(folder / "venv", schema)
    return plane.Plane(folder / "p", folder / "s", folder / "log", of, "https://a", "https://b", Progress())


def test_what_was_filled_half_way_is_begun_again_and_what_was_filled_is_kept(tmp_path: Path) -> None:
    made = empty_plane(tmp_path)
    made._prepare()
    first = made.state()
    made._prepare()
    second = made.state()
    assert first["neutron_password"] != second["neutron_password"]
    made.remember(accounts=[{"project": "globex"}])
    made._prepare()
    assert made.state() == {**second, "accounts": [{"project": "globex"}]}
    for path in (tmp_path / "p" / "state.json", tmp_path / "p"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_port_taken_meanwhile_is_given_up(tmp_path: Path) -> None:
    made = empty_plane(tmp_path)
    made._prepare()
    made.remember(accounts=[{}])
    port = made.state()["port"]
    with socket.create_server(("127.0.0.1", port)):
        made._prepare()
    assert made.state()["port"] != port
    assert made.urls.internal == f"http://127.0.0.1:{made.state()['port']}/v3"


def test_the_cache_is_keyed_on_what_goes_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_STORE_CACHE", str(tmp_path))
    before = environment.expected()
    assert before.venv.parent == tmp_path / "openstack"
    changed = tmp_path / "requirements.txt"
    changed.write_text("keystone==31.0.0\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", changed)
    after = environment.expected()
    assert after.venv != before.venv and after.schema != before.schema


def test_the_services_write_byte_code_even_where_the_caller_does_not() -> None:
    kept = environment.quiet({"PYTHONDONTWRITEBYTECODE": "1", "HTTPS_PROXY": "http://p:1", "HOME": "/h"})
    assert "PYTHONDONTWRITEBYTECODE" not in kept
    assert kept["HTTPS_PROXY"] == "http://p:1", "the package index may be behind it"


def test_a_failing_step_shows_the_end_of_what_it_said() -> None:
    with pytest.raises(LabError, match="the very end"):
        environment.run(["sh", "-c", "echo the very end; exit 3"])
    assert environment.run(["sh", "-c", "echo fine"]) == "fine\n"
    with pytest.raises(LabError, match="did not end within 0 s"):
        environment.run(["sleep", "600"], timeout_s=0.1)


def test_the_pins_name_no_index_and_every_package_one_version() -> None:
    lines = [line for line in environment.REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert all("==" in line and "/" not in line for line in lines)
    pinned = {line.partition("==")[0]: line for line in lines}
    assert pinned["keystone"] == "keystone==30.0.0" and pinned["neutron"] == "neutron==29.0.0"
    assert pinned["neutron-vpnaas"] == "neutron-vpnaas==29.0.0"


def test_the_front_ends_tls_at_the_private_address_only() -> None:
    text = haproxy.configuration()
    assert "bind 10.203.2.10:5000 ssl" in text and "bind 10.203.2.10:9696 ssl" in text
    assert text.count("bind ") == 2
    assert "unix@/run/os-sockets/keystone.sock" in text
    assert os.linesep == "\n" and text.endswith("\n")
