# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills a control plane: the service's own users and catalog, then the customers' accounts."""

from __future__ import annotations

import dataclasses
import datetime
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.clouds.openstack import seed_router
from lab.clouds.openstack.plane import Plane
from lab.clouds.openstack.settings import REGION
from lab.clouds.openstack.unix_http import Client
from lab.errors import LabError

Json = dict[str, Any]

# What a Service Store does with an account of this lab, and nothing else.
NEEDED_RULES: tuple[Mapping[str, str], ...] = (
    {"service": "network", "method": "GET", "path": "/v2.0/security-groups"},
    {"service": "network", "method": "GET", "path": "/v2.0/security-group-rules"},
    {"service": "network", "method": "POST", "path": "/v2.0/security-group-rules"},
    {"service": "network", "method": "DELETE", "path": "/v2.0/security-group-rules/*"},
    {"service": "network", "method": "GET", "path": "/v2.0/address-groups"},
    {"service": "network", "method": "PUT", "path": "/v2.0/address-groups/*"},
    {"service": "network", "method": "PUT", "path": "/v2.0/address-groups/*/add_addresses"},
    {"service": "network", "method": "PUT", "path": "/v2.0/address-groups/*/remove_addresses"},
)


@dataclass(frozen=True)
class Account:
    """One cloud account to make; see the package's docstring."""

    domain: str = "globex"
    project: str = "globex"
    user: str = "service-store"
    credential: str = ""
    role: str = "member"
    expires_in_s: float | None = None
    unrestricted: bool = False
    access_rules: Sequence[Mapping[str, str]] | None = NEEDED_RULES
    security_groups: Sequence[str] = ("store-api",)
    address_groups: Sequence[Mapping[str, str]] = ()
    routers: Sequence[Mapping[str, str]] = ()
    quotas: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Account:
        unknown = set(raw) - {item.name for item in dataclasses.fields(cls)}
        if unknown:
            raise LabError(f"unknown key of an OpenStack account: {', '.join(sorted(unknown))}")
        return cls(**raw)


def seed(plane: Plane, accounts: Sequence[Account]) -> list[Json]:
    """Makes the accounts the first time, and puts the catalog right when an URL has changed.

    Gives {domain, project, project_id, user, user_id, password, application_credential_id,
    application_credential_secret, security_groups: {name: id}, address_groups: {name: id}, routers: {name: {id,
    address, subnet_id, network_id}}} for each account, in their order.
    """
    state = plane.state()
    catalog = dataclasses.asdict(plane.urls)
    known: list[Json] | None = state.get("accounts")
    if known is not None and state.get("catalog") == catalog:
        return known
    seeder = Seeder(plane)
    if state.get("catalog") != catalog:
        seeder.register_endpoints()
        plane.remember(catalog=catalog)
    if known is None:
        with plane.progress.step("openstack", f"making {len(accounts)} cloud accounts"):
            known = seeder.make(accounts)
        plane.remember(accounts=known)
        plane.snapshot()
    return known


