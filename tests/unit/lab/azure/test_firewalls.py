# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls of storage accounts, key vaults and SQL servers: what the services take, keep, refuse and let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.servers import LabServer
from tests.unit.lab.azure.conftest import CLIENT, CONFIG, READER, SECRET, SUBSCRIPTION, TENANT, Http

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/scratch/providers"
ACCOUNT = f"{GROUP}/Microsoft.Storage/storageAccounts/acmedata"
VAULT = f"{GROUP}/Microsoft.KeyVault/vaults/acme-keys"
SERVER = f"{GROUP}/Microsoft.Sql/servers/acme-sql"
DARK = f"{GROUP}/Microsoft.Sql/servers/dark-sql"
#: "Storage Accounts", "Vaults" and "Firewall Rules" of the REST references.
VERSIONS = {"Storage": "2023-05-01", "KeyVault": "2023-07-01", "Sql": "2021-11-01"}
WITH_FIREWALLS = {
    "name": "scratch",
    "storage_accounts": [{"name": "acmedata", "tags": {"team": "data"}}],
    "vaults": [{"name": "acme-keys"}],
    "sql_servers": [
        {"name": "acme-sql", "rules": [{"name": "hq", "startIpAddress": "203.0.113.5", "endIpAddress": "203.0.113.9"}]},
        {"name": "dark-sql", "properties": {"publicNetworkAccess": "Disabled"}},
    ],
}


#: May list the names of secrets, and nothing at Resource Manager.
NOBODY = CLIENT[:-1] + "7"
METADATA = {"name": "metadata", "data_actions": ["Microsoft.KeyVault/vaults/secrets/readMetadata/action"]}


@pytest.fixture(scope="module")
def server(module_lab_server: Any) -> LabServer:
    (subscription,), (tenant,) = CONFIG["subscriptions"], CONFIG["tenants"]
    roles = [{"role": "metadata", "scope": f"/subscriptions/{SUBSCRIPTION}"}]
    nobody = {"client_id": NOBODY, "secrets": [{"value": SECRET}], "roles": roles}
    config = {
        "tenants": [{**tenant, "id": TENANT, "applications": [*tenant["applications"], nobody]}],
        "subscriptions": [
            {**subscription, "resource_groups": [*subscription["resource_groups"], WITH_FIREWALLS]},
        ],
        "role_definitions": [METADATA],
    }
    started: LabServer = module_lab_server("azure", config)
    return started


@pytest.fixture
def http(server: LabServer) -> Iterator[Http]:
    server.reset()
    yield Http(server)


def arm(http: Http, method: str, path: str, body: Any = None, **more: Any) -> Any:
    version = VERSIONS[path.partition("/providers/Microsoft.")[2].partition("/")[0]]
    return http.arm(method, path, body, version=version, **more)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def acls(*values: str, action: str = "Deny", **more: Any) -> dict[str, Any]:
    rules = [{"value": value} for value in values]
    return {"properties": {"networkAcls": {"defaultAction": action, "ipRules": rules, **more}}}


def rule(start: str, end: str) -> dict[str, Any]:
    return {"properties": {"startIpAddress": start, "endIpAddress": end}}


def test_lists_and_single_resources_are_read(http: Http) -> None:
    for path, count in ((ACCOUNT, 1), (VAULT, 1), (SERVER, 2)):
        inside, _slash, _name = path.rpartition("/")
        everywhere = inside.replace("/resourceGroups/scratch", "")
        found = [arm(http, "GET", at, client=READER).json()["value"] for at in (inside, everywhere)]
        assert [len(items) for items in found] == [count, count]
        assert code(arm(http, "GET", everywhere)) == (403, "AuthorizationFailed")
        assert arm(http, "GET", path).json()["name"] == path.rpartition("/")[2]
        assert code(arm(http, "GET", f"{inside}/nothing")) == (404, "ResourceNotFound")
        assert code(arm(http, "DELETE", path)) == (405, "MethodNotAllowed")
    assert arm(http, "GET", VAULT).json()["properties"].get("networkAcls") is None
    assert arm(http, "GET", ACCOUNT).json()["properties"]["networkAcls"]["defaultAction"] == "Allow"


def test_each_service_keeps_an_address_its_own_way(http: Http) -> None:
    for path, kept in ((ACCOUNT, "192.0.2.1"), (VAULT, "192.0.2.1/32")):
        assert arm(http, "PATCH", path, acls("192.0.2.1", "198.51.100.0/24")).status_code == 200
        found = arm(http, "GET", path).json()["properties"]["networkAcls"]
        assert [item["value"] for item in found["ipRules"]] == [kept, "198.51.100.0/24"]
        assert (found["defaultAction"], found["bypass"]) == ("Deny", "AzureServices")


