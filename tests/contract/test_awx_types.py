# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped credential types of AWX, filled in by AWX's own code: what a job finds holds keys, reaches clouds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import UndefinedError
from jsonschema import ValidationError

from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS, parse_record
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from tests.support.awx_job import EXTENSIONS, TYPES, Job, credential_type
from tests.support.awx_rules import refuse_survey, refuse_type
from tests.support.module import run_module
from tests.support.servers import start_server

#: Characters that a careless template would break on.
HARD = 'canary-"quoted"-\'<&>{{no}}-\\back-é'
RECORDS = {
    "aws": {"access_key_id": "AKIAAWXAAAAAAAAAAAA1", "secret_access_key": HARD},
    "azure": {"tenant_id": "t-1", "client_id": "c-1", "subscription_id": "s-1", "client_secret": HARD},
    "openstack": {"application_credential_id": "0123", "application_credential_secret": HARD},
    "cloudstack": {"api_key": "awx-key", "secret_key": HARD},
}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "runner")


@pytest.fixture
def in_job(job: Job, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make this process the job's."""

    def enter() -> None:
        for name, value in job.env.items():
            monkeypatch.setenv(name, value)

    return enter


@pytest.mark.parametrize("name", TYPES)
def test_awx_takes_the_type(name: str) -> None:
    shipped = credential_type(name)
    assert set(shipped) == {"name", "description", "kind", "inputs", "injectors"} and shipped["kind"] == "cloud"
    refuse_type(shipped["inputs"], shipped["injectors"])
    # AWX writes the type of a field down where it is not given, and the next run would find a difference.
    assert all("type" in field for field in shipped["inputs"]["fields"])


@pytest.mark.parametrize(
    ("inputs", "injectors"),
    [
        ({"fields": [{"id": "tower", "label": "x"}]}, {}),
        ({"fields": [{"id": "a", "label": "x"}, {"id": "a", "label": "y"}]}, {}),
        ({"fields": [{"id": "namespace", "label": "x"}]}, {}),
        ({"fields": [{"id": "a", "label": "x", "type": "boolean", "secret": True}]}, {}),
        ({"fields": [{"id": "a", "label": "x"}]}, {"env": {"ANSIBLE_CONFIG": "x"}}),
        ({"fields": [{"id": "a", "label": "x"}]}, {"env": {"PATH": "x"}}),
        ({"fields": [{"id": "a", "label": "x"}]}, {"env": {"X": "{{ b }}"}}),
        ({"fields": [{"id": "a", "label": "x"}]}, {"env": {"X": "{{ tower.filename.a }}"}, "file": {"template.b": ""}}),
    ],
    ids=[
        "tower",
        "twice",
        "a function of Jinja",
        "secret boolean",
        "ansible",
        "blocked",
        "unknown field",
        "which file",
    ],
)
def test_what_awx_would_refuse_is_refused_here(inputs: dict[str, Any], injectors: dict[str, Any]) -> None:
    with pytest.raises((ValueError, ValidationError, UndefinedError)):
        refuse_type(inputs, injectors)


@pytest.mark.parametrize("name", RECORDS)
def test_a_secret_is_in_a_private_file_and_nowhere_else(job: Job, name: str) -> None:
    job.attach(name, record="acme", **RECORDS[name])
    secret = next(field["id"] for field in credential_type(name)["inputs"]["fields"] if field.get("secret"))
    assert secret in RECORDS[name]
    for found in (job.env, job.safe_env, job.arguments, job.extra_vars()):
        assert HARD not in str(found) and json.dumps(HARD)[1:-1] not in str(found)
    assert all(os.stat(path).st_mode & 0o077 == 0 for path in job.files())


@pytest.mark.parametrize("name", RECORDS)
def test_the_record_is_what_the_store_reads(job: Job, in_job: Any, name: str) -> None:
    dates = {"made_on": "2026-11-01", "owner": "sec@acme.example"}
    job.attach(name, record="acme-key", **RECORDS[name], **dates)
    in_job()
    store = open_store({"type": "awx"}, lambda *values: None)
    assert store.names() == ("acme-key",)
    found = parse_record("acme-key", store.get("acme-key"))
    assert {**found.public, **found.secrets} == RECORDS[name]
    assert set(found.secrets) == set(FIELDS[name].secret)
    assert found.meta == {"owner": "sec@acme.example", "registered_at": "2026-11-01T00:00:00Z"}
    info = run_module("cloud_credential_info", {"secret_store": {"type": "awx"}})
    assert info["credentials"][0]["age_days"] >= 0 and HARD not in str(info)


def test_a_job_takes_one_credential_of_each_type(job: Job, in_job: Any) -> None:
    for name, fields in RECORDS.items():
        job.attach(name, record=f"acme-{name}", **fields)
    in_job()
    store = open_store({"type": "awx"}, lambda *values: None)
    assert store.names() == tuple(sorted(f"acme-{name}" for name in RECORDS))


def test_bt_cloud_and_an_end_can_be_chosen(job: Job, in_job: Any) -> None:
    job.attach("cloudstack", record="bt", provider="bt_cloud", **RECORDS["cloudstack"])
    job.attach("openstack", record="os", expires_at="2027-01-31T00:00:00Z", **RECORDS["openstack"])
    in_job()
    store = open_store({"type": "awx"}, lambda *values: None)
    assert store.get("bt")["provider"] == "bt_cloud" and "registered_at" not in store.get("bt")["meta"]
    assert store.get("os")["public"]["expires_at"] == "2027-01-31T00:00:00Z"


def test_the_surveys_ask_for_every_secret_as_a_password() -> None:
    survey = yaml.safe_load((EXTENSIONS / "survey.yml").read_text())
    assert set(survey["questions"]) == set(FIELDS)
    for provider, questions in survey["questions"].items():
        account = {**survey["account"], "choices": ["acme-prod"]}
        refuse_survey({"name": survey["name"], "description": survey["description"], "spec": [account, *questions]})
        asked = {item["variable"].removeprefix("service_store_new_"): item["type"] for item in questions}
        assert {name for name, kind in asked.items() if kind == "password"} == set(FIELDS[provider].secret)
        assert set(asked) <= set(FIELDS[provider].all)


@pytest.mark.slow
def test_a_job_makes_a_live_call_with_what_was_injected(job: Job, in_job: Any, tmp_path: Path) -> None:
    secret = {"api_key": "awx-live-key", "secret_key": "vX2mZk9LrW7cYjN1pHs6DfA3uEo5KiBtQ8gRw4TxM0"}
    user = {"username": "store", "apikey": secret["api_key"], "secretkey": secret["secret_key"]}
    server = start_server("cloudstack", {"accounts": [{"name": "initech", "users": [user]}]}, tmp_path / "cloud")
    job.attach("cloudstack", record="initech-key", **secret)
    in_job()
    cloud = {"endpoints": {"api": f"{server.url}/client/api"}, "ca_file": server.ca_file}
    given = {"provider": "cloudstack", "credential": "initech-key", "secret_store": {"type": "awx"}, **cloud}
    try:
        probe = run_module("access_probe", {**given, "service": "api"})
        assert probe["outcome"] == "allowed" and server.calls()
        found = run_module("cloud_credential", given)
    finally:
        server.stop()
    assert found["identity"] and not found["changed"]
    assert secret["secret_key"] not in str(found)
