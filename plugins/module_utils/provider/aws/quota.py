# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account's own quotas, asked for where the usual ones would be passed ("Service Quotas API Reference")."""

from __future__ import annotations

from dataclasses import replace

from ...core.errors import ProviderError
from ...model.allowlist import Limits
from .session import AwsSession


def raised(session: AwsSession, what: str, code: str, usual: Limits) -> Limits | None:
    """Return the limits with the account's own number of rules; None where the key may not ask for it."""
    endpoints = session.access.endpoints
    if "ec2" in endpoints and "service-quotas" not in endpoints:
        # A private cloud with EC2's API: Amazon's own service knows nothing of it, and would be sent a signed call.
        return None
    try:
        doing = f"read the quota of {what}"
        answer = session.call(doing, "service-quotas", "get_service_quota", ServiceCode="vpc", QuotaCode=code)
    except ProviderError as exc:
        # Then the usual quota is the best that is known, and the error about that says what to do.
        if exc.kind in ("no_permission", "not_found", "unreachable", "invalid"):
            return None
        raise
    return replace(usual, entries_per_scope=int(answer["Quota"]["Value"]))
