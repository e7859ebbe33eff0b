# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many calls a list of fifty entries takes, counted at the wire: the provider's minimum, however long the list."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from .accounts.base import CloudAccount
from .conftest import Store

PORTS = ("443", "8443")
#: By provider the calls that read, that add, and that remove one entry.
READ = {
    "aws": {"DescribeSecurityGroups": 1},
    "azure": {"GET": 1},
    "cloudstack": {"listSecurityGroups": 1},
    "openstack": {"GET /v2.0/security-groups": 1},
}
ADD = {
    "aws": {"AuthorizeSecurityGroupIngress": 1},
    # The group is written as a whole.
    "azure": {"PUT": 1},
    # The marks of all, then one call for each port, with a list of the networks.
    "cloudstack": {"createTags": 1, "authorizeSecurityGroupIngress": len(PORTS)},
    "openstack": {"POST /v2.0/security-group-rules": 1},
}
CHANGE = {
    "aws": {"AuthorizeSecurityGroupIngress": 1, "RevokeSecurityGroupIngress": 1},
    "azure": {"PUT": 1},
    "cloudstack": {
        "createTags": 1,
        "authorizeSecurityGroupIngress": 1,
        "revokeSecurityGroupIngress": 1,
        "deleteTags": 1,
    },
    "openstack": {"POST /v2.0/security-group-rules": 1, "DELETE /v2.0/security-group-rules/*": 1},
}


def entries(*last: int) -> list[dict[str, Any]]:
    return [{"cidr": f"192.0.2.{number}", "ports": port} for number in last for port in PORTS]


def counted(account: CloudAccount) -> dict[str, int]:
    """The calls since the last reset without logging in and asking for jobs, ids left out of paths."""
    names = [name for name in account.faults.operations() if not account.is_login(name)]
    return dict(Counter(_short(account, name) for name in names if not _asks_for_job(name)))


def _asks_for_job(name: str) -> bool:
    return name == "queryAsyncJobResult" or "/operations/" in name


def _short(account: CloudAccount, name: str) -> str:
    if account.provider == "azure":
        return name.partition(" ")[0]
    return "DELETE /v2.0/security-group-rules/*" if name.startswith("DELETE /v2.0/security-group-rules/") else name


def test_fifty_entries_take_the_calls_of_one(store: Store, account: CloudAccount) -> None:
    name = account.provider
    wanted = entries(*range(25))
    assert store.apply(*wanted)["changed"]
    assert counted(account) == READ[name] | ADD[name]
    account.faults.reset()
    assert not store.apply(*wanted)["changed"]
    assert counted(account) == READ[name]
    account.faults.reset()
    assert store.apply(*wanted[:-1], {"cidr": "192.0.2.99", "ports": "443"})["changed"]
    assert counted(account) == READ[name] | CHANGE[name]


def test_a_job_is_asked_for_once_where_it_is_done_at_once(store: Store, account: CloudAccount) -> None:
    if account.provider != "cloudstack":
        pytest.skip("no jobs")
    store.apply(*entries(*range(25)))
    jobs = sum(ADD["cloudstack"].values())
    assert account.faults.operations().count("queryAsyncJobResult") == jobs