class Seeder:
    """Talks to Keystone and Neutron as the administrator, then as each account's own user."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._passwords: dict[tuple[str, str], str] = {}
        user = {"name": "admin", "domain": {"id": "default"}, "password": plane.state()["admin_password"]}
        self._keystone = self._log_in(user, {"project": {"name": "admin", "domain": {"id": "default"}}})
        roles = self._keystone.call("GET", "/v3/roles")["roles"]
        self._roles = {role["name"]: role["id"] for role in roles}

    def make(self, accounts: Sequence[Account]) -> list[Json]:
        self._make_service_user()
        made = [self._account(account) for account in accounts]
        self._change_own_password()
        return made

    def add(self, account: Account) -> Json:
        """One more account, on a control plane that has some; it is part of no snapshot.

        A user that a try left behind which ended half way is made anew, since nobody knows its password.
        """
        for domain in self._keystone.call("GET", f"/v3/domains?name={account.domain}")["domains"]:
            query = f"name={account.user}&domain_id={domain['id']}"
            for user in self._keystone.call("GET", f"/v3/users?{query}")["users"]:
                self._keystone.call("DELETE", f"/v3/users/{user['id']}")
        return self._account(account)

    def register_endpoints(self) -> None:
        """Where the services are: what customers see, and Keystone's loopback for Neutron's own questions."""
        urls = self._plane.urls
        wanted = (
            ("identity", "public", urls.identity),
            ("identity", "internal", urls.internal),
            ("network", "public", urls.network),
        )
        for kind in ("identity", "network"):
            service = self._find_or_make("services", "service", {"name": kind, "type": kind}, f"type={kind}")
            for old in self._keystone.call("GET", f"/v3/endpoints?service_id={service}")["endpoints"]:
                self._keystone.call("DELETE", f"/v3/endpoints/{old['id']}")
            for interface, url in ((place, url) for of, place, url in wanted if of == kind):
                self._keystone.call(
                    "POST",
                    "/v3/endpoints",
                    {"endpoint": {"service_id": service, "interface": interface, "url": url, "region_id": REGION}},
                )

    def _change_own_password(self) -> None:
        """The first one comes from a cache and is the same in every lab of this machine."""
        new = secrets.token_urlsafe(24)
        user = self._find_or_make("users", "user", {}, "name=admin&domain_id=default")
        self._keystone.call("PATCH", f"/v3/users/{user}", {"user": {"password": new}})
        self._plane.remember(admin_password=new)

    def _make_service_user(self) -> None:
        """Neutron's own user, by which it asks Keystone about its callers' tokens."""
        project = self._project("service", "default")
        user = self._user("neutron", "default", self._plane.state()["neutron_password"])
        for role in ("admin", "service"):
            self._grant(project, user, role)

    def _account(self, account: Account) -> Json:
        domain = self._find_or_make("domains", "domain", {"name": account.domain}, f"name={account.domain}")
        project = self._project(account.project, domain)
        # A user may have several accounts. Changing the password for the second one would revoke its tokens
        # of the same second, the new ones too.
        password = self._passwords.setdefault((account.domain, account.user), secrets.token_urlsafe(24))
        user = self._user(account.user, domain, password)
        self._grant(project, user, account.role)
        if account.quotas:
            self._network().call("PUT", f"/v2.0/quotas/{project}", {"quota": dict(account.quotas)})
        groups = {name: self._security_group(name, project) for name in account.security_groups}
        lists = {item["name"]: self._address_group(item, project) for item in account.address_groups}
        routers = {item["name"]: seed_router.router(self._network(), project, item) for item in account.routers}
        made = self._credential(account, project, user, password)
        return {
            "domain": account.domain,
            "project": account.project,
            "project_id": project,
            "user": account.user,
            "user_id": user,
            "password": password,
            "application_credential_id": made["id"],
            "application_credential_secret": made["secret"],
            "security_groups": groups,
            "address_groups": lists,
            "routers": routers,
        }

    def _credential(self, account: Account, project: str, user: str, password: str) -> Json:
        """Application credentials are made by their user alone, not by an administrator."""
        own = self._log_in({"id": user, "password": password}, {"project": {"id": project}})
        name = account.credential or account.project
        body: Json = {"name": name, "description": "made by the lab", "roles": [{"name": account.role}]}
        if account.unrestricted:
            body["unrestricted"] = True
        if account.access_rules is not None:
            body["access_rules"] = [dict(rule) for rule in account.access_rules]
        if account.expires_in_s is not None:
            end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=account.expires_in_s)
            body["expires_at"] = end.strftime("%Y-%m-%dT%H:%M:%S.%f")
        path = f"/v3/users/{user}/application_credentials"
        made: Json = own.call("POST", path, {"application_credential": body})["application_credential"]
        return made

    def _security_group(self, name: str, project: str) -> str:
        """A group without its default rules for egress would be no ordinary group: they stay."""
        found = self._network().call("GET", f"/v2.0/security-groups?project_id={project}&name={name}&fields=id")
        if found["security_groups"]:
            return str(found["security_groups"][0]["id"])
        body = {"name": name, "description": "reaches the applications", "project_id": project}
        made = self._network().call("POST", "/v2.0/security-groups", {"security_group": body})
        return str(made["security_group"]["id"])

    def _address_group(self, item: Mapping[str, str], project: str) -> str:
        """A list of addresses, made empty."""
        found = self._network().call("GET", f"/v2.0/address-groups?project_id={project}&name={item['name']}&fields=id")
        if found["address_groups"]:
            return str(found["address_groups"][0]["id"])
        body = {"project_id": project, **item}
        made = self._network().call("POST", "/v2.0/address-groups", {"address_group": body})
        return str(made["address_group"]["id"])

    def _network(self) -> Client:
        return self._plane.client("neutron", self._keystone.token)

    def _project(self, name: str, domain: str) -> str:
        return self._find_or_make(
            "projects", "project", {"name": name, "domain_id": domain}, f"name={name}&domain_id={domain}"
        )

    def _user(self, name: str, domain: str, password: str) -> str:
        return self._find_or_make(
            "users",
            "user",
            {"name": name, "domain_id": domain, "password": password},
            f"name={name}&domain_id={domain}",
        )

    def _grant(self, project: str, user: str, role: str) -> None:
        if role not in self._roles:
            raise LabError(f"Keystone has no role {role}; it has {', '.join(sorted(self._roles))}")
        self._keystone.call("PUT", f"/v3/projects/{project}/users/{user}/roles/{self._roles[role]}")

    def _find_or_make(self, plural: str, singular: str, body: Json, query: str) -> str:
        found = self._keystone.call("GET", f"/v3/{plural}?{query}")[plural]
        made = found[0] if found else self._keystone.call("POST", f"/v3/{plural}", {singular: body})[singular]
        return str(made["id"])

    def _log_in(self, user: Json, scope: Json) -> Client:
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": scope}}
        headers, _token = self._plane.client("keystone").call_with_headers("POST", "/v3/auth/tokens", body)
        return self._plane.client("keystone", headers["X-Subject-Token"])
