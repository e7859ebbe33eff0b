# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the lab, each of which can be brought up, taken down and looked at by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..context import Context


@dataclass(frozen=True)
class Status:
    """ok: it is up and answers. detail: what is there, or what is wrong."""

    ok: bool
    detail: str


@dataclass(frozen=True)
class Component:
    """up repairs: called on something that is up already it changes nothing; it gives facts for lab.json
    (addresses, urls, files; no secrets). down removes all of it, and nothing else, from any state."""

    name: str
    needs: tuple[str, ...]
    up: Callable[[Context], dict[str, Any]]
    down: Callable[[Context], None]
    status: Callable[[Context], Status]
    optional: bool = False
