# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To whose public key the secrets are sealed that the staff at the other end of an account needs; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import RegisterError
from .load import Document

KEYS = ("public_key", "public_key_file")


def recipient_of(document: Document, where: list[str | int], account: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{method, recipient, ttl_s}`` in the spelling of the module secret_handover, {} where nobody is named.

    The account's own goes before the customer's, whole: a key belongs to its method. Raises RegisterError.
    """
    place = [*where, "handover"] if account.get("handover") else ["handover"]
    found: Mapping[str, Any] = account.get("handover") or document.content.get("handover") or {}
    if not found:
        return {}
    recipient = found["recipient"]
    line = document.line([*place, "recipient"])
    if len([name for name in KEYS if name in recipient]) != 1:
        text = f"the recipient {recipient['name']} has to have one of {' and '.join(KEYS)}"
        raise RegisterError(document.path, line, text)
    if any(mark in recipient.get("public_key", "") for mark in ("PRIVATE KEY", "AGE-SECRET-KEY")):
        text = f"public_key of {recipient['name']} is a private key; give the public one, and have this one replaced"
        raise RegisterError(document.path, document.line([*place, "recipient", "public_key"]), text)
    return {"method": "hpke", **found}
