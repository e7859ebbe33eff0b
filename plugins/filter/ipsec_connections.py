# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that checks the connections of the role ipsec and makes either end of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ServiceStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel import Tunnel
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_auth import is_user
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_spec import (
    parse_tunnels,
    psk_problem,
)
from ansible_collections.strategic.service_store.plugins.plugin_utils.ipsec.certificates import read_bundle

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
  certificates:
    description:
      - Certificates, private keys and authorities by connection name, as texts in PEM. The result holds no private key.
      - Where it is given, what charon would not take is refused.
    type: dict
  users:
    description:
      - Names and passwords of O(_input) with C(auth.method=eap) by connection name. The result holds the names only.
      - Where it is given, a missing or weak password is refused.
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
    values: Any,
    end: str = "own",
    secrets: Mapping[str, Any] | None = None,
    also: Mapping[str, Any] | None = None,
    certificates: Mapping[str, Any] | None = None,
    users: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the connections as plain data for templates; raises AnsibleFilterError with option, value and mend."""
    where = "ipsec_connections"
    try:
        own = parse_tunnels(values, where)
        made = own
        if end == "far":
            made = tuple(_mirrored(tunnel, f"{where}[{index}]") for index, tunnel in enumerate(own))
        elif secrets is not None:
            _check_shared(own, secrets)
        _check_also(own, also or {})
        return [
            {
                **tunnel.view(),
                **_secret(tunnel, secrets),
                **_certificate(ours, certificates, far=end == "far"),
                **_users(tunnel, users),
            }
            for ours, tunnel in zip(own, made, strict=True)
        ]
    except (InvalidValue, ServiceStoreError) as error:
        raise AnsibleFilterError(str(error)) from None


def _mirrored(tunnel: Tunnel, where: str) -> Tunnel:
    if tunnel.kind == "client" and not tunnel.pool:
        raise InvalidValue(
            f"{where}.pool", "", "is needed to make the server's end; write a small prefix such as 10.99.0.0/28"
        )
    if tunnel.kind == "server" and tunnel.auth.method == "eap":
        mend = (
            "has no one other end: each client has its name; write a connection of kind client and render its own end"
        )
        raise InvalidValue(f"{where}.auth.method", "eap", mend)
    return tunnel.mirrored()


def _secret(tunnel: Tunnel, secrets: Mapping[str, Any] | None) -> dict[str, str]:
    if secrets is None or tunnel.auth.method != "psk":
        return {}
    name = tunnel.name
    secret = str(secrets.get(name) or "")
    problem = psk_problem(secret) if secret else "is not given"
    if problem:
        mend = f"{problem}; look up a random key of 32 or more letters and digits in the secret store"
        raise InvalidValue(f"ipsec_secrets.{name}", "(hidden)", mend)
    return {"psk_fingerprint": fingerprint(secret)}


def _check_shared(tunnels: Sequence[Tunnel], secrets: Mapping[str, Any]) -> None:
    """Refuse two keys for one identity of the other end: charon finds a key by it, and would show one for both."""
    first: dict[str, Tunnel] = {}
    for tunnel in [one for one in tunnels if one.auth.method == "psk"]:
        other = first.setdefault(tunnel.remote.identity, tunnel)
        if secrets.get(other.name) != secrets.get(tunnel.name):
            mend = (
                f"has another key than {other.name}, and both lead to the identity {tunnel.remote.identity}; give both "
                "one key, or the other end a remote.id of its own for each"
            )
            raise InvalidValue(f"ipsec_secrets.{tunnel.name}", "(hidden)", mend)


def _check_also(tunnels: Sequence[Tunnel], also: Mapping[str, Any]) -> None:
    names = {tunnel.name for tunnel in tunnels if tunnel.auth.method == "psk"}
    for name, value in also.items():
        problem = psk_problem(str(value)) if value else ""
        if name not in names:
            problem = "is for no connection of ipsec_connections that has a pre-shared key"
        if problem:
            raise InvalidValue(f"ipsec_secrets_also.{name}", "(hidden)", f"{problem}; leave it out, or mend it")


def _certificate(tunnel: Tunnel, certificates: Mapping[str, Any] | None, far: bool) -> dict[str, Any]:
    """Return the public part of what was given; it is always checked as our own end's, whose files these are."""
    needed = tunnel.auth.view(tunnel.kind, tunnel.initiate)
    if certificates is None or not (needed["certificate"] or needed["ca"]):
        return {}
    raw = certificates.get(tunnel.name) or {}
    if far and not raw:
        return {}
    where = f"ipsec_certificates.{tunnel.name}"
    bundle = read_bundle(raw, where, tunnel.local.identity, needed, datetime.now(UTC))
    return {"certificate": bundle.view(far)}


def _users(tunnel: Tunnel, users: Mapping[str, Any] | None) -> dict[str, Any]:
    if users is None or tunnel.auth.method != "eap":
        return {}
    where, given = f"ipsec_users.{tunnel.name}", users.get(tunnel.name) or {}
    wanted = [tunnel.auth.user] if tunnel.kind == "client" else [str(name) for name in given]
    if not wanted:
        raise InvalidValue(where, "", "names nobody; give the name and the password of each client")
    for name in wanted:
        password = str(given.get(name) or "")
        problem = psk_problem(password) if password else "has no password"
        if not is_user(name):
            raise InvalidValue(where, name, "is no name of a user; write letters, digits and . _ @ -")
        if problem:
            mend = f"{problem}; look up a random password of 32 or more letters and digits in the secret store"
            raise InvalidValue(f"{where}.{name}", "(hidden)", mend)
    return {"users": sorted(wanted)}


class FilterModule:
    """Names the filter."""

    def filters(self) -> dict[str, Any]:
        """Return the filters of this file."""
        return {"ipsec_connections": ipsec_connections}
