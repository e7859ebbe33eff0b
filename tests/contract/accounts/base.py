# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the contract suite must know of a provider's account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.entry import Entry
from lab.faults import FaultProxy
from tests.support.servers import LabServer


@dataclass(frozen=True)
class Bare:
    """What the suite must know of a list of bare addresses.

    ``too_many`` is a number of entries that ``scopes[1]`` cannot hold, and ``refusal`` the words for it. ``writes`` are
    the calls that adding 150 entries takes, and that taking 140 of them away does. ``swap`` are the patterns of the
    calls that put one entry in another's place, in their order. ``families`` are those the lists hold.
    ``unmarkable`` is a number of entries, each with a reason of its own, that cannot all be marked; 0 where every entry
    has its own mark. ``roomy`` is the list that takes hundreds, where ``scopes[0]`` does not.
    """

    too_many: int
    refusal: str
    writes: tuple[int, int]
    swap: tuple[str, ...]
    families: tuple[int, ...] = (4,)
    unmarkable: int = 0
    roomy: Mapping[str, str] | None = None


@dataclass
class CloudAccount:
    """An account at a real server, reached through the fault proxy, which counts and spoils calls.

    ``options`` are the module's connection options without credential and secret store; ``secret`` the credential's
    fields, ``wrong_secret`` one that the server refuses. ``scopes`` are two existing scopes without entries.
    ``add_foreign(scope, entry)`` opens an entry as somebody else would, without this store's mark. ``is_write`` tells
    from a call's name whether it writes. ``least_reads`` is the provider's minimum to read both scopes by name,
    signing in left out (``is_login``). ``add_call`` and ``remove_call`` are patterns of the calls that open and close
    entries; ``shape`` is how the provider throttles. ``icmp_types`` says whether its rules know types of ICMP.
    ``rotator`` are the fields of a second credential that may manage the first one's keys, empty where none is needed.
    ``bare`` is for lists of bare addresses alone. ``add_denial(scope, entry)`` denies an entry in front of all others,
    as somebody else would; None where nothing can be denied.
    """

    provider: str
    server: LabServer
    faults: FaultProxy
    options: Mapping[str, Any]
    secret: Mapping[str, str]
    wrong_secret: Mapping[str, str]
    scopes: tuple[Mapping[str, str], Mapping[str, str]]
    unknown_scope: Mapping[str, str]
    add_foreign: Callable[[Mapping[str, str], Entry], None]
    is_write: Callable[[str], bool]
    least_reads: int
    add_call: str
    remove_call: str
    shape: str
    reset: Callable[[], None]
    is_login: Callable[[str], bool] = lambda name: False
    icmp_types: bool = True
    rotator: Mapping[str, str] = field(default_factory=dict)
    bare: Bare | None = None
    add_denial: Callable[[Mapping[str, str], Entry], None] | None = None

    def writes(self) -> list[str]:
        """Return the names of the writing calls since the last reset."""
        return [name for name in self.faults.operations() if self.is_write(name)]

    def reads(self) -> list[str]:
        """Return the names of the reading calls since the last reset, signing in left out."""
        names = self.faults.operations()
        return [name for name in names if not self.is_write(name) and not self.is_login(name)]
