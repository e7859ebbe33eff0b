# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account of the real Keystone and Neutron."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from lab.faults import FaultProxy
from tests.support import openstack
from tests.support.servers import StartServer

from .base import CloudAccount
from .cloudstack import _certificate

ACCOUNT = {"security_groups": ["api-one", "api-two"]}


def start(start_server: StartServer, folder: Path) -> CloudAccount:
    """Start both services with two security groups; the faults are Neutron's."""
    server, (made,) = openstack.start(start_server, [ACCOUNT], folder)
    faults = FaultProxy(made.network, server.ca_file, *_certificate(folder))
    faults.__enter__()
    return CloudAccount(
        provider="openstack",
        server=server,
        faults=faults,
        options={
            "region": "RegionOne",
            "endpoints": {"identity": made.identity, "network": faults.url},
            "ca_file": server.ca_file,
        },
        secret=made.secret,
        wrong_secret={**made.secret, "application_credential_secret": "hJ6tXw2KzR9gNvD4mQs7LpY1bUe8FiMaC3kTx5WrV0"},
        scopes=({"kind": "security_group", "name": "api-one"}, {"kind": "security_group", "name": "api-two"}),
        unknown_scope={"kind": "security_group", "name": "nowhere"},
        add_foreign=lambda scope, entry: _add_foreign(made, scope, entry),
        is_write=lambda name: not name.startswith("GET "),
        least_reads=1,
        add_call="POST /v2.0/security-group-rules",
        remove_call="DELETE /v2.0/security-group-rules/*",
        shape="openstack",
        reset=server.reset,
        rotator=made.password,
    )


def _add_foreign(account: openstack.Account, scope: Mapping[str, str], entry: Entry) -> None:
    low, high = entry.ports or (None, None)
    account.add_rule(
        scope["name"],
        protocol=entry.protocol,
        port_range_min=low,
        port_range_max=high,
        remote_ip_prefix=entry.cidr,
        description="made by hand",
    )
