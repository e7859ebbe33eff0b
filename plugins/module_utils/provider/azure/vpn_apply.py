# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes and removes a connection and the local network gateway that it leads to.

Each is one resource that is written as a whole, bound to the version that was read: what others changed in between is
read again and kept, and what others made in between is not overwritten. The mark goes in the same write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

from ...core.errors import ProviderError
from ...core.redact import fingerprint
from ...model.plan import Change
from ...model.vpn_plan import Part, VpnState
from .session import AzureSession
from .vpn_read import LOCAL, QUERY, Found, Reader, Resource, tag_of, users_of
from .vpn_terms import KEY, request

#: How often a write is made anew after somebody else's write.
ROUNDS = 5
#: What Resource Manager says about a resource and does not take back.
_READ_ONLY = frozenset(
    {
        "provisioningState",
        "resourceGuid",
        "connectionStatus",
        "ingressBytesTransferred",
        "egressBytesTransferred",
        "tunnelConnectionStatus",
    }
)


class Writer:
    """Applies one plan; ``keys`` are the pre-shared keys."""

    def __init__(self, session: AzureSession, store: str, reader: Reader, state: VpnState, keys: Sequence[str]) -> None:
        self._session, self._store, self._reader = session, store, reader
        self._found: Found = state.extra
        self._keys = {fingerprint(key): key for key in keys}

    def apply(self, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes and yield each one that has taken effect."""
        for change in changes:
            part: Part = change.after or change.before
            if change.action == "remove":
                self._remove(part)
            elif part.kind == LOCAL:
                self._write(part, self._found.local_path, self._found.local, _local)
            else:
                self._write_connection(change)
            yield change

    def _write_connection(self, change: Change) -> None:
        """Write the connection and set its key.

        A new connection takes the key with it. That of one that is there has a call of its own, which is the one that
        Azure describes for it ("Set Shared Key"); where nothing else differs it is the only one.
        """
        before, after = change.before, change.after
        differing = set(before.differing(after)) if before else set()
        if before is None or not before.own or differing - {KEY}:
            self._write(after, self._found.connection_path, self._found.connection, self._connection)
        if KEY in differing:
            doing = f"set the key of the connection {after.name}"
            body = {"value": self._keys[after.settings[KEY]]}
            path = f"{self._found.connection_path}/sharedkey"
            self._session.finish(doing, self._session.send(doing, "PUT", "arm", path, body, QUERY))

    def _connection(self, part: Part) -> dict[str, Any]:
        return {
            **request(part.settings),
            "virtualNetworkGateway1": {"id": self._found.gateway["id"], "properties": {}},
            "localNetworkGateway2": {"id": self._found.local_path, "properties": {}},
            "enableBgp": part.settings["bgp"],
            "sharedKey": self._keys[part.settings[KEY]],
        }

    def _write(
        self, part: Part, path: str, now: Resource | None, properties: Callable[[Part], Mapping[str, Any]]
    ) -> None:
        """Put a resource over the one that was read, or where none was; read again where that is no longer so."""
        doing = f"write the {part.kind} {part.name}"
        for number in range(1, ROUNDS + 1):
            headers = {"If-Match": str(now["etag"])} if now else {"If-None-Match": "*"}
            try:
                body = self._body(now, properties(part))
                self._session.finish(doing, self._session.send(doing, "PUT", "arm", path, body, QUERY, headers))
                return
            except ProviderError as exc:
                if exc.kind != "conflict" or number == ROUNDS:
                    raise
                there = self._reader.resource(f"the {part.kind} {part.name}", path)
                if now is not None and there is not None and there["etag"] == now["etag"]:
                    raise
                # Made since it was read, and not by a call of ours whose answer was lost.
                if now is None and there is not None and self._found.name not in users_of(there, self._store):
                    raise
                now = there

    def _body(self, now: Resource | None, properties: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in now["properties"].items() if key not in _READ_ONLY} if now else {}
        return {
            "location": now["location"] if now else self._found.gateway["location"],
            "tags": self._tags(now, marked=True),
            "properties": {**kept, **properties},
        }

    def _tags(self, now: Resource | None, marked: bool) -> dict[str, str]:
        """Return a resource's tags with or without this gateway's mark."""
        tag = tag_of(self._store, self._found.name)
        kept = {key: value for key, value in ((now or {}).get("tags") or {}).items() if key.lower() != tag}
        return {**kept, **({tag: ""} if marked else {})}

    def _remove(self, part: Part) -> None:
        """Delete a resource; one that is gone already has been deleted."""
        path = self._found.local_path if part.kind == LOCAL else self._found.connection_path
        doing = f"delete the {part.kind} {part.name}"
        try:
            self._session.finish(doing, self._session.send(doing, "DELETE", "arm", path, query=QUERY))
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise


def _local(part: Part) -> dict[str, Any]:
    return {
        "gatewayIpAddress": part.settings["address"],
        "localNetworkAddressSpace": {"addressPrefixes": list(part.settings["networks"])},
    }
