# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From where an account's API may be used: the setting api.allowed.source.cidr.list of the account.

CloudStack refuses a call from elsewhere before it looks at the signature. Reading and writing settings is for the
provider's administrators unless a role says otherwise; a customer's list is then the provider's to apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import InvalidInput, ProviderError
from ...model.entry import parse_prefixes
from ...model.invalid import InvalidValue
from ...model.restriction import OPEN, Restriction
from .session import CloudStackSession

SETTING = "api.allowed.source.cidr.list"
ENFORCED_BY = f"CloudStack's management server ({SETTING} of the account)"
#: The length of a setting's value.
MOST_CHARS = 4096


@dataclass(frozen=True)
class Known:
    """What was found on the way: whose list it is, and whether its present value could be read."""

    account: str
    account_id: str
    readable: bool


class CloudStackSourceRestriction:
    """Reads, writes or renders the account's list of sources."""

    def __init__(self, session: CloudStackSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_restriction(self) -> Restriction:
        """Return the account's list. It is shared with the account's other users, so nothing in it is known as own."""
        who = self._session.probe()
        account_id = str(who.detail.get("accountid") or "")
        held = self._setting(account_id)
        writable = held is not None and self._may_update()
        known = Known(who.account, account_id, held is not None)
        return Restriction(
            addresses=_addresses(str((held or {}).get("value") or "")),
            enforced_by=ENFORCED_BY,
            enforced_at=("api",),
            applied_by="store" if writable else "provider",
            not_enforced="" if held is not None else "unknown: this credential may not read the account's settings",
            extra=known,
        )

    def _setting(self, account_id: str) -> Mapping[str, Any] | None:
        """Return the setting, None where the role may not read settings."""
        try:
            answer = self._session.call(
                f"read {SETTING}", "listConfigurations", name=SETTING, accountid=account_id or None
            )
        except ProviderError as exc:
            if exc.kind != "no_permission":
                raise
            return None
        found = [item for item in answer.get("configuration") or () if item.get("name") == SETTING]
        if not found:
            why = "this CloudStack has no such setting (4.10 or newer has)"
            raise ProviderError(self._session.provider, f"read {SETTING}", why, "other")
        return dict(found[0])

    def _may_update(self) -> bool:
        try:
            self._session.call("ask whether the role may change settings", "listApis", name="updateConfiguration")
        except ProviderError as exc:
            if exc.kind not in {"not_found", "no_permission"}:
                raise
            return False
        return True

    def apply_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> None:
        """Write the list and read it back: CloudStack keeps whatever text it is given, the last writer wins."""
        value = ",".join(addresses)
        if len(value) > MOST_CHARS:
            mend = f"makes {len(value)} characters and CloudStack keeps {MOST_CHARS}; aggregate the prefixes"
            raise InvalidInput("addresses", f"{len(addresses)} prefixes", mend)
        account_id = _known(now).account_id
        doing = f"set {SETTING} of {_known(now).account}"
        current = _addresses(str((self._setting(account_id) or {}).get("value") or ""))
        if set(current) != set(now.addresses):
            why = "somebody changed the list since it was read"
            raise ProviderError(self._session.provider, doing, why, "conflict")
        self._session.call(doing, "updateConfiguration", name=SETTING, value=value, accountid=account_id or None)

    def render_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> str:
        """Return the request to the provider's staff."""
        known = _known(now)
        present, keep = "not readable with the customer's key", ""
        if known.readable:
            present = ", ".join(now.addresses) or "open to every source"
        else:
            keep = "\nIf the account has a list already, add these to it; entries of others stay."
        setting = f"name={SETTING} accountid={known.account_id} value={','.join(addresses)}"
        return (
            "Request to the provider's staff: restrict the API of one account by source address.\n"
            f"Account: {known.account} ({known.account_id})\n"
            f"Now: {present}\n"
            f"Wanted: {', '.join(addresses)}{keep}\n"
            f"With CloudMonkey: cmk update configuration {setting}\n"
            f"Or as an API call: command=updateConfiguration&{setting.replace(' ', '&')}\n"
            "It takes effect at once; api.source.cidr.checks.enabled must be true.\n"
        )


def _known(now: Restriction) -> Known:
    return now.extra if isinstance(now.extra, Known) else Known("", "", False)


def _addresses(value: str) -> tuple[str, ...]:
    """Return the prefixes of a setting in their one spelling; an open list is no restriction."""
    texts = [text for text in "".join(value.split()).split(",") if text]
    try:
        found = parse_prefixes(SETTING, list(dict.fromkeys(texts)))
    except InvalidValue:
        # Somebody wrote what is no prefix: shown as it is, and replaced by the next write.
        return tuple(texts)
    return () if set(found) <= set(OPEN) else found
