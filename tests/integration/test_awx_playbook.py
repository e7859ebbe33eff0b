# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook awx registers what ships, with the real awx.awx on the wire; what a survey takes reaches a cloud.

The collection awx.awx is part of the ansible package of the oldest pair. Where that is not installed and nobody has
installed the collection otherwise, its two tests are skipped and say how to get it; the surveys' tests need none of it.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from ansible import constants

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import parse, parse_record
from tests.contract.accounts import azure
from tests.support.aged import Site
from tests.support.awx_api import TOKEN, Awx, awx_api
from tests.support.awx_job import EXTENSIONS, TYPES, credential_type
from tests.support.playbook import Run, left_behind
from tests.support.servers import StartServer

pytestmark = pytest.mark.slow
HERE = Path(__file__).resolve().parents[2]
NAMES = {"organization": "Operator", "project": "Register", "inventory": "Accounts", "credentials": ["Store"]}


HOW_TO_GET_IT = (
    "the collection awx.awx is not here: `make setup` brings it wherever Python 3.11 is (ansible 12 in .venv-min), "
    "`ansible-galaxy collection install awx.awx` anywhere else"
)


def awx_collection() -> Path | None:
    """Return the folder with ansible_collections/awx/awx: newer ansible packages have left it out."""
    found = importlib.util.find_spec("ansible_collections")
    roots = [Path(root) for root in (found.submodule_search_locations or ())] if found else []
    roots += (HERE / ".venv-min").glob("lib/python3*/site-packages/ansible_collections")
    # Where ansible-galaxy puts it: below Ansible's home, which make sets to the checkout's own, and below the user's.
    installed = [*constants.config.get_config_value("COLLECTIONS_PATHS"), str(Path.home() / ".ansible" / "collections")]
    roots += (Path(path) / "ansible_collections" for path in installed)
    return next((root / "awx" / "awx" for root in roots if (root / "awx" / "awx" / "plugins").is_dir()), None)


@pytest.fixture
def collections(tmp_path: Path) -> str:
    """Return where Ansible is to look for collections: for awx.awx, then where it looks in any case."""
    found = awx_collection()
    if found is None:
        pytest.skip(HOW_TO_GET_IT)
    link = tmp_path / "collections" / "ansible_collections" / "awx"
    link.mkdir(parents=True)
    (link / "awx").symlink_to(found)
    return os.pathsep.join([str(tmp_path / "collections"), *os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split()])


@pytest.fixture
def awx() -> Iterator[Awx]:
    with awx_api() as running:
        for kind, name in (("organizations", "Operator"), ("inventories", "Accounts"), ("credentials", "Store")):
            running.add(kind, name=name)
        running.add("projects", name="Register", organization=running.named("organizations")["Operator"]["id"])
        yield running


@pytest.fixture
def run(tmp_path: Path, collections: str, awx: Awx) -> Callable[..., Run]:
    """The playbook against this AWX, for the accounts of two customers."""
    site = Site(tmp_path / "site", {"acme-one": 1, "acme-two": 1, "globex-prod": 1})
    env = {
        "CONTROLLER_HOST": awx.url,
        "CONTROLLER_OAUTH_TOKEN": TOKEN,
        "ANSIBLE_COLLECTIONS_PATH": collections,
    }

    def once(*arguments: str) -> Run:
        names = {**NAMES, "playbooks": "playbooks/"}
        return site.run("awx", *arguments, env=env, service_store_awx=names)

    return once


def test_everything_that_ships_is_registered(run: Callable[..., Run], awx: Awx) -> None:
    first = run()
    assert first.status == 0, first.output[-3000:]

    shipped = {credential_type(name)["name"]: credential_type(name) for name in TYPES}
    registered = awx.named("credential_types")
    assert set(registered) == set(shipped)
    for name, found in registered.items():
        assert {key: found[key] for key in ("inputs", "injectors", "kind")} == {
            key: shipped[name][key] for key in ("inputs", "injectors", "kind")
        }
    templates = awx.named("job_templates")
    own = {f"Replace my key ({customer}, cloudstack)" for customer in ("acme", "globex")}
    operators = yaml.safe_load((EXTENSIONS / "job_templates.yml").read_text())
    assert set(templates) == own | {item["name"] for item in operators}
    acme = templates["Replace my key (acme, cloudstack)"]
    assert (acme["limit"], acme["playbook"]) == ("acme-one,acme-two", "playbooks/replace_key.yml")
    assert not acme.get("ask_limit_on_launch") and awx.attached[acme["id"]]
    account, key, secret = awx.surveys[acme["id"]]["spec"]
    assert account["choices"] == ["acme-one", "acme-two"] and secret["type"] == "password"
    assert key["variable"] == "service_store_new_api_key"
    for item in templates.values():
        assert (EXTENSIONS / "project" / item["playbook"].removeprefix("playbooks/")).is_file()
    assert TOKEN not in first.output


@pytest.mark.long
def test_check_mode_registers_nothing_and_a_second_run_has_nothing_to_do(run: Callable[..., Run], awx: Awx) -> None:
    checked = run("--check")
    assert checked.status == 0 and not awx.writes, checked.output[-3000:]
    assert run().status == 0
    writes = len(awx.writes)
    second = run()
    assert second.status == 0 and len(awx.writes) == writes and "changed=0" in second.output


