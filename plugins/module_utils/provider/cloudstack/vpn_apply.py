# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes and removes the parts of a site-to-site VPN, each with its mark before it and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ...core.errors import ProviderError
from ...core.redact import fingerprint
from ...core.waiting import Wait
from ...model.plan import Change
from ...model.vpn_plan import Part, VpnState
from . import marks
from .session import CloudStackSession
from .vpn_read import CONNECTION, CUSTOMER, GATEWAY, MARK, PREFIXES, Found, Item, Reader, mark_key
from .vpn_terms import KEY, request, told_settings

#: CloudStack refuses to start a connection anew while it is doing so; its routers are looked at every 30 s.
_BUSY = frozenset({"Pending", "Connecting"})
_WAIT_S = 300.0


class Writer:
    """Applies one plan; ``keys`` are the pre-shared keys."""

    def __init__(
        self, session: CloudStackSession, store: str, reader: Reader, state: VpnState, keys: Sequence[str]
    ) -> None:
        self._session, self._store, self._reader = session, store, reader
        self._found: Found = state.extra
        self._keys = {fingerprint(key): key for key in keys}
        self._refs = {part.kind: part.ref for part in state.parts}
        self._tags = dict(self._found.tags)
        self._marks = marks.Marks(session, "Vpc")

    def make(self, change: Change) -> None:
        """Make one change of the plan."""
        part: Part = change.after or change.before
        handlers: Mapping[tuple[str, str], Callable[[Change], None]] = {
            (MARK, "add"): self._mark_all,
            (MARK, "update"): self._mark_all,
            (MARK, "remove"): self._unmark,
            (GATEWAY, "add"): self._add_gateway,
            (GATEWAY, "remove"): self._remove,
            (CUSTOMER, "add"): self._add_customer,
            (CUSTOMER, "update"): self._update_customer,
            (CUSTOMER, "remove"): self._remove,
            (CONNECTION, "add"): self._add_connection,
            (CONNECTION, "update"): self._update_connection,
            (CONNECTION, "remove"): self._remove,
        }
        handlers[part.kind, change.action](change)

    # Marks

    def _mark_all(self, change: Change) -> None:
        self._mark(change.after.settings["on"])

    def _mark(self, kinds: Sequence[str]) -> None:
        wanted = {mark_key(kind, self._found.name): self._store for kind in kinds}
        doing = f"mark {', '.join(kinds)} of {self._found.name}"
        self._marks.put(doing, str(self._found.vpc["id"]), self._tags, wanted)
        self._tags.update(wanted)

    def _unmark(self, change: Change) -> None:
        keys = [mark_key(kind, self._found.name) for kind in PREFIXES]
        own = [key for key in keys if self._tags.get(key) == self._store]
        self._marks.drop(f"take the marks of {self._found.name} off", str(self._found.vpc["id"]), self._tags, own)

    # The VPC's gateway

    def _add_gateway(self, change: Change) -> None:
        vpc_id, doing = str(self._found.vpc["id"]), f"make the VPN gateway of {change.after.name}"
        try:
            job = self._session.submit(doing, "createVpnGateway", vpcid=vpc_id)
        except ProviderError as exc:
            there = self._reader.gateways(vpc_id) if exc.kind == "already_exists" else ()
            if not there:
                raise
            self._refs[GATEWAY] = str(there[0]["id"])
            return
        self._session.finish(doing, job)
        self._refs[GATEWAY] = job.made_id or str(self._reader.gateways(vpc_id)[0]["id"])

    # The customer gateway, which is all that is said of our end

    def _request(self, part: Part) -> dict[str, Any]:
        return {"name": part.name, **request(part.settings, self._keys[part.settings[KEY]])}

    def _add_customer(self, change: Change) -> None:
        doing = f"make the customer gateway {change.after.name}"
        try:
            made = self._session.run_job(doing, "createVpnCustomerGateway", **self._request(change.after))
            ref = str((made.get("vpncustomergateway") or {}).get("id") or "")
        except ProviderError as exc:
            # Made by a call whose answer was lost; of somebody else's the name is all that could be the same.
            if exc.kind != "already_exists" or not self._is_made(change.after):
                raise
            ref = ""
        self._refs[CUSTOMER] = ref or str((self._reader.customer(change.after.name) or {})["id"])

    def _is_made(self, part: Part) -> bool:
        there = self._reader.customer(part.name)
        return there is not None and not part.differing(Part(CUSTOMER, part.name, told_settings(there)))

    def _update_customer(self, change: Change) -> None:
        if not change.before.own:
            self._mark([CUSTOMER])
        if not change.before.differing(change.after):
            return
        if self._found.connection:
            self._wait_until_free()
        doing = f"change the customer gateway {change.after.name}"
        try:
            self._session.run_job(
                doing, "updateVpnCustomerGateway", id=change.before.ref, **self._request(change.after)
            )
        except ProviderError:
            # CloudStack keeps the settings before it starts the connection with them, and may fail in between.
            if not self._is_made(change.after):
                raise
            self._reset()
            return
        if self._found.connection and (self._connection() or {}).get("state") == "Error":
            self._reset()

    # The connection

    def _add_connection(self, change: Change) -> None:
        doing = f"connect {change.after.name}"
        try:
            job = self._session.submit(
                doing,
                "createVpnConnection",
                s2svpngatewayid=self._refs[GATEWAY],
                s2scustomergatewayid=self._refs[CUSTOMER],
                passive=str(change.after.settings["passive"]).lower(),
            )
        except ProviderError as exc:
            if exc.kind != "already_exists" or self._connection() is None:
                raise
            self._wait_until_free()
            return
        self._session.finish(doing, job)

    def _update_connection(self, change: Change) -> None:
        if not change.before.own:
            self._mark([CONNECTION])
        if "error" in change.before.differing(change.after):
            self._reset()

    def _connection(self) -> Item | None:
        """Return the connection as it is now."""
        pair = self._refs.get(GATEWAY), self._refs.get(CUSTOMER)
        there = self._reader.connections()
        return next((one for one in there if (one["s2svpngatewayid"], one["s2scustomergatewayid"]) == pair), None)

    def _reset(self) -> None:
        now = self._connection()
        if now:
            doing = f"start the connection {self._found.name} again"
            self._session.run_job(doing, "resetVpnConnection", id=now["id"])

    def _wait_until_free(self) -> None:
        """Wait until the connection, if there is one, can be stopped and started."""

        def state() -> str:
            now = str((self._connection() or {}).get("state") or "none")
            return now if now in _BUSY else "free"

        wait = Wait(frozenset({"free"}), every_s=5, at_most_s=_WAIT_S, sleep=self._session.access.retry.sleep)
        doing = f"wait for the connection {self._found.name}"
        wait.poll(self._session.provider, doing, state, lambda told: told)

    # All of them

    def _remove(self, change: Change) -> None:
        """Delete a part; one that is not there any more has been deleted."""
        part: Part = change.before
        commands = {
            GATEWAY: "deleteVpnGateway",
            CUSTOMER: "deleteVpnCustomerGateway",
            CONNECTION: "deleteVpnConnection",
        }
        try:
            self._session.run_job(f"delete the {part.kind} {part.name}", commands[part.kind], id=part.ref)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise
