# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tunnel as a cloud's gateway keeps it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

_UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class CloudTunnel:
    """A tunnel by its cloud's own word.

    cloud: which end it is of. ref: by what the cloud knows it when its state is told. address and peer: outer
    addresses, the cloud's and ours. ike and esp: proposals in strongSwan's spelling, best first. inside: the networks
    behind the cloud's end; outside: those behind ours. initiate: whether the cloud starts it. dpd_action: restart,
    clear or none. keeps_running: whether a changed tunnel runs on until something else ends it. Lifetimes are in
    seconds.
    """

    cloud: str
    ref: str
    address: str
    peer: str
    key: str = field(repr=False)
    ike: tuple[str, ...]
    esp: tuple[str, ...]
    inside: tuple[str, ...]
    outside: tuple[str, ...]
    local_id: str = ""
    peer_id: str = ""
    initiate: bool = False
    version: int = 2
    dpd_delay_s: int = 10
    dpd_action: str = "clear"
    ike_lifetime_s: int = 28800
    esp_lifetime_s: int = 3600
    keeps_running: bool = False

    @property
    def name(self) -> str:
        """Its name on the host: letters and digits of the reference, and a hash of it and the address."""
        plain = _UNSAFE.sub("-", self.ref.lower()).strip("-")[-40:]
        return f"{plain}-{hashlib.sha256(f'{self.ref} {self.address}'.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class Running:
    """What charon says of a tunnel: up when a CHILD_SA is installed; bytes that went in and out of it."""

    up: bool = False
    connecting: bool = False
    bytes_in: int = 0
    bytes_out: int = 0


class Cloud(Protocol):
    """A cloud's API, as its gateway sees it."""

    def read(self) -> Sequence[CloudTunnel]:
        """Every tunnel that is to be there now."""

    def report(self, states: Mapping[str, Running]) -> None:
        """Tell the API how tunnels are, by their ref."""
