# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what strongSwan says of a tunnel: its state, and in words why one does not come up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: What a line of charon's log means: pattern, cause in words, what to do next. The first that matches wins, so that
#: what names the cause stands before what only follows from it.
CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        r"NO_PROPOSAL_CHOSEN|no acceptable proposal found|NO_PROP\b",
        "no proposal chosen",
        "give both ends one common ike_proposal and esp_proposal",
    ),
    (
        r"(subject|issuer) certificate invalid \(valid from",
        "certificate expired or not yet valid",
        "renew the certificate of the end that this line speaks of, or mend that host's clock",
    ),
    (
        r"no issuer certificate found for|no trusted .* public key found for|not signed by|constraint requires .* CA",
        "certificate not trusted",
        "give this end, as ca, the authority that issued the other end's certificate",
    ),
    (
        r"signatures? not acceptable|constraint requires public key authentication|key strength",
        "certificate too weak",
        "issue one with RSA 3072, ECDSA P-256 or more, and SHA-2",
    ),
    (
        r"no private key found for",
        "no private key",
        "give this end the private key of the certificate that says its id",
    ),
    (
        r"loading EAP_\w+ method failed",
        "EAP method missing",
        "install libcharon-extauth-plugins and restart charon",
    ),
    (
        r"EAP_FAILURE|EAP method .* failed|EAP-MS-CHAPv2 (failed with error|verification failed)|no EAP key found",
        "name or password refused",
        "give the client and the server's ipsec_users the same name and password",
    ),
    (
        r"MAC mismatched|AUTHENTICATION_FAILED|AUTH_FAILED|no shared key found|authentication of .* failed",
        "authentication failed",
        "give both ends the same pre-shared key and each other's id; compare the fingerprints; of certificates the "
        "other end's log says more",
    ),
    (
        r"no matching peer config found|no IKE config found|no config named",
        "the other end does not know this peer",
        "apply the rendered configuration there, with these addresses and ids",
    ),
    (
        r"TS_UNACCEPTABLE|traffic selectors .* unacceptable|no matching CHILD_SA config found",
        "traffic selectors differ",
        "give both ends the same sources, targets and selectors",
    ),
    (
        r"error installing route with policy|unable to install IPsec policies",
        "route",
        "set selectors: covering with both ends' inside_address, or use strongSwan 5.9.12 or newer",
    ),
    (
        r"unable to install (inbound|outbound)|unable to add SAD entry",
        "ESP",
        "the kernel refuses this ESP algorithm; set ipsec_esp: userland, or propose another",
    ),
    (
        r"no virtual IP found|INTERNAL_ADDRESS_FAILURE|FAIL_CP_REQ|no virtual IP assigned",
        "no virtual address left",
        "widen the server's pool, or wait until a lease ends",
    ),
    (
        r"giving up after \d+ retransmits|peer not responding|establishing IKE_SA failed|not established after"
        r"|retransmit \d+ of request",
        "timeout",
        "open udp/500, udp/4500 (and ESP) between both ends and check the remote address and the routes",
    ),
    (
        r"connecting to .*charon\.vici.* failed|Connection refused|No such file or directory",
        "charon does not run",
        "look at: journalctl -u strongswan",
    ),
)
_LINE = re.compile(r"^\s*([^\s={}\[\]]+)\s*(=|\{)\s*(.*)$")


def cause_of(text: str) -> dict[str, str]:
    """Return ``{cause, evidence, mend}`` for output of swanctl or of charon's log; newest lines count first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for pattern, cause, mend in CAUSES:
        wanted = re.compile(pattern)
        for line in reversed(lines):
            if wanted.search(line):
                return {"cause": cause, "evidence": line[-300:], "mend": mend}
    return {
        "cause": "unknown",
        "evidence": (lines or [""])[-1][-300:],
        "mend": "look at: journalctl -u strongswan",
    }


def read_sas(text: str) -> dict[str, list[dict[str, Any]]]:
    """Return the IKE_SAs by connection name from ``swanctl --list-sas --pretty``.

    One event per IKE_SA; a section's entries are texts, lists of texts, and sections. It is what vici's own messages
    come to.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    stack: list[dict[str, Any]] = []
    values: list[str] | None = None
    for line in text.splitlines():
        match = _LINE.match(line)
        if line.startswith("list-sa event"):
            stack = [found]
        elif values is not None:
            values = None if line.strip() == "]" else _extended(values, line)
        elif not stack:
            continue
        elif match and match[2] == "{":
            block: dict[str, Any] = {}
            if len(stack) == 1:
                # A connection has several IKE_SAs while keys change.
                found.setdefault(match[1], []).append(block)
            else:
                stack[-1][match[1]] = block
            stack.append(block)
        elif match:
            values = [] if match[3] == "[" else None
            stack[-1][match[1]] = match[3] if values is None else values
        elif line.strip() == "}":
            stack.pop()
    return found


def _extended(values: list[str], line: str) -> list[str]:
    values.append(line.strip())
    return values


def tunnel_state(text: str, name: str) -> dict[str, Any]:
    """Return the state of one connection from ``swanctl --list-sas --pretty``."""
    return tunnel_states(text, [name])[name]


def tunnel_states(text: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the state of each of these connections by its name; the text is read once for all."""
    sas = read_sas(text)
    return {name: state_of(sas.get(name, []), name) for name in names}


def state_of(sas: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return the state of one connection from its IKE_SAs, as vici gives them; a new SA has new unique ids.

    Times are seconds: ``silent_s`` since the last packet from the other end, ``rekey_in_s`` and ``ike_rekey_in_s``
    until new keys of the CHILD_SA and the IKE_SA; None where there was none, and will be none.
    """
    pairs = [(sa, child) for sa in sas for child in _children(sa) if child.get("state") == "INSTALLED"]
    if not pairs:
        states = sorted({str(sa.get("state", "")) for sa in sas})
        return {"name": name, "up": False, "state": ", ".join(states) or "none"}
    sa, child = max(pairs, key=lambda pair: int(pair[1].get("uniqueid", 0)))
    return {
        "name": name,
        "up": True,
        "state": "INSTALLED",
        "local": sa.get("local-host", ""),
        "remote": sa.get("remote-host", ""),
        "peer": sa.get("remote-id", ""),
        "virtual_ip": "".join(sa.get("local-vips", [])[:1]),
        "proposal": _proposal(child),
        "encap": child.get("encap", "no") == "yes",
        "esp_bytes_in": int(child.get("bytes-in", 0)),
        "esp_bytes_out": int(child.get("bytes-out", 0)),
        "silent_s": _seconds(child, "use-in"),
        "ike_id": int(sa.get("uniqueid", 0)),
        "child_id": int(child.get("uniqueid", 0)),
        "established_s": int(sa.get("established", 0)),
        "installed_s": _seconds(child, "install-time"),
        "rekey_in_s": _seconds(child, "rekey-time"),
        "ike_rekey_in_s": _seconds(sa, "rekey-time"),
    }


def _seconds(section: Mapping[str, Any], name: str) -> int | None:
    value = section.get(name)
    return None if value is None else int(value)


def _children(sa: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(sa.get("child-sas", {}).values())


def _proposal(child: Mapping[str, Any]) -> str:
    size = child.get("encr-keysize", "")
    parts = [
        child.get("encr-alg", "") + (f"-{size}" if size else ""),
        child.get("integ-alg", ""),
        child.get("dh-group", ""),
    ]
    return "/".join(part for part in parts if part)
