# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places at providers where the suite of vpn_gateway makes the cloud's end of a tunnel.

A new provider adds one file here and one line to SITES.
"""

from __future__ import annotations

from collections.abc import Callable

from ..accounts.base import CloudAccount
from .aws import aws_vpc
from .azure import azure_gateway, azure_network
from .base import VpnSite
from .cloudstack import cloudstack_vpc
from .openstack import openstack_router

__all__ = ["SITES", "VpnSite"]


SITES: dict[str, tuple[str, Callable[[CloudAccount], VpnSite]]] = {
    "aws-vpc": ("aws", aws_vpc),
    "cloudstack-vpc": ("cloudstack", cloudstack_vpc),
    "openstack-router": ("openstack-vpn", openstack_router),
    "azure-gateway": ("azure", azure_gateway),
    "azure-network": ("azure", azure_network),
}
