#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module credential_notice."""

from __future__ import annotations

DOCUMENTATION = r"""
module: credential_notice
short_description: Keeps a notice about a credential from going out twice on one day
version_added: 0.1.0
description:
  - Notes in the secret store that a notice of one state of a credential goes out today through one channel, and says
    whether nobody has noted it before. Whoever notes it first sends it, so of two controllers one does.
  - The note is the record V(<credential>.notice) beside the credential's own. It holds states and days, no secret.
  - It sends nothing. The playbook V(strategic.service_store.notify) notes, sends, and takes the note back where sending
    has failed.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
attributes:
  check_mode:
    description: Says whether the notice would go out, and notes nothing.
    support: full
  diff_mode:
    description: Shows what went out last through the channel, before and after.
    support: full
options:
  credential:
    description: The name of the credential in the secret store.
    type: str
    required: true
  about:
    description: The state that the notice is about. Required unless O(state=absent).
    type: str
    choices: [ok, due, overdue, expired]
  channel:
    description: How the notice goes out, such as V(mail) or V(webhook). Required unless O(state=absent).
    type: str
  state:
    description:
      - V(claimed) notes the notice.
      - V(released) takes today's note back, so that the next run tries again.
      - V(absent) removes all notes, as when the credential is no longer needed.
    type: str
    choices: [claimed, released, absent]
    default: claimed
seealso:
  - module: strategic.service_store.cloud_credential_info
"""

EXAMPLES = r"""
- name: Is it for this run to tell the customer?
  strategic.service_store.credential_notice:
    credential: acme-aws
    about: overdue
    channel: ticket
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}
  register: notice

- name: Open a ticket once a day
  ansible.builtin.uri:
    url: https://tickets.example.net/api/tickets
    method: POST
    body_format: json
    body: {title: The key acme-aws is overdue, dedupe: "{{ notice.id }}"}
  when: notice.claimed
"""

RETURN = r"""
claimed:
  description: Whether it is for this run to send the notice, or would be outside check mode.
  returned: success and O(state=claimed)
  type: bool
  sample: true
id:
  description: A name of the notice, the same for every attempt to send it on one day.
  returned: success and O(state) is not V(absent)
  type: str
  sample: 2026-11-22-3f2a90cc11d0be57
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import SecretStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.model import notice as model
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan
from ansible_collections.strategic.service_store.plugins.module_utils.secret_store.factory import open_store

#: How often to look again where somebody else notes another channel at the same time.
ATTEMPTS = 5

SPEC = spec.SECRET_STORE.merge(
    spec.Spec(
        {
            "credential": {"type": "str", "required": True},
            "about": {"type": "str", "choices": ["ok", "due", "overdue", "expired"]},
            "channel": {"type": "str"},
            "state": {"type": "str", "choices": ["claimed", "released", "absent"], "default": "claimed"},
        },
        required_if=(("state", "claimed", ("about", "channel")), ("state", "released", ("about", "channel"))),
    )
)


class Task:
    """Notes one notice, or takes the note back."""

    def __init__(self, context: Context) -> None:
        params = context.params
        day = context.now().strftime("%Y-%m-%d")
        self._notice = model.Notice(params["credential"], params["about"] or "", params["channel"] or "", day)
        self._name = self._notice.credential + model.SUFFIX
        self._claims, self._forgets = params["state"] == "claimed", params["state"] == "absent"
        self._change = model.with_claim if self._claims else model.without_claim
        self._check_mode = context.check_mode
        self._store = open_store(params.get("secret_store"), context.keep_secret)
        self._version = 0
        self._wanted: dict[str, Any] | None = None

    def plan(self) -> Plan:
        """Compare with what went out last."""
        self._version = self._store.version(self._name)
        before = model.sent(self._name, self._store.get(self._name) if self._version else None)
        if self._forgets:
            left = before if self._version else self._store.remnant(self._name)
            return Plan() if left is None else Plan((Change("remove", self._name, left, None, self._store.label),))
        self._wanted = self._change(self._notice, before)
        if self._wanted is None:
            return Plan()
        channel = self._notice.channel
        was, will = before.get(channel), self._wanted["sent"].get(channel)
        action = "update" if was and will else "add" if will else "remove"
        return Plan((Change(action, channel, was, will, self._name),))

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Write the note, unless somebody was faster, who then sends the notice; or remove all that was read."""
        if self._forgets:
            for change in plan.changes:
                self._store.delete(self._name, expect=self._version)
                done(change)
            return
        for attempt in range(ATTEMPTS):
            try:
                self._store.put(self._name, self._wanted or {}, expect=self._version)
            except SecretStoreError as exc:
                if exc.kind != "conflict" or attempt + 1 == ATTEMPTS:
                    raise
                if not self.plan().changed:
                    return
                continue
            for change in plan.changes:
                done(change)
            return

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the notice's name, and whether it is for this run to send it."""
        if self._forgets:
            return {}
        claimed = {"claimed": plan.changed if self._check_mode else bool(applied)} if self._claims else {}
        return {"id": self._notice.id, **claimed}


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
