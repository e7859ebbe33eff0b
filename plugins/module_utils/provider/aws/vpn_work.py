# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all changes of a VPN gateway in EC2 have in common: calls, marks and waits.

Marks come with what is made, in the same call, so that a run that is killed leaves nothing that the next does not know.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.errors import ProviderError
from ...core.redact import fingerprint
from ...core.waiting import Wait
from ...model.vpn_plan import Part, VpnState
from .session import AwsSession
from .vpn_read import Found, Reader, tags_of

DELETED = Wait(frozenset({"deleted"}), every_s=10, at_most_s=1200)


class Work:
    """One plan under way; ``keys`` are the pre-shared keys, ``wait_up_s`` how long a tunnel may take to come up again.

    What is made on the way is known to what follows: ids by part, and the tunnels' outer addresses by name.
    """

    def __init__(
        self,
        session: AwsSession,
        store: str,
        reader: Reader,
        state: VpnState,
        keys: Sequence[str],
        wait_up_s: float,
    ) -> None:
        self._session, self._store, self._reader, self._state = session, store, reader, state
        self._keys = {fingerprint(key): key for key in keys}
        self._wait_up_s = wait_up_s
        self._found: Found = state.extra
        self._refs = {part.key: part.ref for part in state.parts}
        self._addresses = {end.name: end.address for end in state.ends}
        self._up = frozenset(end.name for end in state.ends if end.status == "up")

    def _call(self, doing: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._session.call(doing, "ec2", operation, **parameters)

    def _tags(self, resource: str) -> list[dict[str, Any]]:
        tags = [{"Key": self._found.tag, "Value": ""}, {"Key": "Name", "Value": self._found.name}]
        return [{"ResourceType": resource, "Tags": tags}]

    def _mark(self, ref: str, **more: str) -> None:
        self._tag(ref, {self._found.tag: "", **more})

    def _tag(self, ref: str, tags: Mapping[str, str]) -> None:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._call(f"mark {ref}", "create_tags", Resources=[ref], Tags=listed)

    def _unmark(self, ref: str, tag: str = "") -> None:
        """Take a mark off, this gateway's own where none is named."""
        self._call(f"take the mark off {ref}", "delete_tags", Resources=[ref], Tags=[{"Key": tag or self._found.tag}])

    def _waited(self, wait: Wait) -> Wait:
        return dataclasses.replace(wait, sleep=self._session.access.retry.sleep)

    @property
    def _connection_id(self) -> str:
        if self._found.connection is None:
            raise ProviderError("aws", "change the VPN connection", "there is none", "not_found")
        return str(self._found.connection["VpnConnectionId"])

    def _used_by_others(self, part: Part, field: str) -> bool:
        """Return whether somebody else uses a part: another gateway of this store, or anybody's connection."""
        if set(part.settings.get("users", ())) - {self._found.name}:
            return True
        # One of the same name that somebody else made is somebody else's.
        named = self._found.connection
        own = named["VpnConnectionId"] if named and self._found.tag in tags_of(named) else ""
        users = [item for item in self._found.connections if item.get(field) == part.ref]
        return any(item["VpnConnectionId"] != own and item["State"] != "deleting" for item in users)

    def _wait_for_deletions(self, field: str, ref: str) -> None:
        """Wait until connections that are being deleted have let go, also those of a run that was killed."""
        if not any(item.get(field) == ref for item in self._found.connections):
            return

        def busy() -> str:
            return "in use" if any(item.get(field) == ref for item in self._reader.connections()) else "deleted"

        self._waited(DELETED).poll("aws", f"see the connections of {ref} deleted", busy, lambda state: state)

    def _gone(self, doing: str, operation: str, **parameters: Any) -> None:
        """Make a call that removes; what is not there any more has been removed."""
        try:
            self._call(doing, operation, **parameters)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise
