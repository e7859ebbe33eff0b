# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application's client secrets: what Graph keeps of them, and when the token endpoint has heard of a change.

"passwordCredential resource type", "application: addPassword", "application: removePassword" (Microsoft Graph v1.0).
The token endpoint is many servers that learn of a change one after the other: clients report 4 to 18 seconds in which a
new secret works at one time and not at the next (microsoftgraph/microsoft-graph-docs, issue 17966).
"""

from __future__ import annotations

import math
import secrets
import time
from datetime import UTC, datetime, timedelta

from lab.clouds.azure.state import Application, State, password
from lab.clouds.azure.wire import AzureError, Json, now_text

#: What Graph does without an endDateTime.
DEFAULT_LIFE = timedelta(days=730)


def instant(text: str) -> datetime:
    """A time of Graph's, which is UTC."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def add(application: Application, wanted: Json) -> Json:
    """Makes a secret; its text is in this answer and nowhere else."""
    start = _given(wanted, "startDateTime") or now_text()
    end = _given(wanted, "endDateTime") or (instant(start) + DEFAULT_LIFE).strftime("%Y-%m-%dT%H:%M:%SZ")
    if instant(end) <= instant(start):
        raise AzureError(400, "Request_BadRequest", "Key credential end date is invalid: it is before the start date.")
    # 40 characters, as the service generates them.
    new = password(secrets.token_urlsafe(30), end, str(wanted.get("displayName") or ""))
    new["startDateTime"] = start
    application.passwords.append(new)
    application.added[new["keyId"]] = time.monotonic()
    return new


def remove(application: Application, key_id: str) -> None:
    """Removes a secret; one that is not there is a bad request, as with Graph."""
    gone = [item for item in application.passwords if item["keyId"] == key_id]
    if not gone:
        raise AzureError(400, "Request_BadRequest", f"No password credential found with keyId '{key_id}'.")
    application.passwords = [item for item in application.passwords if item["keyId"] != key_id]
    application.removed += [(item, time.monotonic()) for item in gone]


def known(state: State, application: Application) -> list[Json]:
    """The secrets that the server of the token endpoint knows whose turn it is."""
    servers = max(1, state.setting("secret_servers", 1))
    application.token_requests += 1
    turn = application.token_requests % servers + 1
    heard = time.monotonic() - float(state.config.get("secret_delay_s", 0)) * turn / servers
    present = [item for item in application.passwords if application.added.get(item["keyId"], -math.inf) <= heard]
    return present + [item for item, at in application.removed if at > heard]


def _given(wanted: Json, name: str) -> str:
    text = str(wanted.get(name) or "")
    try:
        return instant(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if text else ""
    except ValueError as error:
        raise AzureError(
            400, "Request_BadRequest", f"Cannot convert the literal '{text}' to DateTimeOffset."
        ) from error
