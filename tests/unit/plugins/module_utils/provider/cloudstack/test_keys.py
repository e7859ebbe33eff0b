# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may replace whose key pair, and what is left to do where nobody knows the user any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.provider.cloudstack.keys import UserKeys
from tests.support.servers import LabServer, lab_server

from .conftest import CONFIG, Open, credential

__all__ = ["lab_server"]
BARE = {**CONFIG, "roles": {**CONFIG["roles"], "Customer": {"type": "User", "deny": ["registerUserKeys"]}}}


def failure(call: Callable[[], Any]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value


def test_a_user_replaces_its_own_pair_with_three_calls(connect: Open) -> None:
    own = credential("initech")
    session = connect()
    keys = UserKeys(session, own)
    assert (keys.traits.overlap, keys.traits.most) == (False, 1)
    new = keys.create("ignored", "2031-01-01T00:00:00Z")
    assert session.calls.by_name() == {"listApis": 1, "listUsers": 1, "registerUserKeys": 1}
    assert connect(given=new).probe().principal == "store"
    assert failure(connect(given=own).probe).kind == "bad_key"
    assert new.meta["user_id"] == connect(given=new).probe().detail["id"]


def test_an_alias_keeps_its_name(connect: Open) -> None:
    own = replace(credential("initech"), provider="bt_cloud")
    assert UserKeys(connect(given=own), own).create("ignored").provider == "bt_cloud"


def test_an_administrator_rotates_any_users_pair(connect: Open) -> None:
    keys = UserKeys(connect("staff"), credential("umbrella"))
    assert keys.keys()[0].id == "k-umbrella"
    new = keys.create("ignored")
    assert connect(given=new).probe().account.endswith("umbrella")


def test_a_role_without_the_command_is_told_before_anything_is_made(
    lab_server: Callable[..., LabServer], connect: Open
) -> None:
    server = lab_server("cloudstack", BARE)
    session = connect(url=server.url, ca_file=server.ca_file)
    error = failure(lambda: UserKeys(session, credential("initech")).traits)
    assert error.kind == "no_permission" and "listApis does not show registerUserKeys" in error.why
    assert "allow registerUserKeys in the role" in error.hint and "name a rotator" in error.hint
    staff = connect("staff", url=server.url, ca_file=server.ca_file)
    assert UserKeys(staff, credential("initech")).create("ignored").public["api_key"] != "k-initech"


def test_a_rotator_of_another_account_sees_no_such_user(connect: Open) -> None:
    error = failure(UserKeys(connect("reader"), credential("initech")).keys)
    assert error.kind == "not_found" and "belongs to another account" in error.why


def test_the_user_is_known_after_its_pair_was_replaced_where_registration_recorded_it(connect: Open) -> None:
    own = credential("initech")
    known = replace(own, meta=connect().probe().remember)
    UserKeys(connect("staff"), own).create("the answer is lost")
    lost = failure(UserKeys(connect("staff"), own).keys)
    assert lost.kind == "not_found" and "getUserKeys" in lost.hint
    again = UserKeys(connect("staff"), known).create("ignored")
    assert connect(given=again).probe().principal == "store"


def test_a_living_pair_cannot_be_deleted_and_a_replaced_one_is(connect: Open) -> None:
    keys = UserKeys(connect("staff"), credential("initech"))
    error = failure(lambda: keys.delete("k-initech"))
    assert error.kind == "invalid" and "deleteUserKeys" in error.why
    keys.create("ignored")
    keys.delete("k-initech")


@pytest.fixture(scope="module")
def newer(module_lab_server: Callable[..., LabServer]) -> LabServer:
    """A server of 4.23, where a user may have several pairs."""
    return module_lab_server("cloudstack", {**CONFIG, "version": "4.23.0.0"})


@pytest.mark.parametrize("actor", ["initech", "staff"], ids=["itself", "an administrator"])
def test_from_4_23_on_pairs_overlap_have_names_and_are_deleted(connect: Open, newer: LabServer, actor: str) -> None:
    newer.reset()
    at = {"url": newer.url, "ca_file": newer.ca_file}
    own = credential("initech")
    session = connect(actor, **at)
    keys = UserKeys(session, own)
    assert keys.traits.overlap and keys.traits.labels and keys.traits.most is None
    new = keys.create("next", "2031-01-01T00:00:00Z")
    assert session.calls.total <= 4
    assert connect(given=own, **at).probe().principal == connect(given=new, **at).probe().principal == "store"
    listed = keys.keys()
    assert {key.id: (key.label, key.expires_at) for key in listed}[keys.id_of(new)] == ("next", "2031-01-01T00:00:00Z")
    heir = UserKeys(connect(given=new, **at), new)
    for _unused in range(2):
        heir.delete("k-initech")
    (left,) = heir.keys()
    assert left.id == keys.id_of(new)
    assert failure(connect(given=own, **at).probe).kind == "bad_key"


def test_from_4_23_on_the_rules_of_a_pair_go_to_its_successor(connect: Open, newer: LabServer) -> None:
    newer.reset()
    at = {"url": newer.url, "ca_file": newer.ca_file}
    rules = [{"rule": "listHosts", "permission": "deny"}, {"rule": "*User*", "permission": "allow"}]
    rules += [{"rule": "queryAsyncJobResult", "permission": "allow"}, {"rule": "listApis", "permission": "allow"}]
    session = connect(**at)
    user = session.probe().detail["id"]
    made = session.run_job("make a narrow one", "registerUserKeys", id=user, name="narrow", rules=rules)["userkeys"]
    narrow = replace(
        credential("initech"), public={"api_key": made["apikey"]}, secrets={"secret_key": made["secretkey"]}
    )
    new = UserKeys(connect(given=narrow, **at), narrow).create("next")
    assert connect(given=new, **at).probe().principal == "store"
    error = failure(lambda: connect(given=new, **at).call("list", "listSecurityGroups"))
    assert error.kind == "no_permission"
