# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a key is, and why one was refused.

CloudStack gives one answer to four faults: a key it does not know, a wrong secret, an expired request, and a
source address that api.allowed.source.cidr.list does not hold. It checks key, source and role *before* the
signature, so a command the role surely lacks, sent with a signature that cannot be right, tells them apart: "not
available" says that key and source are good.
"""

from __future__ import annotations

import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ...core.errors import ProviderError
from ..base import Identity

if TYPE_CHECKING:
    from .session import CloudStackSession

#: How long a signed request stays good, in seconds.
EXPIRATION_S = 600
#: CloudStack refuses an expiry more than 15 minutes ahead where it enforces timestamps, so 5 minutes is our margin.
AHEAD_S = 300
_SAME = "CloudStack says the same of a key it does not know or has disabled and of a source address it does not allow"


def identity(session: CloudStackSession) -> Identity:
    """Return the account and user of the session's key, of one listUsers."""
    doing = "verify the key with listUsers"
    users = session.call(doing, "listUsers").get("user") or []
    own_key = session.credential.public["api_key"]
    sure = [user for user in users if user.get("apikey") == own_key] or (users if len(users) == 1 else [])
    own = next(iter(sure or users), None)
    if own is None:
        raise ProviderError(session.provider, doing, "the account shows no user", "no_permission")
    account = f"{own.get('domain', '')}/{own.get('account', '')}".strip("/")
    detail = {
        name: own[name] for name in ("id", "accountid", "domainid", "roleid", "roletype", "rolename") if name in own
    }
    return Identity(account, str(own.get("username", "")), detail, {"user_id": str(own["id"])} if sure else {})


def look_into(session: CloudStackSession, refused: ProviderError) -> ProviderError:
    """Return the refusal with the kind it really is, at the price of one further call."""
    skew_s = _skew_s(refused.__cause__)
    if skew_s is not None and not -AHEAD_S <= skew_s <= EXPIRATION_S:
        way = "ahead of" if skew_s > 0 else "behind"
        why = f"{refused.why}; the server's clock is {abs(skew_s):.0f} s {way} this machine's"
        return ProviderError(session.provider, refused.doing, why, "clock_skew")
    if _source_and_key_are_good(session):
        why = f"{refused.why}; the key is known and this source address is allowed, so the secret key is wrong"
        return ProviderError(session.provider, refused.doing, why, "bad_key")
    if session.credential.meta.get("registered_at"):
        why = f"{refused.why}; {_SAME}, and this key was verified when it was registered"
        hint = (
            "call from an address in api.allowed.source.cidr.list (the account's egress); if you do, check that the key"
            " is still active"
        )
        return ProviderError(session.provider, refused.doing, why, "ip_blocked", hint=hint)
    hint = "check the key; where the account restricts its sources, call from one of them (the account's egress)"
    return ProviderError(session.provider, refused.doing, f"{refused.why}; {_SAME}", "bad_key", hint=hint)


def _skew_s(cause: BaseException | None) -> float | None:
    """Return how many seconds the server's clock is ahead of ours, by the answer's Date; None where it has none."""
    headers: Any = getattr(getattr(cause, "response", None), "headers", None) or {}
    try:
        server = parsedate_to_datetime(headers["Date"])
    except (KeyError, TypeError, ValueError):
        return None
    return (server - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def _source_and_key_are_good(session: CloudStackSession) -> bool:
    # The cloud's own hosts are shown to its administrators alone, and a list command changes nothing.
    wrong = session.client("a signature made with this cannot be right")
    try:
        session.send("tell a wrong secret from a blocked source", "listHosts", wrong.listHosts)
    except ProviderError as exc:
        return exc.kind == "no_permission"
    return False
