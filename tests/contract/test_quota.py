# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A quota that the account had raised: it is asked for where the usual one would be passed, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.faults import FaultProxy
from tests.support.module import ModuleFailed
from tests.support.servers import starter

from .accounts import aws
from .accounts.base import CloudAccount
from .conftest import Store

ASKED = "GetServiceQuota"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudAccount]:
    """An account whose security groups take 62 rules of each family."""
    with starter(tmp_path_factory) as start:
        made = aws.start(start, tmp_path_factory.mktemp("quota"), quotas={"L-0EA8095F": 62})
        made.options["endpoints"]["service-quotas"] = made.options["endpoints"]["ec2"]
        yield made
        made.faults.__exit__(None, None, None)


def asked(faults: FaultProxy) -> list[str]:
    return [name for name in faults.operations() if ASKED in name]


def entries(number: int) -> list[dict[str, Any]]:
    return [{"cidr": f"192.0.2.{last}", "ports": "443"} for last in range(number)]


def test_within_the_usual_quota_nothing_is_asked(store: Store, account: CloudAccount) -> None:
    assert store.apply(*entries(60))["changed"]
    assert asked(account.faults) == []


def test_a_raised_quota_is_asked_for_once_and_used(store: Store, account: CloudAccount) -> None:
    assert store.apply(*entries(62))["changed"]
    assert len(asked(account.faults)) == 1


def test_what_passes_the_raised_quota_too_is_refused_before_a_write(store: Store, account: CloudAccount) -> None:
    with pytest.raises(ModuleFailed, match="would hold 63 IPv4 entries while it changes and the provider takes 62"):
        store.apply(*entries(63))
    assert account.writes() == []


def test_a_key_that_may_not_ask_is_held_to_the_usual_quota(store: Store, account: CloudAccount) -> None:
    account.faults.add(mode="status", status=403, body='{"__type": "AccessDeniedException"}', operation=ASKED, times=0)
    with pytest.raises(ModuleFailed, match="the provider takes 60"):
        store.apply(*entries(62))
    assert account.writes() == []


def test_an_account_with_endpoints_of_its_own_is_not_looked_up_at_amazon(store: Store, account: CloudAccount) -> None:
    endpoints = {"ec2": account.options["endpoints"]["ec2"]}
    with pytest.raises(ModuleFailed, match="the provider takes 60"):
        store.apply(*entries(62), endpoints=endpoints)
    assert asked(account.faults) == []
