# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which providers there are; a new one is one folder, one line here, and the places a test lists."""

from __future__ import annotations

from typing import Any

from ..core.errors import ServiceStoreError
from .base import Provider

#: bt_cloud speaks CloudStack's API and differs in defaults only.
ALIASES = {"bt_cloud": "cloudstack"}
PROVIDERS: tuple[str, ...] = ("aws", "azure", "openstack", "cloudstack", "bt_cloud")
#: Those with a cloud's end of a tunnel in this collection; asking each would load the code of all.
VPN_PROVIDERS: tuple[str, ...] = ("aws", "azure", "openstack", "cloudstack", "bt_cloud")


def own_name(name: str) -> str:
    """Return the provider behind a name that may be an alias."""
    return ALIASES.get(name, name)


def provider(name: str) -> Provider:
    """Return the provider of that name; imports are local so that one cloud never loads another's code.

    They are static all the same: AnsiballZ ships only what an import statement names.
    """
    own = own_name(name)
    if own == "aws":
        from .aws import PROVIDER as aws

        return aws
    if own == "azure":
        from .azure import PROVIDER as azure

        return azure
    if own == "openstack":
        from .openstack import PROVIDER as openstack

        return openstack
    if own == "cloudstack":
        from .cloudstack import PROVIDER as cloudstack

        return cloudstack
    raise ServiceStoreError(f"provider {name} is not known; this collection serves {', '.join(PROVIDERS)}.")


def capability(known: Provider, name: str) -> Any:
    """Return a capability of a provider, or say in words that it has none."""
    found = getattr(known, name)
    if found is None:
        words = name.replace("_", " ")
        raise ServiceStoreError(f"provider {known.name} has no {words} in this collection; leave the method out.")
    return found
