# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure role-based access control: which roles an application has where, and the refusal."""

from __future__ import annotations

from lab.clouds.azure.roles import Role
from lab.clouds.azure.state import Application
from lab.clouds.azure.wire import AzureError


def holds_any(caller: Application, scope: str) -> bool:
    """Whether the caller has any role at, above or below a scope: that makes a subscription visible."""
    wanted = scope.lower()
    return any(at == wanted or above(at, wanted) or above(wanted, at) for _role, at in caller.roles)


def require(caller: Application, action: str, scope: str) -> None:
    """Raises AuthorizationFailed unless one of the caller's roles at or above the scope allows the action."""
    if allows(caller, action, scope):
        return
    raise AzureError(
        403,
        "AuthorizationFailed",
        f"The client '{caller.client_id}' with object id '{caller.principal_id}' does not have "
        f"authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If "
        "access was recently granted, please refresh your credentials.",
    )


def allows(caller: Application, action: str, scope: str) -> bool:
    """Whether one of the caller's roles at or above the scope allows an action."""
    return any(role.allows(action) for role in _roles(caller, scope))


def allows_data(caller: Application, action: str, scope: str) -> bool:
    """Whether one of the caller's roles at or above the scope allows an action on data."""
    return any(role.allows_data(action) for role in _roles(caller, scope))


def _roles(caller: Application, scope: str) -> list[Role]:
    return [role for role, at in caller.roles if at == scope.lower() or above(at, scope.lower())]


def above(upper: str, lower: str) -> bool:
    return lower.startswith(upper.rstrip("/") + "/")
