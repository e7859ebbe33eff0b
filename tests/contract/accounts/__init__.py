# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cloud account per provider for the contract suite: a real server, and what the suite must know of it.

A new provider adds one file here with a function ``start(start_server, folder)`` and one line to STARTERS.
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
#: Other kinds of allowlist, for the suite of those.
KINDS: dict[str, Starter] = {
    "aws-network-acl": aws.start_network_acls,
    "cloudstack-network-acl": cloudstack.start_network_acls,
}
#: Lists of bare addresses, to which rules elsewhere refer.
BARE: dict[str, Starter] = {"aws-prefix-list": aws.start_prefix_lists}
#: Those whose server takes long to start; ``make test`` runs them, ``make test-fast`` does not.
SLOW = frozenset({"openstack"})
