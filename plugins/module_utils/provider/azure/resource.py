# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of Azure's network resources, as a scope gives them and as Resource Manager does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...core.errors import ProviderError
from ...model.scope import Scope

_ID = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Network"
    r"/(?P<type>[^/]+)/(?P<name>[^/]+)/?$",
    re.IGNORECASE,
)
_SAFE = re.compile(r"^[A-Za-z0-9_.()-]+$")


@dataclass(frozen=True)
class Type:
    """A type of resource of Microsoft.Network: as ids and paths name it, and in words."""

    name: str
    words: str


NETWORK_SECURITY_GROUP = Type("networkSecurityGroups", "network security group")
IP_GROUP = Type("ipGroups", "IP group")
VIRTUAL_NETWORK = Type("virtualNetworks", "virtual network")
VIRTUAL_NETWORK_GATEWAY = Type("virtualNetworkGateways", "virtual network gateway")


@dataclass(frozen=True)
class Place:
    """Where a resource is; Azure compares its names without regard to case."""

    type: Type
    subscription: str
    group: str
    name: str

    @classmethod
    def of(cls, scope: Scope, kind: Type, subscription: str) -> Place:
        """Return the place that a scope names: a resource id, or a name with the resource group as parent."""
        if scope.id:
            match = _ID.match(scope.id)
            if match is None or match["type"].lower() != kind.name.lower():
                why = f"the id is no resource id of a{'n' if kind.words[0] in 'AEIO' else ''} {kind.words}"
                mend = f"write /subscriptions/.../resourceGroups/.../providers/Microsoft.Network/{kind.name}/..."
                raise ProviderError("azure", f"find {scope}", why, "invalid", hint=mend)
            return cls(kind, match["subscription"], match["group"], match["name"])
        if not scope.parent:
            raise ProviderError(
                "azure", f"find {scope}", "it has no parent", "invalid", hint="give the resource group as parent"
            )
        for text in (scope.parent, scope.name):
            if not _SAFE.match(text):
                raise ProviderError("azure", f"find {scope}", f"{text!r} is no name that Azure has", "invalid")
        return cls(kind, subscription, scope.parent, scope.name)

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what two spellings of one place have in common, among resources of one type."""
        return self.subscription.lower(), self.group.lower(), self.name.lower()

    @property
    def subscription_path(self) -> str:
        """Return the path of all resources of the type in the subscription."""
        return f"/subscriptions/{self.subscription}/providers/Microsoft.Network/{self.type.name}"

    @property
    def group_path(self) -> str:
        """Return the path of all resources of the type in the resource group."""
        inside = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
        return f"{inside}/providers/Microsoft.Network/{self.type.name}"

    @property
    def path(self) -> str:
        """Return the path of the resource itself."""
        return f"{self.group_path}/{self.name}"


def key_of(resource_id: str) -> tuple[str, str, str]:
    """Return the key of a resource id that Resource Manager gave."""
    match = _ID.match(resource_id)
    return (match["subscription"].lower(), match["group"].lower(), match["name"].lower()) if match else ("", "", "")
