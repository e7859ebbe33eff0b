# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the parts of Neutron's VPNaaS, so that whatever a run is killed between, the next one goes on from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import ProviderError
from ...core.waiting import Wait
from ...model import mark
from ...model.entry import Note
from ...model.invalid import InvalidValue
from ...model.plan import Change
from ...model.vpn_plan import Part, VpnState
from ..again import UNSURE
from ..once import at_most_once
from . import listing, vpn_policy, vpn_read
from .session import OpenStackSession
from .vpn_read import CONNECTION, IKE, IPSEC, LOCAL, PEER, REPLACED, SERVICE, Found, Item

#: How Neutron's databases keep a description (neutron_lib.db.constants, DESCRIPTION_FIELD_SIZE).
MARK_CHARS = 255
#: Until an agent has taken a connection up; whether the tunnel is up then depends on our end.
TAKEN_UP = Wait(until=frozenset({"ACTIVE", "DOWN"}), fail=frozenset({"ERROR"}), every_s=2, at_most_s=120)
_KINDS: Mapping[str, tuple[listing.Kind, str]] = {
    SERVICE: (vpn_read.SERVICES, "vpnservice"),
    IKE: (vpn_read.IKE_POLICIES, "ikepolicy"),
    IPSEC: (vpn_read.IPSEC_POLICIES, "ipsecpolicy"),
    LOCAL: (vpn_read.GROUPS, "endpoint_group"),
    PEER: (vpn_read.GROUPS, "endpoint_group"),
    CONNECTION: (vpn_read.CONNECTIONS, "ipsec_site_connection"),
    REPLACED: (vpn_read.CONNECTIONS, "ipsec_site_connection"),
}
_POLICIES = ("ike_policy", "ipsec_policy")


