# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an API behind a tunnel does not answer: no route, refused by a filter, or silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Packets by counter, by the nftables table of a connection.
Counted = Mapping[str, Mapping[str, int]]

#: Codes of ICMP's "destination unreachable" by which a filter says that it refuses (RFC 1812, 5.2.7.1).
PROHIBITED = (9, 10, 13)
_OWN = "this host's own filter"


@dataclass(frozen=True)
class Attempt:
    """One attempt to connect: ``error`` is errno's name, empty for none, and ``ETIMEDOUT`` for silence.

    ``icmp_code`` and ``icmp_from`` are of the "destination unreachable" that came for it, where that can be seen.
    """

    ok: bool
    error: str = ""
    icmp_code: int | None = None
    icmp_from: str = ""


def table_of(name: str) -> str:
    """Return what the role ``ipsec`` calls the nftables table of a connection."""
    return "service_store_ipsec_" + name.replace("-", "_")


def why_silent(tried: Attempt, before: Counted, after: Counted) -> dict[str, str] | None:
    """Return ``{cause, evidence, mend}``, None where the API answered.

    ``before`` and ``after`` are the packets that our own filter has counted by then, of the tunnels at hand alone.
    """
    if tried.ok:
        return None
    return _by_our_filter(before, after) or _by_answer(tried) or _by_silence(before, after)


def _by_our_filter(before: Counted, after: Counted) -> dict[str, str] | None:
    if _rose("in_clear", before, after):
        return _said(
            "route",
            "the packet would have left without ESP, and our filter kept it",
            "let the connection's sources and targets hold both addresses, and see that the tunnel is up",
        )
    for counter in ("unnamed_to_far", "unnamed_from_far"):
        if _rose(counter, before, after):
            mend = "name the source, and the endpoint with its port, in the connection"
            return _said("ACL", f"our end refused the packets and counted them in {counter}", mend)
    return None


def _by_answer(tried: Attempt) -> dict[str, str] | None:
    whose = tried.icmp_from or _OWN
    if tried.icmp_code in PROHIBITED or tried.error in ("EPERM", "EACCES"):
        mend = "let the source in there" if tried.icmp_from else "let it out there"
        return _said("ACL", f"{whose} answered that it is prohibited", mend)
    if tried.error == "ECONNREFUSED":
        mend = "see that the API listens on this port, and that the filter there lets the source in"
        return _said("refused", "the connection was refused by the API's host or a filter before it", mend)
    if tried.error in ("ENETUNREACH", "EHOSTUNREACH", "EHOSTDOWN", "ENONET"):
        seen = f"{tried.icmp_from} knows no way there" if tried.icmp_from else f"no route to it here ({tried.error})"
        return _said("route", seen, "look at: ip route get ADDRESS, on that host")
    return None


def _by_silence(before: Counted, after: Counted) -> dict[str, str]:
    if after and not _rose("allowed", before, after):
        mend = "look at ip route get ADDRESS on the host that was asked: it has to lead to the tunnel's host"
        return _said("route", "no packet came to the filter of the tunnel's host", mend)
    mend = "look at the other end, its filter, and the way back"
    through = "the packets left through the tunnel, and nothing came back" if after else "nothing came back"
    return _said("timeout", through, mend)


def _rose(counter: str, before: Counted, after: Counted) -> bool:
    return any(now.get(counter, 0) > before.get(table, {}).get(counter, 0) for table, now in after.items())


def _said(cause: str, evidence: str, mend: str) -> dict[str, str]:
    return {"cause": cause, "evidence": evidence, "mend": mend}
