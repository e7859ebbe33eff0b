# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What refusals mean. The bodies are those of Keystone 30 and Neutron 29."""

from __future__ import annotations

import json

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.credential import expired
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.errors import (
    Answer,
    no_answer,
    refusal,
)


def neutron(kind: str, message: str = "why") -> str:
    return json.dumps({"NeutronError": {"type": kind, "message": message, "detail": ""}})


def keystone(code: int, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message, "title": "t"}})


REQUIRED = keystone(401, "The request you have made requires authentication.")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(Answer(409, neutron("OverQuota")), "quota", id="quota"),
        pytest.param(Answer(409, neutron("SecurityGroupRuleExists")), "already_exists", id="duplicate"),
        pytest.param(Answer(409, neutron("SecurityGroupInUse")), "conflict", id="conflict"),
        pytest.param(Answer(403, neutron("PolicyNotAuthorized")), "no_permission", id="policy"),
        pytest.param(Answer(404, neutron("SecurityGroupRuleNotFound")), "not_found", id="not found"),
        pytest.param(Answer(400, neutron("HTTPBadRequest")), "invalid", id="bad request"),
        pytest.param(Answer(401, REQUIRED), "bad_key", id="token"),
        pytest.param(Answer(401, REQUIRED, login=True), "bad_key", id="wrong secret"),
        pytest.param(
            Answer(404, keystone(404, "Could not find Application Credential: x."), login=True), "bad_key", id="unknown"
        ),
        pytest.param(Answer(404, "<html>Not Found</html>", login=True), "invalid", id="no Keystone there"),
        pytest.param(Answer(403, "<html>Forbidden</html>"), "ip_blocked", id="the front refuses"),
        pytest.param(Answer(429, "slow down"), "throttled", id="throttled"),
        pytest.param(Answer(503, "<html>no server</html>"), "server", id="the front has no server"),
        pytest.param(Answer(302, ""), "other", id="redirect"),
    ],
)
def test_a_refusal_has_its_kind(answer: Answer, kind: str) -> None:
    error = refusal("do it", answer)
    assert error.kind == kind
    assert error.transient is (kind in {"throttled", "server"})


def chained(*classes: type[Exception]) -> Exception:
    """keystoneauth raises its own exception while it handles the one of requests."""
    outer = classes[0]("first line\nsecond line")
    if len(classes) > 1:
        outer.__context__ = chained(*classes[1:])
    return outer


def named(*names: str) -> type[Exception]:
    made: type[Exception] = Exception
    for name in reversed(names):
        made = type(name, (made,), {})
    return made


@pytest.mark.parametrize(
    ("exc", "kind", "transient"),
    [
        pytest.param(chained(named("ConnectFailure", "ConnectionError"), named("ProxyError")), "unreachable", False),
        pytest.param(chained(named("SSLFailure", "ConnectionError"), named("SSLError")), "tls", False),
        pytest.param(chained(named("ConnectTimeout", "ConnectionError"), named("ReadTimeout")), "timeout", True),
        pytest.param(
            chained(named("ConnectTimeout", "ConnectionError"), named("ConnectTimeout")), "unreachable", False
        ),
        pytest.param(chained(named("ConnectFailure", "ConnectionError")), "unreachable", True),
        pytest.param(chained(named("EndpointNotFound", "CatalogException")), "not_found", False),
        pytest.param(chained(named("Whatever")), "other", False),
    ],
)
def test_no_answer_has_its_kind(exc: Exception, kind: str, transient: bool) -> None:
    error = no_answer("do it", exc, "http://store-1:3128")
    assert (error.kind, error.transient) == (kind, transient)
    assert "second line" not in str(error)


@pytest.mark.parametrize(
    ("expires_at", "kind"),
    [
        ("", "bad_key"),
        ("2020-01-01T00:00:00.000000", "expired"),
        ("2999-01-01T00:00:00Z", "bad_key"),
        ("soon", "bad_key"),
    ],
)
def test_a_refusal_after_the_registered_end_is_expired(expires_at: str, kind: str) -> None:
    credential = Credential("c", "openstack", {}, {}, {"expires_at": expires_at})
    refused = refusal("get a token", Answer(401, REQUIRED, login=True))
    assert expired(credential, refused).kind == kind


def test_only_a_refused_key_can_be_expired() -> None:
    credential = Credential("c", "openstack", {"expires_at": "2020-01-01"}, {})
    other = ProviderError("openstack", "get a token", "503", "server", True)
    assert expired(credential, other) is other
