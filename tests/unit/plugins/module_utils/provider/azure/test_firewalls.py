# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls of storage accounts, key vaults and SQL servers through the adapter, against the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.model.data_plane import Resource
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure import acl_marks
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.guarded import check, express
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.sql_rules import name_of
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import CallCounter

from .firewalls import KINDS, RESOURCES, STORAGE, VAULT, Guarded, guarded, guarded_emulator, guarded_server

__all__ = ["guarded", "guarded_emulator", "guarded_server"]

A, B, NET, PAIR = "192.0.2.1/32", "192.0.2.2/32", "198.51.100.0/24", "198.51.100.10/31"
HQ = "203.0.113.0/28"


@pytest.mark.parametrize("kind", KINDS)
def test_rules_come_back_as_they_were_put_and_a_second_run_reads_only(guarded: Guarded, kind: str) -> None:
    before = guarded.read(kind).addresses
    guarded.bring(kind, A, NET, PAIR)
    end = guarded.read(kind)
    assert set(end.addresses) == {*before, A, NET, *express(kind, (PAIR,), "addresses")}
    assert end.enforced and {rule.address for rule in end.rules if rule.own} == set(end.addresses) - set(before)
    guarded.session.calls = CallCounter()
    assert guarded.bring(kind, A, NET, PAIR) == []
    assert not any(name.startswith(("arm.PATCH", "arm.PUT", "arm.DELETE")) for name in guarded.session.calls.by_name())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("purge", "left"), [("none", {A, B, HQ}), ("own", {A, HQ}), ("all", {A})], ids=["none", "own", "all"]
)
def test_purge_goes_by_whose_a_rule_is(guarded: Guarded, kind: str, purge: str, left: set[str]) -> None:
    guarded.bring(kind, A, B)
    guarded.bring(kind, A, purge=purge)
    assert {address for address in guarded.read(kind).addresses if address != "azure-services"} == left


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_of_somebody_else_counts_and_stays_theirs(guarded: Guarded, kind: str) -> None:
    guarded.bring(kind, A, HQ)
    assert [rule.own for rule in guarded.read(kind).rules if rule.address == HQ] == [False]
    guarded.bring(kind, A)
    assert HQ in guarded.read(kind).addresses
    guarded.withdraw(kind)
    assert guarded.read(kind).addresses == ((HQ,) if kind != "sql_server" else (HQ, "azure-services"))


@pytest.mark.parametrize("kind", [STORAGE.kind, VAULT.kind])
def test_two_stores_know_their_own_rules(guarded: Guarded, kind: str) -> None:
    guarded.bring(kind, A)
    other = Guarded(guarded.session, "store-a-b")
    other.bring(kind, B)
    assert {rule.address for rule in guarded.read(kind).rules if rule.own} == {A}
    assert {rule.address for rule in other.read(kind).rules if rule.own} == {B}
    other.withdraw(kind)
    assert set(guarded.read(kind).addresses) == {A, HQ}


@pytest.mark.parametrize("kind", [STORAGE.kind, VAULT.kind])
def test_rules_are_written_before_anybody_is_refused_and_the_rest_goes_back_as_it_came(
    guarded: Guarded, kind: str
) -> None:
    writes = guarded.patches(kind, A)
    first, second = (body["properties"]["networkAcls"] for body in writes)
    assert (first["defaultAction"], second["defaultAction"]) == ("Allow", "Deny")
    assert [item["value"] for item in first["ipRules"]] == ["203.0.113.0/28", "192.0.2.1"]
    assert writes[0]["tags"] == {"team": "data", f"svcstore:{guarded.store}:1": "192.0.2.1"}
    # Nothing is marked anew with the second write, so no tag of others goes over the wire again.
    assert "tags" not in writes[1]
    found = guarded.raw(kind)
    assert found["tags"]["team"] == "data"
    assert found["properties"]["networkAcls"]["bypass"] == (
        "AzureServices, Metrics" if kind == STORAGE.kind else "None"
    )
    assert found["properties"]["networkAcls"]["virtualNetworkRules"] == [{"id": "/subscriptions/x/subnets/y"}]
    # What is closed already takes one write.
    assert len(guarded.patches(kind, B)) == 1


def test_leaving_never_opens_a_resource(guarded: Guarded) -> None:
    for kind in (STORAGE.kind, VAULT.kind):
        guarded.bring(kind, A)
        guarded.withdraw(kind)
        end = guarded.read(kind)
        assert (end.addresses, end.denies) == ((HQ,), True)
        assert guarded.raw(kind)["tags"] == {"team": "data"}


