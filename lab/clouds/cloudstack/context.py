# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command's handler is given: the state, who calls, and the access checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .commands import ADMIN, USER, Command
from .errors import forbidden, invalid
from .params import Params, not_found
from .store import Account, Resource, Rule, Store, User

Answer = dict[str, Any]


@dataclass(frozen=True)
class Context:
    store: Store
    command: Command
    account: Account
    user: User

    @property
    def is_root(self) -> bool:
        return self.account.role.type == ADMIN

    def may_reach(self, other: Account) -> bool:
        """Root reaches all, a domain admin its domain and those below, a user itself."""
        if self.is_root or other.id == self.account.id:
            return True
        if self.account.role.type == USER:
            return False
        return other.domain == self.account.domain or other.domain.startswith(f"{self.account.domain}/")

    def check_access(self, account_id: str) -> None:
        other = self.store.accounts[account_id]
        if not self.may_reach(other):
            raise forbidden(
                f"Acct[{self.account.id}-{self.account.name}] does not have permission to operate with"
                f" resource Acct[{other.id}-{other.name}]"
            )

    def owner(self, params: Params) -> Account:
        """The account a new resource belongs to: the one named, else the caller's."""
        name = params.text("account")
        return self._named(name, params.text("domainid")) if name else self.account

    def _named(self, name: str, domain_id: str | None) -> Account:
        for account in self.store.accounts.values():
            if account.name == name and domain_id in (None, account.domain_id):
                self.check_access(account.id)
                return account
        raise invalid(f"Unable to find account {name} in domain {domain_id or self.account.domain_id}")

    def listed_accounts(self, params: Params) -> set[str]:
        """Whose resources a list command shows."""
        name = params.text("account")
        if name:
            return {self._named(name, params.text("domainid")).id}
        if params.flag("listall") or params.text("id"):
            return {account.id for account in self.store.accounts.values() if self.may_reach(account)}
        return {self.account.id}

    def resource(self, kind: str, name: str, resource_id: str | None) -> Resource:
        held = self.store.resources.get(resource_id or "")
        if held is None or held.kind != kind:
            raise not_found(self.command, name, resource_id or "")
        self.check_access(held.account_id)
        return held

    def rule(self, kind: str, rule_id: str | None) -> Rule:
        held = self.store.rules.get(rule_id or "")
        if held is None or held.kind != kind:
            raise not_found(self.command, "id", rule_id or "")
        self.check_access(held.account_id)
        return held

    def owner_fields(self, account_id: str) -> Answer:
        account = self.store.accounts[account_id]
        return {"account": account.name, "domainid": account.domain_id, "domain": account.domain}

    def tags_of(self, kind: str, resource_id: str) -> list[Answer]:
        owner_id = self.store.owner_of(kind, resource_id)
        owner = self.owner_fields(owner_id) if owner_id else {}
        tags = self.store.tags.get((kind, resource_id), {})
        return [
            {"key": key, "value": value, "resourcetype": kind, "resourceid": resource_id, **owner}
            for key, value in sorted(tags.items())
        ]

    def page(self, params: Params, key: str, items: Sequence[Answer]) -> Answer:
        """One page of a list answer; an empty list is an empty object, as in CloudStack."""
        limit = int(self.store.setting("default.page.size"))
        size = params.number("pagesize") or limit
        if size > limit:
            raise invalid(f"pageSize can't exceed max allowed page size which is {limit}")
        start = ((params.number("page") or 1) - 1) * size
        part = list(items[start : start + size])
        return {"count": len(items), key: part} if part else {}


def matches(tags: list[Answer], wanted: dict[str, str]) -> bool:
    held = {tag["key"]: tag["value"] for tag in tags}
    return all(held.get(key) == value for key, value in wanted.items())