class Writing:
    """The changes of one gateway; what is made is known to what refers to it.

    ``stays`` says that the gateway is to have a connection when all changes are made.
    """

    def __init__(
        self, session: OpenStackSession, store: str, name: str, key: str, state: VpnState, stays: bool
    ) -> None:
        self._session, self._store, self._name, self._key = session, store, name, key
        self._found: Found = state.extra
        self._refs = {part.key: part.ref for part in state.parts}
        #: The connection that an earlier run made and perhaps did not see taken up.
        self._unseen = state.ref if stays else ""

    def make(self, change: Change) -> None:
        """Make one change; it has taken effect when this returns."""
        part: Part = change.after or change.before
        if change.action == "add":
            self._refs[part.key] = self._add(part)
        elif change.action == "remove":
            self._remove_part(part)
        elif vpn_read.STATUS in change.before.differing(change.after):
            self._renew(change.before, change.after)
        elif set(change.before.differing(change.after)) & set(_POLICIES):
            self._replace(change.before, change.after)
        else:
            self._update(change.before, change.after)

    def _add(self, part: Part) -> str:
        """Make a part and return its id."""
        made = self._post(part.kind, part.name, {**self._named(), **self._body(part)})
        if part.kind == CONNECTION:
            self._unseen = ""
            self._wait(made["id"])
        return str(made["id"])

    def _remove_part(self, part: Part) -> None:
        """Remove a part; a connection that has a successor goes only when that one has been taken up."""
        if part.kind == REPLACED and self._unseen:
            self._wait(self._unseen)
            self._unseen = ""
        self._remove(part.kind, part.name, part.ref)

    def _body(self, part: Part) -> dict[str, Any]:
        if part.kind == SERVICE:
            return {"router_id": self._found.router["id"]}
        if part.kind in (IKE, IPSEC):
            return vpn_policy.body(part.settings)
        if part.kind == LOCAL:
            return {"type": "subnet", "endpoints": [self._found.subnets[cidr] for cidr in part.name.split(", ")]}
        if part.kind == PEER:
            return {"type": "cidr", "endpoints": part.name.split(", ")}
        uses = {
            "vpnservice_id": self._service(),
            "ikepolicy_id": self._refs[IKE, part.settings["ike_policy"]],
            "ipsecpolicy_id": self._refs[IPSEC, part.settings["ipsec_policy"]],
        }
        return {**uses, **self._settings(part)}

    def _settings(self, part: Part) -> dict[str, Any]:
        """Return what of a connection can be changed where it is."""
        wanted = part.settings
        groups = {
            "local_ep_group_id": self._refs[LOCAL, vpn_read.endpoints_name(wanted["networks"])],
            "peer_ep_group_id": self._refs[PEER, vpn_read.endpoints_name(wanted["peer_networks"])],
        }
        dpd = {name: wanted[f"dpd_{field}"] for name, field in _DPD_FIELDS}
        same = ("peer_address", "peer_id", "local_id", "initiator", "mtu")
        plain = {name: wanted[name] for name in same if name in wanted}
        return {**groups, **plain, "dpd": dpd, "admin_state_up": wanted["enabled"], "psk": self._key}

    def _update(self, before: Part, after: Part) -> None:
        """Change a connection where it is, by what differs alone."""
        self._settle(before.ref)
        differing = before.differing(after)
        names = {name for field in differing for name in _FIELDS[field]}
        body = {name: value for name, value in self._settings(after).items() if name in names}
        if not before.own:
            body["description"] = self._mark(self._found.connection or {})
        # Neutron does not say when the agent has it: the status stays what it was.
        self._put(f"change the connection {self._name}", before.ref, body)

    def _replace(self, before: Part, after: Part) -> None:
        """Make a successor with other policies, and only then remove the connection.

        It gives its name away first: the next run then knows which of the two is the one.
        """
        gone = vpn_read.REPLACED_NAME.format(name=self._name)
        body = {"name": gone, "description": self._mark(self._found.connection or {})}
        self._settle(before.ref)
        self._put(f"rename the connection {self._name} to {gone}", before.ref, body)
        self._refs[after.key] = self._add(after)
        self._remove(REPLACED, gone, before.ref)

    def _renew(self, before: Part, after: Part) -> None:
        """Make a connection anew that no agent could set up: it carries nothing, and its status stays what it is.

        One that it was to be the successor of is left alone meanwhile.
        """
        self._remove(CONNECTION, before.name, before.ref)
        self._refs[after.key] = self._add(after)

    def _service(self) -> str:
        return next(ref for (kind, _name), ref in self._refs.items() if kind == SERVICE)

    def _named(self) -> dict[str, str]:
        project = self._found.router.get("project_id")
        return {"name": self._name, "description": self._mark({}), **({"project_id": project} if project else {})}

    def _mark(self, item: Item) -> str:
        """Return the description with this store's mark, and with what somebody wrote there before where it fits."""
        store, note = mark.read(item.get("description"))
        try:
            return mark.write(self._store, note if store in ("", self._store) else Note(), MARK_CHARS)
        except InvalidValue:
            return mark.write(self._store, Note(), MARK_CHARS)

    def _post(self, kind: str, name: str, body: Mapping[str, Any]) -> Item:
        """Make an object; where the answer is lost, look for it and do not make it twice."""
        listed, key = _KINDS[kind]
        doing = f"make the {kind} {name}"
        once = at_most_once(self._session.access.retry)
        try:
            made: Item = self._session.call(doing, "POST", listed.path, body={key: body}, retry=once)[key]
            return made
        except ProviderError as exc:
            if exc.kind not in UNSURE:
                raise
            found = self._look(listed, body)
            if found is None:
                raise
            return found

    def _look(self, listed: listing.Kind, body: Mapping[str, Any]) -> Item | None:
        """Return what a create whose answer was lost made; None where that cannot be told."""
        try:
            items = listing.pages(self._session, listed, f"look for {body['name']}", [("name", str(body["name"]))])
        except ProviderError:
            return None
        taken = self._found.ids | set(self._refs.values())
        new = [item for item in items if item["id"] not in taken and _is_as(item, body)]
        return new[0] if new else None

    def _put(self, doing: str, ref: str, body: Mapping[str, Any]) -> None:
        listed, key = _KINDS[CONNECTION]
        self._session.call(doing, "PUT", f"{listed.path}/{ref}", body={key: body})

    def _remove(self, kind: str, name: str, ref: str) -> None:
        try:
            self._session.call(f"remove the {kind} {name}", "DELETE", f"{_KINDS[kind][0].path}/{ref}")
        except ProviderError as exc:
            # Gone is gone: by a try of ours whose answer was lost, or by somebody else.
            if exc.kind != "not_found":
                raise

    def _settle(self, ref: str) -> None:
        """Wait where Neutron does not let a connection be changed yet, because no agent has it."""
        if str((self._found.connection or {}).get("status")).startswith("PENDING"):
            self._wait(ref)

    def _wait(self, ref: str) -> None:
        """Return when an agent has taken the connection up."""
        doing = f"wait for a VPN agent to take up the connection {self._name}"
        path = f"{vpn_read.CONNECTIONS.path}/{ref}"

        def read() -> Item:
            # The key is not asked for.
            found: Item = self._session.call(doing, "GET", path, [("fields", "status")])["ipsec_site_connection"]
            return found

        TAKEN_UP.poll("openstack", doing, read, lambda item: str(item["status"]))


_DPD_FIELDS = (("action", "action"), ("interval", "interval_s"), ("timeout", "timeout_s"))
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "networks": ("local_ep_group_id",),
    "peer_networks": ("peer_ep_group_id",),
    "enabled": ("admin_state_up",),
    "key": ("psk",),
    **{f"dpd_{field}": ("dpd",) for _name, field in _DPD_FIELDS},
    **{name: (name,) for name in ("peer_address", "peer_id", "local_id", "initiator", "mtu")},
}


def _is_as(item: Item, body: Mapping[str, Any]) -> bool:
    """Return whether an object is what a create asked for."""
    for name, value in body.items():
        held = item.get(name)
        if sorted(held or ()) != sorted(value) if name == "endpoints" else held != value:
            return False
    return True
