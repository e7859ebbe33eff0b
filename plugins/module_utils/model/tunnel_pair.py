# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of tunnels beside each other: how our end is, how the cloud says its end is, and where they disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .tunnel import ANY
from .tunnel_state import state_of

Facts = Mapping[str, Any]


def not_configured() -> dict[str, str]:
    """Return why a connection that charon does not have is down."""
    return {
        "cause": "not configured",
        "evidence": "charon has no connection of this name",
        "mend": "apply the role ipsec with this connection to the tunnel's host",
    }


def no_attempt(name: str) -> dict[str, str]:
    """Return why a connection that neither end starts is down."""
    return {
        "cause": "no attempt",
        "evidence": "charon's log has none of either end",
        "mend": f"start it with swanctl --initiate --child {name}, and see that the other end's udp/500 and udp/4500 "
        "get here",
    }


def our_end(name: str, sas: Sequence[Facts], connections: Sequence[Facts]) -> dict[str, Any]:
    """Return how our end of one connection is, from vici's IKE_SAs and connections.

    ``state`` is ``none`` for one that is configured and has no IKE_SA, and ``missing`` for one that is not configured.
    """
    configured = next((one[name] for one in connections if name in one), None)
    found = state_of([one[name] for one in sas if name in one], name)
    if not found["up"]:
        if configured is None and found["state"] == "none":
            found["state"] = "missing"
        known = configured or {}
        found["local"] = _first(known.get("local_addrs"))
        found["remote"] = _first(known.get("remote_addrs"))
    return {**found, "configured": configured is not None}


def _first(addresses: Sequence[str] | None) -> str:
    """Return the address of an end, empty where it may have any."""
    found = (addresses or [""])[0]
    return "" if found in (ANY, "%any4", "%any6", "0.0.0.0/0", "::/0") else found


def names_of(connections: Sequence[Facts]) -> list[str]:
    """Return the names of the connections that vici lists."""
    return sorted({name for one in connections for name in one})


def pairs(ours: Sequence[Facts], ends: Sequence[Facts] | None) -> list[dict[str, Any]]:
    """Return each tunnel with both its ends; ``ends`` is None where the cloud was not asked.

    Ends belong together by name, or else by the cloud's outer address.
    """
    left = list(ends or ())
    found: list[tuple[str, Facts | None, Facts | None]] = []
    by_name = {str(end["name"]): end for end in left}
    for one in ours:
        end = by_name.pop(str(one["name"]), None)
        if end is None and one.get("remote"):
            free = [item for item in left if item["address"] == one["remote"] and item["name"] not in _names(ours)]
            end = free[0] if free else None
        if end is not None:
            left.remove(end)
        found.append((str(one["name"]), one, end))
    found += [(str(end["name"]), None, end) for end in left]
    return [_pair(name, one, end, ends is not None) for name, one, end in found]


def _names(ours: Sequence[Facts]) -> set[str]:
    return {str(one["name"]) for one in ours}


def _pair(name: str, one: Facts | None, end: Facts | None, asked: bool) -> dict[str, Any]:
    own = {key: value for key, value in (one or {}).items() if key not in ("name", "up")}
    # What an end takes is for vpn_gateway_info to tell.
    said = {key: end[key] for key in ("name", "status", "detail", "address", "identity")} if end else None
    disagreements = _disagreements(one, end) if asked else []
    return {
        "name": name,
        "up": bool(one and one["up"]),
        "ours": own or {"state": "missing", "configured": False},
        "cloud": said,
        "agree": not disagreements,
        "disagreements": disagreements,
    }


def _disagreements(one: Facts | None, end: Facts | None) -> list[str]:
    """Return in words where both ends differ; what a provider does not tell contradicts nothing."""
    here = bool(one and one["state"] != "missing")
    if end is None:
        return ["our end has this connection, and the cloud has no such tunnel"] if here else []
    if one is None or not here:
        return ["the cloud has this tunnel, and our end has no such connection"]
    found = []
    if one["up"] and end["status"] == "down":
        found.append(f"our end is up ({_traffic(one)}), and the cloud says down{_detail(end)}")
    if not one["up"] and end["status"] == "up":
        found.append(f"our end is down ({one['state']}), and the cloud says up{_detail(end)}")
    if one.get("remote") and end["address"] and one["remote"] != end["address"]:
        found.append(f"our end speaks with {one['remote']}, and the cloud's end is {end['address']}")
    return found


def _traffic(one: Facts) -> str:
    silent = one.get("silent_s")
    return "no packet came from there yet" if silent is None else f"the last packet came from there {silent} s ago"


def _detail(end: Facts) -> str:
    return f" ({end['detail']})" if end.get("detail") else ""


def records(subject: str, tunnels: Sequence[Facts]) -> list[dict[str, Any]]:
    """Return what the rollout's report shows of tunnels, as the role ``ipsec`` reports its own."""
    return [
        {
            "kind": "tunnel",
            "subject": subject,
            "name": one["name"],
            "up": one["up"],
            "local": one["ours"].get("local", ""),
            "remote": one["ours"].get("remote", "") or (one["cloud"] or {}).get("address", ""),
            "esp_bytes_in": one["ours"].get("esp_bytes_in", 0),
            "esp_bytes_out": one["ours"].get("esp_bytes_out", 0),
            "proposal": one["ours"].get("proposal", ""),
        }
        for one in tunnels
    ]


def unsettled(tunnels: Sequence[Facts], wanted: str) -> list[Facts]:
    """Return the tunnels that are not ``up`` or ``down``, as wanted."""
    return [one for one in tunnels if bool(one["up"]) != (wanted == "up")]


def failure(tunnels: Sequence[Facts], wanted: str, wait_s: int) -> str:
    """Say which tunnels are not as wanted, each with the cause and the next step; empty where all are."""
    return " ".join(_sentence(one, wanted, wait_s) for one in unsettled(tunnels, wanted))


def _sentence(one: Facts, wanted: str, wait_s: int) -> str:
    remote = one["ours"].get("remote") or (one["cloud"] or {}).get("address")
    what = f"The tunnel {one['name']}{f' to {remote}' if remote else ''} is not {wanted} after {wait_s} s."
    cloud = one["cloud"]
    said = f" The cloud says {cloud['status']}{_detail(cloud)}." if cloud else ""
    if wanted == "down":
        return f"{what}{said} Next: terminate it, or take its connection away at both ends."
    why = one["ours"].get("why") or not_configured()
    return f"{what} Cause: {why['cause']} ({why['evidence']}).{said} Next: {why['mend']}."