@pytest.mark.parametrize("path", [ACCOUNT, VAULT], ids=["storage", "vault"])
@pytest.mark.parametrize(
    "body",
    [
        acls("10.1.2.3"),
        acls("192.168.0.0/16"),
        acls("2001:db8::/32"),
        acls("192.0.2.1/24"),
        acls(action="Perhaps"),
        acls(bypass="Everybody"),
        acls(*(f"192.0.{number // 256}.{number % 256}" for number in range(1001))),
    ],
    ids=["private", "private-range", "ipv6", "host-bits", "action", "bypass", "too-many"],
)
def test_what_the_services_refuse_changes_nothing(http: Http, path: str, body: Any) -> None:
    before = arm(http, "GET", path).json()
    expected = "InvalidValuesForRequestParameters" if path == ACCOUNT else "BadRequest"
    assert code(arm(http, "PATCH", path, {**body, "tags": {"new": "tag"}})) == (400, expected)
    assert arm(http, "GET", path).json() == before


def test_storage_takes_small_ranges_as_single_addresses_only(http: Http) -> None:
    for value in ("192.0.2.1/32", "192.0.2.0/31"):
        assert code(arm(http, "PATCH", ACCOUNT, acls(value))) == (400, "InvalidValuesForRequestParameters")
        assert arm(http, "PATCH", VAULT, acls(value)).status_code == 200
    many = [f"198.51.{number // 256}.{number % 256}" for number in range(401)]
    assert arm(http, "PATCH", ACCOUNT, acls(*many[:400])).status_code == 200
    assert code(arm(http, "PATCH", ACCOUNT, acls(*many))) == (400, "InvalidValuesForRequestParameters")


def test_unknown_properties_and_bad_tags_are_refused(http: Http) -> None:
    assert arm(http, "PATCH", ACCOUNT, {"properties": {"colour": "red"}}).status_code == 400
    assert arm(http, "PATCH", VAULT, {"location": "westeurope"}).status_code == 400
    assert code(arm(http, "PATCH", VAULT, {"tags": {"a/b": "c"}})) == (400, "InvalidTagNameCharacters")
    assert code(arm(http, "PATCH", VAULT, {"tags": {"a": "c" * 257}})) == (400, "InvalidTags")
    assert code(arm(http, "PATCH", VAULT, {"tags": {"a": "", "A": ""}})) == (400, "InvalidTags")
    assert code(arm(http, "PATCH", VAULT, {"tags": {str(n): "" for n in range(51)}})) == (400, "InvalidTags")


def test_sql_rules_are_made_changed_and_deleted(http: Http) -> None:
    path = f"{SERVER}/firewallRules/store"
    assert arm(http, "PUT", path, rule("192.0.2.1", "192.0.2.1")).status_code == 201
    assert arm(http, "PUT", path, rule("192.0.2.1", "192.0.2.2")).status_code == 200
    assert [item["name"] for item in arm(http, "GET", f"{SERVER}/firewallRules").json()["value"]] == ["hq", "store"]
    assert arm(http, "GET", path).json()["properties"]["endIpAddress"] == "192.0.2.2"
    assert [arm(http, "DELETE", path).status_code for _twice in range(2)] == [200, 204]
    assert code(arm(http, "GET", path)) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("a", rule("2001:db8::1", "2001:db8::1"), "FirewallRuleNotIPv4Address"),
        ("a", rule("192.0.2.2", "192.0.2.1"), "FirewallRuleInvalidRange"),
        ("a" * 129, rule("192.0.2.1", "192.0.2.1"), "FirewallRuleNameTooLong"),
        ("svcstore:a", rule("192.0.2.1", "192.0.2.1"), "InvalidServerFirewallRuleResourceRequest"),
    ],
    ids=["ipv6", "backwards", "long", "colon"],
)
def test_sql_says_why_it_refuses_a_rule(http: Http, name: str, body: Any, expected: str) -> None:
    assert code(arm(http, "PUT", f"{SERVER}/firewallRules/{name}", body)) == (400, expected)


def test_sql_has_a_most_of_rules_and_takes_none_while_public_access_is_off(http: Http) -> None:
    for number in range(255):
        made = arm(http, "PUT", f"{SERVER}/firewallRules/r{number}", rule("192.0.2.1", "192.0.2.1"))
        assert made.status_code == 201
    assert code(arm(http, "PUT", f"{SERVER}/firewallRules/more", rule("192.0.2.1", "192.0.2.1"))) == (
        400,
        "TooManyFirewallRules",
    )
    dark = arm(http, "PUT", f"{DARK}/firewallRules/a", rule("192.0.2.1", "192.0.2.1"))
    assert code(dark) == (400, "DenyPublicEndpointEnabled")


