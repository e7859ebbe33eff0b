# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cloud account per provider for the contract suite: a real server, and what the suite must know of it.

A new provider adds one file here with a function ``start(start_server, folder)`` and one line to STARTERS; another
kind of allowlist adds a view of its provider's account to KINDS, to BARE where it holds bare addresses, or to NARROW.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.servers import StartServer

from . import aws, azure, cloudstack, openstack
from .base import CloudAccount

Starter = Callable[[StartServer, Path], CloudAccount]
STARTERS: dict[str, Starter] = {
    "aws": aws.start,
    "azure": azure.start,
    "cloudstack": cloudstack.start,
    "openstack": openstack.start,
}
#: Further servers of the same providers, for what the first one does not enforce.
VARIANTS: dict[str, Starter] = {
    "aws-enforcing": aws.start_enforcing,
    "cloudstack-4.23": lambda start_server, folder: cloudstack.start(start_server, folder, "4.23.0.0"),
}
#: Other kinds of allowlist, for the suite of those: whose server they are on, and the account seen that way.
View = tuple[str, Callable[[CloudAccount], CloudAccount]]
KINDS: dict[str, View] = {
    "aws-network-acl": ("aws", aws.network_acls),
    "cloudstack-network-acl": ("cloudstack", cloudstack.network_acls),
}
#: Lists of bare addresses, to which rules elsewhere refer.
BARE: dict[str, View] = {
    "aws-prefix-list": ("aws", aws.prefix_lists),
    "azure-ip-group": ("azure", azure.ip_groups),
    "openstack-address-group": ("openstack", openstack.address_groups),
}
#: Further kinds, which cannot hold all that the suite writes; they are put under faults.
NARROW: dict[str, View] = {"cloudstack-firewall": ("cloudstack", cloudstack.firewalls)}
#: Accounts with a place for the cloud's end of a tunnel.
VPN: dict[str, View] = {"openstack-vpn": ("openstack", openstack.vpn)}
#: Those whose server takes long to start; ``make test`` runs them, ``make test-fast`` does not.
SLOW = frozenset({"openstack", "openstack-vpn"})


class RunningAccounts:
    """The accounts of one test process: each server is started when it is first asked for, and kept to the end.

    A session fixture with parameters would end a server whenever the next file asks for another provider.
    """

    def __init__(self, start_server: StartServer, folder: Callable[[str], Path]) -> None:
        self._start, self._folder = start_server, folder
        self._started: dict[str, CloudAccount] = {}

    def get(self, name: str) -> CloudAccount:
        """Return the account of that name: a provider, a variant of it, or a view of it."""
        base, view = {**KINDS, **BARE, **NARROW, **VPN}.get(name, (name, lambda account: account))
        if base not in self._started:
            self._started[base] = {**STARTERS, **VARIANTS}[base](self._start, self._folder(f"account-{base}"))
        return view(self._started[base])

    def close(self) -> None:
        """End the fault proxies; the servers end with whoever started them."""
        for account in self._started.values():
            account.faults.__exit__(None, None, None)
