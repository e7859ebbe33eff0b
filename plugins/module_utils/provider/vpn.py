# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's end of one tunnel: parse, resolve the keys, read, plan, apply, and say what our own end needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ..core import received
from ..core.errors import InvalidInput, ProviderError
from ..model import mark, psk, psk_rotation, vpn_plan
from ..model.plan import Change, Plan
from ..model.scope import Scope
from ..model.vpn_gateway import VpnGateway, check_name, connections, parse_wanted
from ..model.vpn_plan import Part, VpnState
from ..secret_store.factory import open_store
from .base import Session, Vpn, VpnAdapter
from .connect import Surroundings, connect
from .failures import raise_first
from .registry import capability, own_name, provider


def opened(context: Surroundings) -> tuple[CloudEnd, Session]:
    """Return the cloud's end that a module's options name, and the session that counts its calls.

    Nothing is connected before the options, and the keys that they name, have been found good.
    """
    params = context.params
    known = provider(params["provider"])
    vpn: Vpn = capability(known, "vpn")()
    store = mark.check_store("store", params["store"])
    name = check_name("name", params["name"])
    own = own_options(params)
    scope = Scope.parse(params["scope"], vpn.traits.scopes)
    wanted = None
    if params.get("tunnel") and params.get("state") != "absent":
        wanted = parse_wanted(params, vpn.traits.scopes, vpn.traits.tunnels, own)
        vpn.check(wanted)
    keys = keys_of(context, wanted.keys) if wanted else {}
    _known, session = connect(context)
    adapter = vpn.open(session, store, keys, context.keep_secret)
    return CloudEnd(name, scope, wanted, adapter, vpn, str(params["credential"])), session


def own_options(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options that only the provider at hand has; those of another provider are refused."""
    name = own_name(params["provider"])
    for other in ("aws", "azure", "openstack", "cloudstack"):
        if params.get(other) and other != name:
            raise InvalidInput(other, None, f"is for that provider alone, and this is {params['provider']}; remove it")
    return {key: value for key, value in (params.get(name) or {}).items() if value is not None}


def keys_of(context: Surroundings, names: Sequence[str]) -> dict[str, str]:
    """Return the pre-shared keys by their names, hidden, and such as the provider takes; raises InvalidInput.

    ``name.psk_next`` is the successor that a key has while it is changed.
    """
    store = open_store(context.params.get("secret_store"), context.keep_secret)
    policy = psk.policy([context.params["provider"]])
    found: dict[str, str] = {}
    for index, name in enumerate(names):
        where = f"pre_shared_keys[{index}]"
        record, field = psk_rotation.split(name)
        key = (store.get(record).get("secrets") or {}).get(field)
        if not isinstance(key, str) or not key:
            raise InvalidInput(where, name, "is no pre-shared key in the secret store; make it with vpn_psk")
        context.keep_secret(key)
        received.check(where, key, policy, [record])
        if key in found.values():
            raise InvalidInput(where, name, "is the key of another tunnel too; make one of its own with vpn_psk")
        found[name] = key
    return found


class CloudEnd:
    """What is wanted of the cloud's end of a tunnel beside what it is; ``wanted`` is None where it only is read."""

    def __init__(
        self, name: str, scope: Scope, wanted: VpnGateway | None, adapter: VpnAdapter, vpn: Vpn, account: str
    ) -> None:
        self.wanted = wanted
        self.state = VpnState()
        self._name, self._scope = name, scope
        self._adapter, self._traits, self._account = adapter, vpn.traits, account
        self._parts: tuple[Part, ...] = ()
        self._drops: tuple[vpn_plan.Drop, ...] = ()

    def read(self) -> VpnState:
        """Read what there is."""
        self.state = self._adapter.read_vpn(self._name, self._scope)
        return self.state

    def plan(self, absent: bool = False, adopt: bool = False) -> Plan:
        """Read, and return what brings the cloud's end to what is wanted, or takes it away."""
        self.read()
        if absent:
            made = vpn_plan.plan_absent(self._name, self.state, self._traits)
        elif self.wanted is None:
            made = Plan()
        else:
            self._parts = self._adapter.parts_vpn(self.wanted, self.state)
            made = vpn_plan.plan(self._name, self.state, self._parts, self._traits, adopt)
        self._drops = vpn_plan.drops(made.changes, self.state, self._traits)
        return made

    def differences(self) -> list[str]:
        """Read, and return in words what differs from what is wanted, whoever made it.

        What cannot be changed is told with the reason, and so is what the provider cannot have beside what there is.
        """
        self.read()
        if self.wanted is None:
            return []
        try:
            self._parts = self._adapter.parts_vpn(self.wanted, self.state)
        except ProviderError as exc:
            # No call was made: it is what has been read that is in the way.
            return [str(exc)]
        made = vpn_plan.audit(self._name, self.state, self._parts, self._traits, adopt=True)
        self._drops = vpn_plan.drops(made.changes, self.state, self._traits)
        return [self._told(change) for change in vpn_plan.differences(made.changes)]

    def _told(self, change: Change) -> str:
        refused = vpn_plan.refusal(change, self._traits, adopt=True)
        return f"{change.describe()} ({refused})" if refused else change.describe()

    def apply(self, made: Plan, done: Callable[[Change], None]) -> None:
        """Make the changes, and read how it has become.

        What a failed run's changes came to is read as well, since an answer may be all that was lost.
        """
        left = list(made.changes)
        try:
            for change in self._adapter.apply_vpn(self.state, made.changes):
                left.remove(change)
                done(change)
        except ProviderError as exc:
            unsure = self._look(left, done)
            raise_first([exc], 1, "gateways", unsure)
        self.read()

    def _look(self, left: Sequence[Change], done: Callable[[Change], None]) -> Sequence[Change]:
        """Find out what was made though a failure hid it; return what nobody can know."""
        try:
            now = self._adapter.read_vpn(self._name, self._scope)
        except ProviderError:
            return left
        made, _still = vpn_plan.settled(now, left)
        for change in made:
            done(change)
        return ()

    def describe(self) -> dict[str, Any]:
        """Return the cloud's end: its parts, its tunnels as they are and as our own end takes them, what drops."""
        state, wanted = self.state, {part.key for part in self._parts}
        # What others made and this gateway has no part in is read along, and nobody's business here.
        shown = [p for p in state.parts if p.own or p.key in wanted or not self._traits.kind(p.kind).shared]
        return {
            "gateway": {
                "name": self._name,
                "ref": state.ref,
                "scope": vars(self._scope).copy(),
                "parts": [{"kind": p.kind, "name": p.name, "ref": p.ref, "own": p.own} for p in shown],
            },
            "ends": [end.facts() for end in state.ends],
            "tunnels": connections(self.wanted, state.ends, self._account) if self.wanted else [],
            "drops": [drop.facts() for drop in self._drops],
            "weak": vpn_plan.findings(state.ends),
        }
