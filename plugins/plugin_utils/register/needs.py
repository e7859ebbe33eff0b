# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store does with an account's credential, from the account's access methods; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def needs_of(account: Mapping[str, Any]) -> list[str]:
    """Return the capabilities that the credential must serve, as cloud_credential's option ``needs`` names them.

    API fronts need nothing of it, and tunnels only where the cloud's own gateway is the other end. A rotator, where
    there is one, replaces the key in its place.
    """
    needs = ["probe"]
    for method in account["access"]:
        if method["method"] == "allowlist" and method.get("scopes"):
            needs.append("allowlist")
        if method["method"] == "api_source_restriction":
            needs += ["source_restriction", *(item["kind"] for item in method.get("data_plane", ()))]
            needs += ["proof"] if method.get("services") else []
        needs += ["vpn_gateway"] if method.get("cloud_gateway") else []
    if not account.get("rotation", {}).get("rotator"):
        needs.append("rotation")
    return list(dict.fromkeys(needs))
