# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Globex's OpenStack as its callers see it: the API front on os-api, in the customer's private network."""

from __future__ import annotations

import shutil
from typing import Any

from ..clouds.openstack import haproxy
from ..context import Context
from ..topology import KEYSTONE, NEUTRON
from .base import Component, Status
from .openstack_services import ACCOUNT


def up(ctx: Context) -> dict[str, Any]:
    haproxy.up(ctx)
    return {
        "endpoints": {"identity": f"{KEYSTONE.url}/v3", "network": NEUTRON.url},
        "security_group": ACCOUNT.security_groups[0],
    }


def down(ctx: Context) -> None:
    # The host goes away with everything on it; only the files are on this machine.
    shutil.rmtree(ctx.host_folder(haproxy.HOST) / "haproxy", ignore_errors=True)


def status(ctx: Context) -> Status:
    if not haproxy.answers(ctx):
        return Status(False, f"HAProxy on {haproxy.HOST} does not pass on to Keystone and Neutron")
    return Status(True, f"{KEYSTONE.url} and {NEUTRON.url} (private)")


COMPONENT = Component("openstack", ("hosts", "openstack-services"), up, down, status)