def test_without_names_it_says_which(tmp_path: Path, collections: str) -> None:
    site = Site(tmp_path / "site", {"acme-one": 1})
    run = site.run("awx", env={"ANSIBLE_COLLECTIONS_PATH": collections})
    assert run.status != 0 and "name the organization of AWX" in run.output


NEW = {"api_key": "survey-new-api-key", "secret_key": "canary-sv9nJw1KtR8gBvD4mQs2LpY9hUe6XiMaZ3kTx7NrV0"}


@pytest.fixture
def shop(tmp_path: Path, lab_server: StartServer) -> Site:
    users = [{"username": "store", "apikey": NEW["api_key"], "secretkey": NEW["secret_key"]}]
    server = lab_server("cloudstack", {"accounts": [{"name": "acme", "users": users}]})
    site = Site(tmp_path / "site", {"acme-one": 80, "acme-two": 80})
    own = site.folder / "register" / "acme.yml"
    text = own.read_text().replace("https://cloud.example:9/client/api", f"{server.url}/client/api")
    own.write_text(re.sub(r"( +)(credential: )", rf"\1ca_file: {server.ca_file}\n\1\2", text))
    return site


def test_the_surveys_key_takes_the_old_ones_place(shop: Site) -> None:
    answers = {"service_store_replace_account": "acme-one"}
    answers |= {f"service_store_new_{name}": value for name, value in NEW.items()}
    untouched = dict(shop.store.get("acme-two-key"))
    run = shop.run("replace_key", "-vvvv", "--diff", **answers)
    assert run.status == 0, run.output[-3000:]
    stored = parse_record("acme-one-key", shop.store.get("acme-one-key"))
    assert {**stored.public, **stored.secrets} == NEW and dict(shop.store.get("acme-two-key")) == untouched
    assert NEW["secret_key"] not in run.output
    given = shop.folder / "variables.json"
    for path, content in left_behind(shop.folder):
        assert path == given or NEW["secret_key"].encode() not in content, path

    wrong = {**answers, "service_store_new_secret_key": "cF5nJw1KtR8gBvD4mQs2LpY9hUe6XiMaZ3kTx7NrW1"}
    refused = shop.run("replace_key", **wrong)
    assert (
        refused.status != 0 and parse_record("acme-one-key", shop.store.get("acme-one-key")).secrets == stored.secrets
    )


def test_the_surveys_key_lies_in_no_temporary_file_while_it_is_tried_out(shop: Site) -> None:
    """A run that is killed would leave such a file behind; so this one is killed as soon as the key is in one."""

    def lies_open() -> bool:
        return any(_holds(path, NEW["secret_key"].encode()) for path in (shop.folder / "tmp").rglob("*"))

    answers = {"service_store_replace_account": "acme-one"}
    answers |= {f"service_store_new_{name}": value for name, value in NEW.items()}
    # Where Ansible is told to keep modules' files it writes them in spite of pipelining.
    kept = {"ANSIBLE_KEEP_REMOTE_FILES": "0"}
    run = shop.run_loudly("replace_key", env=kept, variables=answers, kill_when=lies_open)
    assert run.status == 0, run.output[-3000:] or "killed, since the key was in a temporary file"
    assert parse_record("acme-one-key", shop.store.get("acme-one-key")).public["api_key"] == NEW["api_key"]


def _holds(path: Path, text: bytes) -> bool:
    try:
        return path.is_file() and text in path.read_bytes()
    except OSError:  # it has gone meanwhile
        return False


def test_an_account_outside_the_templates_limit_is_refused(shop: Site) -> None:
    answers = {"service_store_replace_account": "acme-two"}
    run = shop.run("replace_key", "--limit", "acme-one", **answers)
    assert run.status != 0 and "service_store_replace_account is acme-two; it is one of acme-one" in run.output


def test_of_an_azure_key_the_secret_alone_is_asked_for(tmp_path: Path, lab_server: StartServer) -> None:
    fresh = "Nw58Q~canaryLrW7cYjN1pHs6DfA3uEo5KiBtQ8"
    tenant = azure.CONFIG["tenants"][0]
    (own, *_others) = tenant["applications"]
    one = {**own, "secrets": [*own["secrets"], {"value": fresh}], "owners": []}
    server = lab_server("azure", {**azure.CONFIG, "tenants": [{**tenant, "applications": [one]}]})
    site = Site(tmp_path / "site", {"acme-one": 80})
    register = site.folder / "register" / "acme.yml"
    text = register.read_text().replace("provider: cloudstack", f"provider: azure\n    ca_file: {server.ca_file}")
    ends = f'endpoints: {{arm: "{server.url}", entra: "{server.url}"}}'
    register.write_text(re.sub(r"endpoints: .*", ends, text))
    site.store.put("acme-one-key", parse("acme-one-key", "azure", azure.SECRET).record())
    run = site.run("replace_key", service_store_replace_account="acme-one", service_store_new_client_secret=fresh)
    assert run.status == 0, run.output[-3000:]
    stored = parse_record("acme-one-key", site.store.get("acme-one-key"))
    assert {**stored.public, **stored.secrets} == {**azure.SECRET, "client_secret": fresh}
    assert fresh not in run.output
