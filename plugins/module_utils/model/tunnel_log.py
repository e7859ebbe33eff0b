# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What charon's log says of one tunnel, and the cause that is in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .tunnel_state import cause_of

#: What vici calls an IKE_SA for which no connection has been found yet; the journal has no name for it then.
UNNAMED = ("", "(unnamed)")
#: The line with which each attempt begins, at the end that starts and at the other.
_BEGINS = re.compile(r"initiating IKE_SA|is initiating an IKE_SA")


@dataclass(frozen=True)
class Line:
    """One line of the log: its text, and name and unique id of the IKE_SA, where it is about one."""

    text: str
    name: str = ""
    unique: str = ""


def lines_of(lines: Sequence[Line], name: str, remote: str) -> list[str]:
    """Return the lines about a connection; ``remote`` is the address of its other end, empty for any.

    Of an attempt that has no name, as where no connection was found for it, those from that address are its own.
    """
    address = re.compile(rf"(?<![\d.]){re.escape(remote)}(?![\d.])") if remote else None
    own = {line.unique for line in lines if line.unique and line.name == name}
    if address:
        own |= {line.unique for line in lines if line.unique and line.name in UNNAMED and address.search(line.text)}
    return [line.text for line in lines if line.name == name or (line.name in UNNAMED and line.unique in own)]


def cause_in(lines: Sequence[str]) -> dict[str, str] | None:
    """Return ``{cause, evidence, mend}`` of the last attempt that tells one, None where there was none."""
    if not lines:
        return None
    begins = [index for index, line in enumerate(lines) if _BEGINS.search(line)]
    last = cause_of("\n".join(lines[begins[-1] if begins else 0 :]))
    return last if last["cause"] != "unknown" else cause_of("\n".join(lines))
