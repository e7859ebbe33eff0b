# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is let in, and what everybody else is told."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import cs
import pytest
import requests

from lab.clouds.cloudstack.signing import expiry_refusal, sign, signature_matches
from tests.support.servers import LabServer

from .conftest import CONFIG, Client

NOW = datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.UTC)


def refusal(call: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(cs.CloudStackApiException) as caught:
        call()
    return caught.value.error["errorcode"], caught.value.error["errortext"]


def test_what_is_signed_is_sorted_encoded_and_lower_case() -> None:
    params = {"command": "listUsers", "response": "json", "apiKey": "Abc", "name": "a b*c+d"}
    assert signature_matches(params, "secret", sign(dict(reversed(params.items())), "secret"))
    assert not signature_matches(params, "Secret", sign(params, "secret"))
    assert not signature_matches(params | {"name": "other"}, "secret", sign(params, "secret"))


@pytest.mark.parametrize(
    ("params", "enforced", "refused"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"signatureVersion": "3", "expires": "2026-01-01T12:05:00+0000"}, False, False),
        ({"signatureVersion": "3", "expires": "2026-01-01T11:59:59+0000"}, False, True),
        ({"signatureVersion": "3", "expires": "2026-01-01T13:00:00+0000"}, True, True),
        ({"signatureVersion": "3", "expires": "2026-01-01T13:00:00+0000"}, False, False),
        ({"signatureVersion": "3"}, False, True),
        ({"signatureVersion": "3", "expires": "tomorrow"}, False, True),
    ],
    ids=["v1", "v1-enforced", "v3", "late", "too-far", "far", "no-expires", "malformed"],
)
def test_expiry(params: dict[str, str], enforced: bool, refused: bool) -> None:
    assert (expiry_refusal(params, NOW, enforced=enforced) is not None) is refused


@pytest.mark.parametrize("options", [{"method": "get"}, {"method": "post"}, {"expiration": -1}])
def test_the_real_client_is_let_in(client: Client, options: dict[str, Any]) -> None:
    users = client("initech", **options).listUsers(username="store")
    assert [user["account"] for user in users["user"]] == ["initech"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"secret": "wrong"}, "the signature does not match"),
        ({"key": "wrong"}, "no user has this API key"),
        ({"key": "k-off", "secret": "s-off"}, "the user or the account is disabled"),
        ({"expiration": datetime.timedelta(0)}, "expired at"),
    ],
    ids=["secret", "key", "disabled", "expired"],
)
def test_refusals_all_look_the_same(client: Client, server: LabServer, options: dict[str, Any], reason: str) -> None:
    code, text = refusal(client("initech", **options).listApis)
    assert (code, text) == (401, "unable to verify user credentials and/or request signature")
    assert server.calls()[-1]["reason"].startswith(reason)
    assert server.calls()[-1]["status"] == 401


def test_a_request_without_signature_is_refused(server: LabServer) -> None:
    session = requests.Session()
    session.trust_env = False
    answer = session.get(
        f"{server.url}/client/api?command=listUsers&response=json&apikey=k-initech", verify=server.ca_file
    )
    assert (answer.status_code, answer.json()["listusersresponse"]["errorcode"]) == (401, 401)
    xml = session.get(f"{server.url}/client/api?command=listUsers", verify=server.ca_file)
    assert "<errorcode>401</errorcode>" in xml.text
    assert session.get(f"{server.url}/elsewhere", verify=server.ca_file).status_code == 404


def test_a_server_with_another_time_shows_it_and_refuses(lab_server: Callable[..., LabServer]) -> None:
    ahead = lab_server("cloudstack", {**CONFIG, "clock_offset_s": 3600})
    session = requests.Session()
    session.trust_env = False
    options = {"verify": ahead.ca_file, "session": session, "timeout": 60}
    late = cs.CloudStack(f"{ahead.url}/client/api", "k-initech", "s-initech", **options)
    with pytest.raises(cs.CloudStackApiException) as caught:
        late.listApis()
    server_time = datetime.datetime.strptime(
        caught.value.response.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT"
    ).replace(tzinfo=datetime.UTC)
    assert server_time - datetime.datetime.now(datetime.UTC) > datetime.timedelta(minutes=59)


def test_parameters_are_checked(client: Client) -> None:
    api = client("initech")
    assert refusal(api.getUserKeys) == (
        431,
        "Unable to execute API command getuserkeys due to missing parameter id",
    )
    assert refusal(lambda: api.listUsers(page="x", pagesize=1))[0] == 431
    assert refusal(lambda: api.getUserKeys(id="no-uuid"))[0] == 431
    assert refusal(lambda: api.createSecurityGroup(name="x" * 256))[0] == 431
