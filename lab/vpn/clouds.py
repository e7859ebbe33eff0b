# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clouds of the lab have an end of their own, and how each one's API is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..components.openstack_services import running_plane
from ..context import Context
from ..errors import LabError
from ..topology import (
    AWS_END,
    AZURE,
    AZURE_END,
    BT_CLOUD,
    BT_CLOUD_END,
    MOTO,
    OPENSTACK_END,
    CloudEnd,
    CloudServer,
)
from .aws import Aws
from .azure import Azure
from .cloudstack import CloudStack
from .https import Https
from .openstack import Neutron
from .tunnel import Cloud

#: The provider's own staff: it reads every account, keys included.
AWS_SECRET, AZURE_SECRET = "acme-aws-admin", "acme-azure-admin"
AWS_REGION, AZURE_GROUP = "eu-west-2", "service-store"


def _server(ctx: Context, server: CloudServer) -> Https:
    return Https(server.url, ctx.ca_file)


def _secret(ctx: Context, name: str) -> Mapping[str, str]:
    found: Mapping[str, str] | None = ctx.read_secret(name)
    if found is None:
        raise LabError(f"there is no secret {name}; run: python -m lab up")
    return found


def _aws(ctx: Context) -> Cloud:
    return Aws(_server(ctx, MOTO), MOTO.url, AWS_REGION, _secret(ctx, AWS_SECRET), ctx.ca_file)


def _azure(ctx: Context) -> Cloud:
    return Azure(_server(ctx, AZURE), f"{AZURE.url}/.default", _secret(ctx, AZURE_SECRET), AZURE_GROUP)


def _cloudstack(ctx: Context) -> Cloud:
    return CloudStack(_server(ctx, BT_CLOUD))


def _openstack(ctx: Context) -> Cloud:
    return Neutron(running_plane(ctx))


CLOUDS: tuple[tuple[CloudEnd, Callable[[Context], Cloud]], ...] = (
    (AWS_END, _aws),
    (AZURE_END, _azure),
    (BT_CLOUD_END, _cloudstack),
    (OPENSTACK_END, _openstack),
)
