# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's list of sources: read, merged, written, or rendered for whoever may write it."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput, ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.restriction import plan, target_of
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.source_restriction import (
    SETTING,
    CloudStackSourceRestriction,
)
from tests.support.servers import LabServer

from .conftest import Open, credential

WANTED = ("127.0.0.1/32", "192.0.2.1/32")


def test_an_open_list_is_no_restriction(connect: Open) -> None:
    now = CloudStackSourceRestriction(connect("delegate"), "store-a").read_restriction()
    assert (now.addresses, now.applied_by, now.not_enforced) == ((), "store", "")


def test_the_list_is_merged_and_then_enforced(connect: Open, server: LabServer) -> None:
    session = connect("delegate")
    adapter = CloudStackSourceRestriction(session, "store-a")
    account = session.probe().detail["accountid"]
    others = " 127.0.0.0/8, 203.0.113.0/24"
    connect("staff").call("set", "updateConfiguration", name=SETTING, value=others, accountid=account)
    now = adapter.read_restriction()
    change = plan("account", now, ("192.0.2.1/32",), "own").changes[0]
    adapter.apply_restriction(now, target_of(change))
    after = adapter.read_restriction()
    assert after.addresses == ("127.0.0.0/8", "192.0.2.1/32", "203.0.113.0/24")
    assert not plan("account", after, ("192.0.2.1/32",), "own").changed
    adapter.apply_restriction(after, ("192.0.2.1/32",))
    with pytest.raises(ProviderError) as caught:
        connect(given=credential("delegate", registered=True)).probe()
    assert caught.value.kind == "ip_blocked"
    assert "is not in api.allowed.source.cidr.list" in server.calls()[-1]["reason"]


def test_a_list_that_changed_since_it_was_read_is_not_overwritten(connect: Open) -> None:
    session = connect("delegate")
    adapter = CloudStackSourceRestriction(session, "store-a")
    now = adapter.read_restriction()
    account = session.probe().detail["accountid"]
    connect("staff").call("set", "updateConfiguration", name=SETTING, value="127.0.0.0/8", accountid=account)
    with pytest.raises(ProviderError) as caught:
        adapter.apply_restriction(now, WANTED)
    assert caught.value.kind == "conflict"


@pytest.mark.parametrize(("account", "known"), [("reader", True), ("initech", False)])
def test_without_permission_the_request_is_rendered(connect: Open, account: str, known: bool) -> None:
    adapter = CloudStackSourceRestriction(connect(account), "store-a")
    now = adapter.read_restriction()
    assert now.applied_by == "provider"
    assert bool(now.not_enforced) is not known
    sheet = adapter.render_restriction(now, WANTED)
    account_id = connect(account).probe().detail["accountid"]
    assert f"name={SETTING} accountid={account_id} value=127.0.0.1/32,192.0.2.1/32" in sheet
    assert ("not readable" in sheet) is not known


def test_a_list_too_long_for_the_setting_is_refused(connect: Open) -> None:
    adapter = CloudStackSourceRestriction(connect("delegate"), "store-a")
    many = tuple(f"10.{n // 250}.{n % 250}.1/32" for n in range(400))
    with pytest.raises(InvalidInput, match="aggregate"):
        adapter.apply_restriction(adapter.read_restriction(), many)


def test_reading_takes_three_calls(connect: Open) -> None:
    session = connect("delegate")
    CloudStackSourceRestriction(session, "store-a").read_restriction()
    assert session.calls.by_name() == {"listApis": 1, "listConfigurations": 1, "listUsers": 1}