def test_the_service_refuses_who_is_not_let_in_and_lets_in_who_is(guarded: Guarded) -> None:
    for kind in KINDS:
        guarded.bring(kind, A)
    assert [guarded.lets_in(resource) for resource in RESOURCES.values()] == [False] * 3
    for kind in KINDS:
        guarded.bring(kind, "127.0.0.1/32")
    assert [guarded.lets_in(resource) for resource in RESOURCES.values()] == [True] * 3


def test_sql_rules_of_ours_that_somebody_changed_are_set_right(guarded: Guarded) -> None:
    guarded.bring("sql_server", A)
    guarded.put_rule(name_of(guarded.store, A), "192.0.2.1", "192.0.2.99")
    now = guarded.read("sql_server")
    assert [rule.own for rule in now.rules if rule.address == "192.0.2.1-192.0.2.99"] == [True]
    assert [change.action for change in guarded.bring("sql_server", A)] == ["add", "remove"]
    assert set(guarded.read("sql_server").addresses) == {A, HQ, "azure-services"}
    assert guarded.bring("sql_server", A) == []


def test_a_sql_rule_that_was_changed_to_another_wanted_address_loses_neither(guarded: Guarded) -> None:
    guarded.bring("sql_server", A)
    guarded.put_rule(name_of(guarded.store, A), "192.0.2.2", "192.0.2.2")
    # Whom the changed rule lets in gets a rule of its own before the changed one is made anew.
    assert [(change.action, change.key) for change in guarded.bring("sql_server", A, B)] == [
        ("add", B),
        ("add", A),
        ("remove", B),
    ]
    assert {rule.address: rule.ref for rule in guarded.read("sql_server").rules if rule.own} == {
        A: name_of(guarded.store, A),
        B: name_of(guarded.store, B),
    }
    assert guarded.bring("sql_server", A, B) == []


def test_a_sql_rule_of_ours_that_was_opened_to_azure_is_set_right(guarded: Guarded) -> None:
    guarded.write("sql_server", "DELETE", "/firewallRules/AllowAllWindowsAzureIps", None)
    guarded.put_rule(name_of(guarded.store, A), "0.0.0.0", "0.0.0.0")
    assert [change.key for change in guarded.bring("sql_server", A)] == [A, "azure-services"]
    assert guarded.read("sql_server").not_enforced == guarded.read("sql_server").passes[0]


def test_the_sheet_never_removes_the_rule_that_it_makes(guarded: Guarded) -> None:
    guarded.bring("sql_server", A)
    guarded.put_rule(name_of(guarded.store, A), "203.0.113.64", "203.0.113.127")
    sheet = guarded.sheet("sql_server", A)
    assert f"create --resource-group prod --server acme-sql --name {name_of(guarded.store, A)} " in sheet
    assert "delete" not in sheet


@pytest.mark.parametrize("kind", KINDS)
def test_the_sheet_quotes_what_a_shell_would_read(guarded: Guarded, kind: str) -> None:
    now, changes = guarded.planned(kind, A)
    group = replace(now, resource=replace(now.resource, group="prod (eu)"))
    assert " --resource-group 'prod (eu)' " in guarded.adapter.render_firewall(group, changes)


def test_sql_rules_with_any_name_are_read_and_removed(guarded: Guarded) -> None:
    guarded.put_rule("Büro (alt) #1", "203.0.113.5", "203.0.113.9")
    assert "203.0.113.5-203.0.113.9" in guarded.read("sql_server").addresses
    assert "every service inside Azure" in guarded.read("sql_server").not_enforced
    guarded.bring("sql_server", A, purge="all")
    end = guarded.read("sql_server")
    assert end.addresses == (A,) and "Azure" not in end.not_enforced


def test_one_call_reads_a_kind_and_one_by_one_where_it_may_not_list(guarded: Guarded) -> None:
    both = [STORAGE, Resource("storage_account", "prod", "acmelogs")]
    found = guarded.adapter.read_firewalls(both)
    assert [str(item) for item in found] == ["storage_account prod/acmedata", "storage_account prod/acmelogs"]
    assert guarded.calls() == {"GET storageAccounts": 1}
    narrow = guarded.narrow()
    assert set(narrow.adapter.read_firewalls(both)) == set(both)
    assert narrow.calls() == {"GET storageAccounts": 3}