def test_roles_are_asked(http: Http) -> None:
    for path in (ACCOUNT, VAULT):
        assert arm(http, "GET", path, client=READER).status_code == 200
        assert code(arm(http, "PATCH", path, acls(), client=READER)) == (403, "AuthorizationFailed")
    refused = arm(http, "PUT", f"{SERVER}/firewallRules/a", rule("192.0.2.1", "192.0.2.1"), client=READER)
    assert code(refused) == (403, "AuthorizationFailed")


def at_the_door(http: Http, path: str, client: str = CLIENT, resource: str = "") -> tuple[int, str]:
    """The status and the code of a public endpoint; with a token for ``resource`` where one is named."""
    token = {}
    if resource:
        grant = http.token(client, scope=f"{resource}/.default").json()
        token = {"Authorization": f"Bearer {grant['access_token']}"}
    answer = http.session.get(http.server.url + path, headers=token, timeout=60)
    if "xml" in answer.headers["Content-Type"]:
        return answer.status_code, answer.headers.get("x-ms-error-code", "")
    error = answer.json().get("error", {})
    return answer.status_code, error.get("innererror", error).get("code", "")


def test_storage_asks_for_the_address_before_the_token_and_the_role(http: Http) -> None:
    list_them, blob = "/storage/acmedata/?comp=list", "https://storage.azure.com"
    assert at_the_door(http, list_them) == (401, "NoAuthenticationInformation")
    assert at_the_door(http, list_them, resource="https://vault.azure.net") == (401, "InvalidAuthenticationInfo")
    assert at_the_door(http, list_them, resource=blob) == (200, "")
    arm(http, "PATCH", ACCOUNT, acls("192.0.2.1"))
    assert at_the_door(http, list_them, resource=blob) == (403, "AuthorizationFailure")
    assert at_the_door(http, list_them) == (403, "AuthorizationFailure")
    arm(http, "PATCH", ACCOUNT, acls("127.0.0.1"))
    assert at_the_door(http, list_them, resource=blob) == (200, "")
    assert at_the_door(http, list_them, NOBODY, blob) == (403, "AuthorizationPermissionMismatch")
    arm(http, "PATCH", ACCOUNT, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert at_the_door(http, list_them, resource=blob) == (403, "AuthorizationFailure")


def test_a_vault_asks_for_the_token_before_the_address_and_the_role(http: Http) -> None:
    secrets, vault = "/vault/acme-keys/secrets", "https://vault.azure.net"
    assert at_the_door(http, secrets) == (401, "Unauthorized")
    # Contributor has no role on data.
    assert at_the_door(http, secrets, resource=vault) == (403, "ForbiddenByRbac")
    assert at_the_door(http, secrets, NOBODY, vault) == (200, "")
    arm(http, "PATCH", VAULT, acls("192.0.2.1"))
    assert at_the_door(http, secrets) == (401, "Unauthorized")
    assert at_the_door(http, secrets, resource=vault) == (403, "ForbiddenByFirewall")
    token = {"Authorization": "Bearer " + http.token(scope=f"{vault}/.default").json()["access_token"]}
    text = http.session.get(http.server.url + secrets, headers=token, timeout=60).json()["error"]["message"]
    address, caller = text.split("\r\n")[1:3]
    assert address == "Client address: 127.0.0.1" and caller.startswith(f"Caller: appid={CLIENT};oid=")
    arm(http, "PATCH", VAULT, acls("127.0.0.1"))
    assert at_the_door(http, secrets, resource=vault) == (403, "ForbiddenByRbac")
    assert at_the_door(http, "/vault/nothing") == (404, "ResourceNotFound")


def test_a_sql_server_refuses_by_address(http: Http) -> None:
    assert at_the_door(http, "/sql/acme-sql") == (403, "40615")
    arm(http, "PUT", f"{SERVER}/firewallRules/here", rule("127.0.0.1", "127.0.0.1"))
    assert at_the_door(http, "/sql/acme-sql") == (200, "")
    assert at_the_door(http, "/sql/dark-sql") == (403, "40615")


def test_resource_manager_tells_where_the_data_is(http: Http) -> None:
    assert arm(http, "GET", ACCOUNT).json()["properties"]["primaryEndpoints"]["blob"].endswith("/storage/acmedata/")
    assert arm(http, "GET", VAULT).json()["properties"]["vaultUri"] == f"{http.server.url}/vault/acme-keys/"
    assert arm(http, "GET", SERVER).json()["properties"]["fullyQualifiedDomainName"] == "acme-sql.database.windows.net"
