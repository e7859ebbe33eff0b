# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that checks the connections of the role ipsec and makes either end of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel import Tunnel
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_spec import (
    parse_tunnels,
    psk_problem,
)

DOCUMENTATION = r"""
name: ipsec_connections
short_description: Check IPsec connections and complete them for templates
version_added: 0.1.0
description:
  - Reads the option O(strategic.service_store.ipsec#role:main:ipsec_connections) of the role
    P(strategic.service_store.ipsec#role), refuses what is malformed, weak or contradictory before any host is touched,
    and fills in what follows from it (traffic selectors, elements of the packet filter, defaults).
  - One definition serves both ends. With O(end=far) it gives the mirror image, which is what the other end's staff
    applies.
options:
  _input:
    description: Connections as the role's argument specification describes them.
    type: list
    elements: dict
    required: true
  end:
    description: Whose configuration is wanted, this end's or the other end's.
    type: str
    choices: [own, far]
    default: own
  secrets:
    description:
      - Pre-shared keys by connection name. The result holds their fingerprints only.
      - Where it is given, a missing or weak key is refused.
    type: dict
  also:
    description:
      - Second pre-shared keys by connection name, which are accepted too while a key is changed. An empty one is none.
      - A weak one is refused, and so is one of a connection that is not in the list.
    type: dict
author:
  - strategic.service_store contributors
"""

EXAMPLES = r"""
- name: Show what the packet filter of each connection will allow
  ansible.builtin.debug:
    msg: "{{ (ipsec_connections | strategic.service_store.ipsec_connections) | map(attribute='allowed') }}"
"""

RETURN = r"""
_value:
  description: The connections, complete, without secrets.
  type: list
  elements: dict
"""


def ipsec_connections(
    values: Any, end: str = "own", secrets: Mapping[str, Any] | None = None, also: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the connections as plain data for templates; raises AnsibleFilterError with option, value and mend."""
    where = "ipsec_connections"
    try:
        tunnels = parse_tunnels(values, where)
        if end == "far":
            tunnels = tuple(_mirrored(tunnel, f"{where}[{index}]") for index, tunnel in enumerate(tunnels))
        if secrets is not None:
            _check_shared(tunnels, secrets)
        _check_also(tunnels, also or {})
        return [{**tunnel.view(), **_secret(tunnel.name, secrets)} for tunnel in tunnels]
    except InvalidValue as error:
        raise AnsibleFilterError(str(error)) from None


def _mirrored(tunnel: Tunnel, where: str) -> Tunnel:
    if tunnel.kind == "client" and not tunnel.pool:
        raise InvalidValue(
            f"{where}.pool", "", "is needed to make the server's end; write a small prefix such as 10.99.0.0/28"
        )
    return tunnel.mirrored()


def _secret(name: str, secrets: Mapping[str, Any] | None) -> dict[str, str]:
    if secrets is None:
        return {}
    secret = str(secrets.get(name) or "")
    problem = psk_problem(secret) if secret else "is not given"
    if problem:
        mend = f"{problem}; look up a random key of 32 or more letters and digits in the secret store"
        raise InvalidValue(f"ipsec_secrets.{name}", "(hidden)", mend)
    return {"psk_fingerprint": fingerprint(secret)}


def _check_shared(tunnels: Sequence[Tunnel], secrets: Mapping[str, Any]) -> None:
    """Refuse two keys for one identity of the other end: charon finds a key by it, and would show one for both."""
    first: dict[str, Tunnel] = {}
    for tunnel in tunnels:
        other = first.setdefault(tunnel.remote.identity, tunnel)
        if secrets.get(other.name) != secrets.get(tunnel.name):
            mend = (
                f"has another key than {other.name}, and both lead to the identity {tunnel.remote.identity}; give both "
                "one key, or the other end a remote.id of its own for each"
            )
            raise InvalidValue(f"ipsec_secrets.{tunnel.name}", "(hidden)", mend)


def _check_also(tunnels: Sequence[Tunnel], also: Mapping[str, Any]) -> None:
    names = {tunnel.name for tunnel in tunnels}
    for name, value in also.items():
        problem = psk_problem(str(value)) if value else ""
        if name not in names:
            problem = "is for no connection of ipsec_connections"
        if problem:
            raise InvalidValue(f"ipsec_secrets_also.{name}", "(hidden)", f"{problem}; leave it out, or mend it")


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"ipsec_connections": ipsec_connections}