@pytest.mark.parametrize("count", [1, 2])
def test_a_resource_that_is_not_there_is_named(guarded: Guarded, count: int) -> None:
    lost = Resource("key_vault", "prod", "nowhere")
    with pytest.raises(ProviderError, match="key_vault prod/nowhere") as failed:
        guarded.adapter.read_firewalls([lost, VAULT][:count])
    assert failed.value.kind == "not_found"


@pytest.mark.parametrize(
    ("kind", "prefixes", "expected"),
    [
        ("storage_account", ("192.0.2.1/32", "192.0.2.2/31", "198.51.100.0/30"),
         ("192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32", "198.51.100.0/30")),
        ("key_vault", ("192.0.2.2/31", "2001:db8::/48"), ("192.0.2.2/31",)),
        ("sql_server", ("10.0.0.0/8",), ("10.0.0.0/8",)),
        ("storage_account", ("192.0.2.2/31", "192.0.2.3/32"), ("192.0.2.2/32", "192.0.2.3/32")),
    ],
    ids=["storage", "vault", "sql", "twice"],
)  # fmt: skip
def test_prefixes_are_written_as_each_kind_takes_them(
    kind: str, prefixes: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert express(kind, prefixes, "addresses") == expected


@pytest.mark.parametrize(
    ("kind", "prefix", "why"),
    [
        ("storage_account", "10.1.2.3/32", "is private, and a storage account takes public addresses alone"),
        ("key_vault", "172.16.0.0/12", "is private, and a key vault"),
        ("sql_server", "0.0.0.0/0", "is wider than /8 for a SQL server"),
        ("key_vault", "0.0.0.0/1", "is wider than /8"),
    ],
    ids=str,
)
def test_what_no_rule_says_is_refused_before_any_call(kind: str, prefix: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=f"addresses: {prefix} {why}"):
        express(kind, (prefix,), "addresses")


@pytest.mark.parametrize(
    "resource",
    [
        Resource("storage_account", "prod", "Acme-Data"),
        Resource("key_vault", "prod", "-keys"),
        Resource("key_vault", "prod", "a--b"),
        Resource("sql_server", "prod", "/subscriptions/1/x"),
        Resource("sql_server", "prod/../other", "acme"),
        Resource("sql_server", "prod.", "acme"),
    ],
    ids=str,
)
def test_names_that_azure_has_not_are_refused(resource: Resource) -> None:
    with pytest.raises(InvalidValue, match=r"data_plane\[0\]\.(name|resource_group)"):
        check("data_plane[0]", resource)


def test_marks_fill_tags_and_say_when_there_are_too_many() -> None:
    many = [f"198.51.{number // 256}.{number % 256}/32" for number in range(100)]
    tags = acl_marks.write({"team": "data"}, "store-a", many, "mark")
    assert all(len(value) <= acl_marks.VALUE_CHARS for value in tags.values()) and len(tags) == 6
    assert acl_marks.read(tags, "store-a") == frozenset(many)
    assert acl_marks.read(tags, "store-b") == frozenset()
    upper = {name.upper(): value for name, value in tags.items()}
    assert acl_marks.read(upper, "store-a") == frozenset(many)
    assert acl_marks.write(upper, "store-a", [], "unmark") == {"TEAM": "data"}
    full: Mapping[str, str] = {str(number): "" for number in range(50)}
    with pytest.raises(ProviderError, match="51 tags") as failed:
        acl_marks.write(full, "store-a", [A], "mark")
    assert failed.value.kind == "quota"


def test_the_sheet_has_the_commands_in_their_order(guarded: Guarded) -> None:
    sheet = guarded.sheet(STORAGE.kind, A).splitlines()
    assert sheet[1] == "Firewall of storage_account prod/acmedata, now: 203.0.113.0/28"
    assert sheet[2].startswith(
        "az storage account network-rule add --resource-group prod --account-name acmedata --ip-address 192.0.2.1 "
    )
    assert "--default-action Deny" in sheet[3]
    sql = guarded.sheet("sql_server", NET, purge="all")
    assert f"create --resource-group prod --server acme-sql --name {name_of(guarded.store, NET)}" in sql
    assert "--start-ip-address 198.51.100.0 --end-ip-address 198.51.100.255" in sql
    assert sql.index("create") < sql.index("delete") and "--name 'by the customer'" in sql
    assert "az keyvault update --resource-group prod --name acme-keys --default-action Deny" in guarded.sheet(
        VAULT.kind, A
    )
