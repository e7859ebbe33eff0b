# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API source restriction of an OpenStack account: what its API front does, which is the customer's to change.

Neither Keystone nor Neutron looks at the caller's address. A private OpenStack is restricted in front of it; the role
strategic.service_store.api_acl has the ready configuration for the hosts that the customer's staff runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ...core.errors import ServiceStoreError
from ...model.restriction import Restriction
from .access_rules import AccessRule
from .session import OpenStackSession

_OPEN = "unknown from here: what the API front lets through shows only in a call from another address (access_probe)"


@dataclass(frozen=True)
class Known:
    """What the token told: which calls the credential may make, whoever holds it. None where it may make all."""

    access_rules: tuple[AccessRule, ...] | None


class ApiFront:
    """Reads what the account's credential tells, and renders what the customer's staff has to apply."""

    def __init__(self, session: OpenStackSession, store: str) -> None:
        self._session = session
        self._store = store

    def read_restriction(self) -> Restriction:
        """Return that the front restricts, in one call: the token, which lists the credential's access rules."""
        rules = self._session.access_rules()
        calls = "every call that its roles allow" if rules is None else f"{len(rules)} listed calls"
        return Restriction(
            (),
            enforced_by=(
                "the customer's API front (packet filter of the host, role api_acl); the application credential "
                f"itself is good for {calls}, from any address that reaches the API"
            ),
            enforced_at=("identity", "network"),
            applied_by="customer",
            not_enforced=_OPEN,
            extra=Known(rules),
        )

    def apply_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> None:
        """Refuse: OpenStack has no such setting, so nobody's key can make it."""
        raise ServiceStoreError(
            "openstack: the API's sources are restricted on the customer's API front. Next: state=rendered gives the "
            "sheet for the customer's staff."
        )

    def render_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> str:
        """Return the request to the customer's staff."""
        host, ports = self._front()
        rules = now.extra.access_rules if isinstance(now.extra, Known) else None
        listed = "".join(f"  {rule}\n" for rule in rules or ()) or "  none: every call that its roles allow\n"
        return (
            "Request to the customer's staff: let only these addresses use the OpenStack API.\n"
            f"API front: {host}, tcp ports {', '.join(ports)}\n"
            f"Wanted: {', '.join(addresses)}; log and drop every other source\n"
            "With the role strategic.service_store.api_acl on the front's hosts, or by hand with nftables:\n"
            f"{_nftables(addresses, ports)}"
            f"Access rules of the application credential ({self._session.credential.name}):\n{listed}"
        )

    def _front(self) -> tuple[str, list[str]]:
        """Return the API front's host and its ports, as the account's endpoints say."""
        urls = [self._session.identity_url, self._session.network_url()]
        parts = [urlsplit(url) for url in urls]
        return parts[0].hostname or "", sorted({str(part.port or 443) for part in parts}, key=int)


def _nftables(addresses: tuple[str, ...], ports: list[str]) -> str:
    """Return the rules, one line per family that has an address, then the refusal."""
    lines = []
    for family, listed in (("ip", [a for a in addresses if ":" not in a]), ("ip6", [a for a in addresses if ":" in a])):
        if listed:
            lines.append(f"{family} saddr {{ {', '.join(listed)} }} tcp dport {{ {', '.join(ports)} }} accept")
    lines.append(f'tcp dport {{ {", ".join(ports)} }} log prefix "service-store-api " drop')
    return "".join(f"  {line}\n" for line in lines)
