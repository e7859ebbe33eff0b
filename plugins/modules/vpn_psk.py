#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module vpn_psk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpn_psk
short_description: Keeps a pre-shared key in the secret store, generated or received, and never shows it
version_added: 0.1.0
description:
  - Generates a pre-shared key of letters and digits, which every provider takes, and keeps it in the secret store.
  - Or takes over a key that the other side has made. It is checked first - a weak one, one that was in use before, and
    one with characters that a provider refuses, is not stored.
  - A generated key that is there already stays as it is.
  - A key in use is changed in three steps, since no two ends change at the same moment. V(next) puts a successor beside
    it, V(switched) makes the successor the key and keeps the former one, V(retired) lets the former one go. Each step
    is one write of the record, so that a run that was killed is gone on with. The playbook C(rotate_vpn) takes them.
  - The key itself is never returned. Roles take it through the lookup P(strategic.service_store.credential#lookup),
    the other side gets it through M(strategic.service_store.secret_handover).
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
  - strategic.service_store.received_secret
attributes:
  check_mode:
    description: Says whether a key would be made, taken over or removed. A received key is checked.
    support: full
  diff_mode:
    description: Shows that there is a key, and the fingerprint of a received one, never the key.
    support: full
options:
  name:
    description: The name of the key in the secret store.
    type: str
    required: true
  state:
    description:
      - V(present) has a key and V(absent) has none, nor a successor or a former one.
      - V(next) has a successor beside the key, generated or received, as the field C(psk_next) of the record. The key
        stays the one in use. One that is there already stays, unless O(renew) or a received one asks for another.
      - V(switched) has the successor as the key, and the former one as C(psk_previous). Without a successor nothing
        changes.
      - V(retired) has no former key. A successor that waits stays.
      - A change is refused while another one is under way.
    type: str
    choices: [present, next, switched, retired, absent]
    default: present
  max_age_days:
    description:
      - With O(state=next) a successor is generated for a key that is at least so many days old, or whose age is not
        known, and for no other. Without it for any.
      - The age counts from the day on which the key was made or taken over, not from the day of its switch.
    type: int
  length:
    description: How many characters a new key has, 32 to 64, or more where every one of O(providers) takes more.
    type: int
    default: 48
  providers:
    description:
      - The providers that have to take the key. AWS takes letters, digits, C(.) and C(_), others refuse quotes, C(-)
        or C(~).
      - Without it every provider has to.
    type: list
    elements: str
    choices: [aws, azure, openstack, cloudstack, bt_cloud]
  renew:
    description:
      - Makes a new key in place of the one that is there. Both ends of the tunnel need it then.
      - With O(state=next) it makes a new successor in place of the one that is there, such as after it was disclosed.
      - It is for the one run that shall change it; a play with it is never unchanged.
    type: bool
    default: false
seealso:
  - module: strategic.service_store.secret_handover
  - plugin: strategic.service_store.credential
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: A key for the tunnel to a customer
  strategic.service_store.vpn_psk:
    name: globex-vpn
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: The key that the customer's network team has made, for a tunnel to AWS
  strategic.service_store.vpn_psk:
    name: acme-vpn
    providers: [aws]
    secret_from:
      sealed: {file: /var/spool/handover/acme-vpn.json, key_file: /etc/service-store/handover.key, customer: acme}
    secret_policy: {min_length: 40, forbidden_words: [acme]}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: A successor for every key that is 80 days old; both ends are then given it
  strategic.service_store.vpn_psk:
    name: globex-vpn
    state: next
    max_age_days: 80
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Both ends have the successor, so that it is the key from now on
  strategic.service_store.vpn_psk:
    name: globex-vpn
    state: switched
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: Neither end takes the former key any more
  strategic.service_store.vpn_psk:
    name: globex-vpn
    state: retired
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
"""

RETURN = r"""
fingerprint:
  description: A short name of the key, to compare it with the other end's.
  returned: success, and there is a key
  type: str
  sample: "sha256:1f0c3d9a7b21"
next_fingerprint:
  description: That of the successor. One that check mode does not generate has none.
  returned: success, and there is a successor
  type: str
  sample: "sha256:9b0e55c1d2aa"
previous_fingerprint:
  description: That of the former key.
  returned: success, and the former key is kept
  type: str
  sample: "sha256:77ac01f4be93"
rotation:
  description:
    - What the change of the key has come to; V(next) while a successor waits, V(switched) while the former key is kept,
      and V(none).
    - In check mode what it would come to.
  returned: success, and there is a key
  type: str
  sample: next
strength_bits:
  description: The entropy of a newly generated key, in bits.
  returned: a key was generated
  type: int
  sample: 285
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core import received, spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_received import RECEIVED_SECRET
from ansible_collections.strategic.service_store.plugins.module_utils.model import psk
from ansible_collections.strategic.service_store.plugins.module_utils.model import psk_rotation as rotation
from ansible_collections.strategic.service_store.plugins.module_utils.model.handover import (
    RESERVED_LINE,
    Expected,
    is_reserved,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import written
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.model.secret_policy import drawn_bits
from ansible_collections.strategic.service_store.plugins.module_utils.provider.received import from_bundle
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.key import read_file

#: The names of the keys' fingerprints in a result.
_SHOWN = {
    rotation.KEY: "fingerprint",
    rotation.NEXT: "next_fingerprint",
    rotation.PREVIOUS: "previous_fingerprint",
}
SPEC = spec.SECRET_STORE.merge(
    RECEIVED_SECRET,
    spec.Spec(
        {
            "name": {"type": "str", "required": True},
            "state": {
                "type": "str",
                "choices": ["present", "next", "switched", "retired", "absent"],
                "default": "present",
            },
            "length": {"type": "int", "default": 48},
            "providers": {"type": "list", "elements": "str", "choices": list(psk.PROVIDERS)},
            "renew": {"type": "bool", "default": False},
            "max_age_days": {"type": "int"},
        },
        mutually_exclusive=(("secret_from", "renew"),),
    ),
)


class Task:
    """Keeps one pre-shared key in the secret store."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._params = context.params
        self._name: str = context.params["name"]
        self._state: str = context.params["state"]
        self._facts: dict[str, Any] = {}
        base = psk.policy(context.params.get("providers") or ())
        self._policy = received.policy_of(base, context.params.get("secret_policy"))
        _check_age(context.params)
        self._received = self._receive() if self._state in ("present", "next") else None
        self._length: int = context.params["length"]
        if self._received is None:
            psk.check_length("length", self._length, self._policy)
        self._store = open_store(context.params.get("secret_store"), context.keep_secret)
        self._stored: Mapping[str, Any] = {}
        self._version = 0

    def plan(self) -> Plan:
        """Compare what is stored with what is wanted."""
        self._read()
        if self._state == "absent":
            gone = self._line(rotation.keys(self._stored)) if self._stored else self._left()
            return Plan((Change("remove", self._name, gone, None, self._store.label),)) if gone else Plan()
        if not self._stored:
            if self._state != "present":
                raise InvalidInput("name", self._name, "has no key to change; make one with state: present")
            return Plan(
                (Change("add", self._name, None, self._line({rotation.KEY: self._received}), self._store.label),)
            )
        before = rotation.keys(self._stored)
        after = self._wanted(before)
        if after == before:
            return Plan()
        return Plan((Change("update", self._name, self._line(before), self._line(after), self._store.label),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Write the record, or remove it, unless somebody else changed it meanwhile."""
        for change in plan.changes:
            if change.action == "remove":
                self._store.delete(self._name, expect=self._version)
            else:
                record = self._record()
                self._show(rotation.keys(record))
                self._store.put(self._name, record, expect=self._version)
            done(change)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the fingerprints of the keys, never a key."""
        if plan.changed and self._context.check_mode and self._state != "absent" and self._stored:
            self._show(self._wanted(rotation.keys(self._stored)))
        return self._facts

    def _wanted(self, held: Mapping[str, str]) -> dict[str, str | None]:
        """Return the keys that the record shall have, None for one that is still to be generated."""
        if self._state == "switched":
            return dict(rotation.keys(rotation.switched(self._stored)) if rotation.NEXT in held else held)
        if self._state == "retired":
            return dict(rotation.keys(rotation.retired(self._stored)))
        field = rotation.NEXT if self._state == "next" else rotation.KEY
        if self._stays(held, field):
            return dict(held)
        self._check_step(held)
        return {**held, field: self._received}

    def _stays(self, held: Mapping[str, str], field: str) -> bool:
        """Return whether what the record has in this field, or has not, is as it shall be."""
        if self._received is not None:
            return held.get(field) == self._received
        if self._params["renew"]:
            return False
        if field in held:
            return True
        age, now = self._params.get("max_age_days"), self._context.now()
        return field == rotation.NEXT and not rotation.due(self._stored, age, now)

    def _check_step(self, held: Mapping[str, str]) -> None:
        """Refuse a new key that would push out one which an end may still use, and one that was used before."""
        under_way = rotation.stage(self._stored)
        if self._state == "next" and under_way == rotation.SWITCHED:
            raise InvalidInput("state", "next", f"{self._name} has its former key still; take state: retired first")
        if self._state == "present" and under_way != rotation.NONE and held:
            mend = "is being changed: finish that with state: switched and state: retired, or take the key away first"
            raise InvalidInput("name", self._name, mend)
        if self._received is None:
            return
        if self._state == "next" and self._received == held.get(rotation.KEY):
            raise InvalidInput("secret_from", None, "is the key in use, which is no successor of itself")
        received.check_reuse("secret_from", self._received, self._policy, self._stored.get("meta") or {})

    def _read(self) -> None:
        """Read the record; what only keeps the name free is no record, another kind is not ours to change."""
        self._version = self._store.version(self._name)
        record = self._store.get(self._name) if self._version else None
        if record is None or is_reserved(record):
            return
        if rotation.KEY not in rotation.keys(record):
            raise InvalidInput("name", self._name, "is no pre-shared key in this secret store; take another name")
        self._stored = record
        self._show(rotation.keys(record))

    def _left(self) -> str | None:
        """Return in words what there is to remove although there is no key."""
        return RESERVED_LINE if self._version else self._store.remnant(self._name)

    def _receive(self) -> str | None:
        """Return the key that the options lead to, which has passed the gate."""
        source = self._params.get("secret_from")
        if not source:
            return None
        if source.get("file"):
            where, key = "secret_from.file", read_file(f"file {source['file']}", source["file"], "read the key")
        elif source.get("env"):
            where, key = "secret_from.env", os.environ.get(source["env"], "").strip()
        else:
            where = "secret_from.sealed"
            key = from_bundle(source["sealed"], Expected("", self._name, "psk"), self._context).get("psk", "")
        if not key:
            raise InvalidInput(where, None, "holds no pre-shared key")
        self._context.keep_secret(key)
        received.check(where, key, self._policy, [self._name])
        return key

    def _generate(self) -> str:
        key = received.generate(self._policy, self._length, [self._name])
        self._context.keep_secret(key)
        self._facts["strength_bits"] = drawn_bits(self._policy, self._length)
        return key

    def _record(self) -> dict[str, Any]:
        """Return the record to be written; a key that leaves it is remembered as one that was used."""
        if self._state == "switched":
            return rotation.switched(self._stored)
        if self._state == "retired":
            return self._remembering(rotation.retired(self._stored), rotation.PREVIOUS)
        key = self._received or self._generate()
        if self._state == "next":
            return self._remembering(rotation.begun(self._stored, key, self._context.now()), rotation.NEXT)
        made = {rotation.MADE[rotation.KEY]: written(self._context.now())}
        fresh = {"version": 1, "kind": "psk", "secrets": {rotation.KEY: key}, "meta": made}
        return self._remembering(fresh, rotation.KEY)

    def _remembering(self, record: dict[str, Any], field: str) -> dict[str, Any]:
        """Return the record with the key of this field, which leaves it, among those that were used."""
        held = rotation.keys(self._stored)
        gone = [held[field]] if field in held else []
        history = received.remember(self._stored.get("meta") or {}, gone, self._policy.reuse)
        return {**record, "meta": {**record["meta"], **history}}

    def _line(self, held: Mapping[str, str | None]) -> str:
        """Return the keys in one line of a diff; a generated one is not known before."""
        names = {rotation.KEY: "pre-shared key", rotation.NEXT: "successor", rotation.PREVIOUS: "former key"}
        fresh = "new " if self._stored else ""
        return "; ".join(
            f"a {names[field]}, {fingerprint(key)}" if key else f"a {fresh}{names[field]}"
            for field, key in held.items()
        )

    def _show(self, held: Mapping[str, str | None]) -> None:
        """Hide the keys, and return their fingerprints instead."""
        self._context.keep_secret(*held.values())
        for field, name in _SHOWN.items():
            key = held.get(field)
            self._facts.pop(name, None)
            if key:
                self._facts[name] = fingerprint(key)
        self._facts["rotation"] = rotation.stage_of(held)


def _check_age(params: Mapping[str, Any]) -> None:
    age = params.get("max_age_days")
    if age is not None and params["state"] != "next":
        raise InvalidInput("max_age_days", age, "is for state: next alone; leave it out")
    if age is not None and age < 1:
        raise InvalidInput("max_age_days", age, "is too small; the least is 1, and without it any key is changed")


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
