# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-running operations: a status to poll under Azure-AsyncOperation, a result under Location."""

from __future__ import annotations

import uuid

from lab.clouds.azure.state import State
from lab.clouds.azure.wire import AzureError, Request, Response

NETWORK = ("operations", "operationResults")
#: Of what belongs to Azure Firewall.
FIREWALL = ("nfvOperations", "nfvOperationResults")


def start(
    state: State, request: Request, subscription_id: str, location: str, places: tuple[str, str] = NETWORK
) -> dict[str, str]:
    """The headers of an accepted operation. Retry-After: 0 keeps tests fast; clients honour it.

    ``places`` are the names of where to ask for its status and its result.
    """
    key = str(uuid.uuid4())
    state.operations[key] = state.setting("operation_polls", 0)
    base = f"{request.base_url}/subscriptions/{subscription_id}/providers/Microsoft.Network/locations/{location}"
    version = request.query.get("api-version", "")
    return {
        "Azure-AsyncOperation": f"{base}/{places[0]}/{key}?api-version={version}",
        "Location": f"{base}/{places[1]}/{key}?api-version={version}",
        "Retry-After": "0",
    }


def poll(state: State, kind: str, key: str) -> Response:
    """One poll of either address; each counts the operation down."""
    if key not in state.operations:
        raise AzureError(404, "NotFound", f"Operation {key} was not found.")
    running = state.operations[key] > 0
    state.operations[key] = max(0, state.operations[key] - 1)
    wait = {"Retry-After": "0"}
    if kind.lower().endswith("operationresults"):
        return Response(202, None, wait) if running else Response(204)
    return Response(200, {"status": "InProgress" if running else "Succeeded"}, wait if running else {})
