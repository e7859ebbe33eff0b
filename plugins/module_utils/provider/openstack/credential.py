# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live probe of an application credential, and what can be said of one that Keystone refuses."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from ...core.errors import ProviderError
from ...model.credential import Credential
from ..base import Identity

if TYPE_CHECKING:
    from .session import OpenStackSession

SERVICES = ("identity", "network")


def probe(session: OpenStackSession, service: str = "") -> Identity:
    """Return whose credential it is, from the token itself; ``network`` also reads one security group's id."""
    token = session.token()
    if service == "network":
        session.call("read at network", "GET", "/v2.0/security-groups", [("fields", "id"), ("limit", "1")])
    rules = session.access_rules()
    detail = {
        "project_id": token.project_id,
        "application_credential": token.application_credential_id,
        "roles": sorted(token.role_names),
        # None: every call that the roles allow.
        "access_rules": None if rules is None else [str(rule) for rule in rules],
    }
    account = f"{token.project_domain_name}/{token.project_name}"
    known = {"user_id": str(token.user_id), "project_id": str(token.project_id)}
    return Identity(account, f"user {token.user_domain_name}/{token.username}", detail, known)


def expired(credential: Credential, error: ProviderError) -> ProviderError:
    """Return ``expired`` for a refusal that comes after the day on which the credential was said to expire.

    Keystone does not tell an expired credential from a wrong secret; what was registered with it may.
    """
    said = str(credential.public.get("expires_at") or credential.meta.get("expires_at") or "")
    end = _instant(said)
    if error.kind != "bad_key" or end is None or end > datetime.datetime.now(datetime.timezone.utc):
        return error
    return ProviderError(error.provider, error.doing, f"{error.why}; it expired at {said}", "expired")


def _instant(text: str) -> datetime.datetime | None:
    """Return Keystone's expires_at (ISO 8601, UTC, without a zone) as an instant."""
    try:
        found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)
