# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the internal networks apart from every other one on this machine.

Podman's --internal only leaves the default route out (netavark 1.4 adds no packet filter for it), so
whoever has a route, such as a gateway with two legs, would be forwarded by the machine. A table of the
lab's own, which `down` takes away, closes that; no rule of the machine's own is touched.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from .errors import LabError

TABLE = "service_store_lab"


def rules(bridges: Mapping[str, str]) -> str:
    """nftables text; bridges: internal network -> its bridge interface.

    By interface and not by address, so that frames between two hosts of one bridge pass where the
    machine filters bridged traffic too.
    """
    lines = []
    for interface in sorted(bridges.values()):
        lines += [
            f'        iifname "{interface}" oifname != "{interface}" counter drop',
            f'        oifname "{interface}" iifname != "{interface}" counter drop',
        ]
    return (
        f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n    chain forward {{\n"
        "        type filter hook forward priority -10; policy accept;\n" + "\n".join(lines) + "\n    }\n}\n"
    )


def _nft(*args: str, data: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["nft", *args], input=data, capture_output=True, text=True, check=False)


def current() -> str:
    """The table as it is loaded now; empty when it is not."""
    return _nft("--stateless", "list", "table", "inet", TABLE).stdout


def close(bridges: Mapping[str, str]) -> None:
    if is_closed(bridges):
        return
    done = _nft("-f", "-", data=rules(bridges))
    if done.returncode != 0:
        raise LabError(f"the lab's networks could not be kept apart (nftables): {done.stderr.strip()}")


def is_closed(bridges: Mapping[str, str]) -> bool:
    text = current()
    return bool(text) and all(f'oifname "{interface}" iifname' in text for interface in bridges.values())


def remove() -> None:
    _nft("delete", "table", "inet", TABLE)
