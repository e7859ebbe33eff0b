# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the role ipsec: those of many connections are what each would have alone, and who is started again."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment

from tests.bench.play import ran
from tests.support.servers import REPO

ROLE = REPO / "roles" / "ipsec"
END: dict[str, Any] = {"address": "192.0.2.14", "inside_address": "10.1.0.14"}
CONNECTIONS: list[dict[str, Any]] = [
    {
        "name": "site",
        "description": 'quotes " and more',
        "kind": "site",
        "selectors": "covering",
        "local": END,
        "remote": {"address": "198.51.100.20", "inside_address": "10.2.0.20"},
        "sources": [{"name": "store-1", "address": "10.1.0.11"}],
        "targets": [{"name": "api", "address": "10.2.0.10", "port": 443}],
    },
    {
        "name": "road",
        "kind": "client",
        "local": {"id": "proxy-1.store.example"},
        "remote": {"address": "203.0.113.30"},
        "pool": "10.9.0.0/28",
        "targets": [{"name": "api", "address": "10.3.0.10", "port": 443}],
    },
    {
        "name": "paper",
        "local": {"address": "192.0.2.14", "id": "gw.store.example"},
        "remote": {"address": "198.51.100.21", "id": "gw.acme.example"},
        "auth": {"method": "certificate"},
        "sources": [{"address": "10.1.0.11"}],
        "targets": [{"address": "10.5.0.10", "port": 443}],
    },
    # The last of its file is a block of its own.
    {
        "name": "server",
        "kind": "server",
        "local": {"address": "203.0.113.30", "id": "server"},
        "remote": {"id": "client"},
        "pool": "10.9.1.0/28",
        "targets": [{"name": "api", "address": "10.4.0.10", "port": 443}],
    },
]
PARTS = ("connection.nft.j2", "secrets.conf.j2", "connection.conf.j2")


@pytest.mark.slow
def test_files_of_many_connections_are_those_of_each_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    # A folder named after the test would be too long for the sockets that Ansible makes below it.
    tmp_path = tmp_path_factory.mktemp("files")
    play = tmp_path / "play"
    play.mkdir()
    (play / "templates").symlink_to(ROLE / "templates")
    variables = [yaml.safe_load((ROLE / name / "main.yml").read_text()) for name in ("defaults", "vars")]
    own = "template_vars={'ipsec_item': item}"
    each = [f"'{name}': lookup('ansible.builtin.template', '{name}', {own})" for name in PARTS]
    files = f"{{{', '.join(each)}}}"
    alone = f"{{% for item in ipsec_view %}}{{% set _ = found.update({{item.name: {files}}}) %}}{{% endfor %}}"
    task = {
        "ansible.builtin.copy": {
            "dest": f"{tmp_path}/found",
            "content": "{{ [ipsec_connection_files, alone] | to_json }}",
        },
        "vars": {
            **variables[0],
            **variables[1],
            "ipsec_view": "{{ ipsec_connections | strategic.service_store.ipsec_connections }}",
            "alone": f"{{% set found = {{}} %}}{alone}{{{{ found }}}}",
        },
    }
    secrets = {each["name"]: f"Zq8wLm4RtXyPn6KdVb2HsJf9{each['name']}" for each in CONNECTIONS}
    pem = "-----BEGIN {}-----"
    certificates = {"paper": {"certificate": pem.format("A"), "private_key": pem.format("B"), "ca": pem.format("C")}}
    given = {"ipsec_connections": CONNECTIONS, "ipsec_secrets": secrets, "ipsec_certificates": certificates}
    ran(play, [task], given)
    together, wanted = json.loads((tmp_path / "found").read_text())
    assert len({file["path"] for file in together}) == len(together)
    found = {Path(file["path"]).name: file.get("content", file.get("secret_content")) for file in together}
    for name, files in wanted.items():
        assert found[f"{name}.nft"] == files["connection.nft.j2"] and found[f"{name}.nft"].endswith("}\n")
        assert found[f"{name}.conf"] == files["connection.conf.j2"] and f"    {name} {{" in found[f"{name}.conf"]
        by_key = name != "paper"
        assert found[f"{name}.secrets.conf"] == (files["secrets.conf.j2"] if by_key else None)
    assert "cacerts = paper-1.pem\n" in found["paper.conf"] and found["paper.pem"] == pem.format("B") + "\n"
    assert list(wanted) == [each["name"] for each in CONNECTIONS]


LISTED = """\
list-sa event {
  %s {
    state = %s
    child-sas {
      inner-1 {
        name = inner
        state = %s
      }
    }
  }
}
"""


STATES = {
    "carries": ("ESTABLISHED", "INSTALLED"),
    "tries": ("CONNECTING", "CREATED"),
    "renews": ("ESTABLISHED", "REKEYING"),
    "empty": ("ESTABLISHED", "DELETING"),
}
# A name that another one begins with is another connection.
KEPT = ("carries", "carries-2", "empty", "renews", "tries")


@pytest.mark.parametrize(
    ("states", "kept", "down"),
    [
        pytest.param(STATES, KEPT, ["carries-2", "empty"], id="some are up"),
        pytest.param({}, KEPT, list(KEPT), id="all are down"),
        pytest.param(STATES, ("carries", "renews"), [], id="all are up"),
        pytest.param({}, (), [], id="nothing to keep"),
    ],
)
def test_the_keeper_starts_what_is_down_and_nothing_else(
    tmp_path: Path, states: dict[str, tuple[str, str]], kept: tuple[str, ...], down: list[str]
) -> None:
    (tmp_path / "keep.d").mkdir()
    for name in kept:
        (tmp_path / "keep.d" / name).touch()
    listed = tmp_path / "listed"
    listed.write_text("".join(LISTED % (name, *of) for name, of in states.items()) + "list-sas reply {\n}\n")
    asked = tmp_path / "asked"
    swanctl = tmp_path / "swanctl"
    swanctl.write_text(f'#!/bin/sh\necho "$*" >> {asked}\n[ "$1" != --list-sas ] || cat {listed}\n')
    swanctl.chmod(0o755)
    template = Environment(trim_blocks=True).from_string((ROLE / "templates" / "keep.sh.j2").read_text())
    script = template.render(ipsec_dir=tmp_path, ipsec_esp_used="userland")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{name} is down" for name in down] and done.stderr == ""
    first, *rest = asked.read_text().splitlines()
    assert first == "--list-sas --pretty"
    assert rest == [f"--initiate --child {name} --timeout -1" for name in down]
