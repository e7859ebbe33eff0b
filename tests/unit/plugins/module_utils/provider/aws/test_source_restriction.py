# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source policy on ministack, which judges by the TCP peer's address."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.source_restriction import (
    SourcePolicy,
    _identity,
    document,
)
from tests.support.servers import LabServer

from .conftest import CONFIG, STORE, USER, session


def test_the_document_denies_all_but_the_listed_and_what_aws_does_itself() -> None:
    [statement] = document(("198.51.100.0/24", "192.0.2.1/32"))["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Deny", "*", "*")
    assert statement["Condition"] == {
        "NotIpAddress": {"aws:SourceIp": ["192.0.2.1/32", "198.51.100.0/24"]},
        "BoolIfExists": {"aws:ViaAWSService": "false"},
    }


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::123456789012:user/path/of/store", ("user", "store")),
        ("arn:aws:sts::123456789012:assumed-role/store/session", ("role", "store")),
        ("arn:aws-cn:iam::123456789012:root", ("", "")),
    ],
    ids=["user", "role", "root"],
)
def test_the_identity_is_read_from_the_arn(arn: str, expected: tuple[str, str]) -> None:
    assert _identity(arn) == expected


@pytest.fixture(scope="module")
def ministack(module_lab_server: Any) -> LabServer:
    config = {key: value for key, value in CONFIG.items() if key != "security_groups"}
    started: LabServer = module_lab_server("aws", {**config, "buckets": ["evidence"]}, args=["--which", "ministack"])
    return started


def test_a_restriction_comes_back_as_it_was_put(ministack: LabServer) -> None:
    ministack.reset()
    made = session(ministack.url, ministack.ca_file)
    adapter = SourcePolicy(made, STORE)
    now = adapter.read_restriction()
    assert (now.addresses, now.applied_by) == ((), "store")
    assert USER in now.enforced_by
    assert made.calls.by_name() == {"iam.GetUserPolicy": 1, "sts.GetCallerIdentity": 1}
    for wanted in (("127.0.0.1/32",), ("127.0.0.1/32", "2001:db8::/48")):
        adapter.apply_restriction(now, wanted)
        assert adapter.read_restriction().addresses == wanted
    for _twice in range(2):
        adapter.apply_restriction(now, ())
        assert adapter.read_restriction().addresses == ()


@pytest.mark.parametrize("service", ["sts", "iam", "s3"])
def test_the_service_refuses_an_address_that_is_not_listed(ministack: LabServer, service: str) -> None:
    ministack.reset()
    made = session(ministack.url, ministack.ca_file)
    adapter = SourcePolicy(made, STORE)
    now = adapter.read_restriction()
    adapter.apply_restriction(now, ("127.0.0.1/32", "192.0.2.1/32"))
    assert made.probe(service).principal
    adapter.apply_restriction(now, ("192.0.2.1/32",))
    with pytest.raises(ProviderError) as refused:
        made.probe(service)
    assert refused.value.kind == "no_permission"
    assert "egress" in refused.value.hint
    # AWS documents that this one call is always answered.
    assert made.probe().principal.endswith(USER)
