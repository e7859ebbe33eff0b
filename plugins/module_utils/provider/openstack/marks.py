# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks of addresses in the description of the group that holds them.

``svcstore:<store>(198.51.100.11 198.51.100.0/28)`` names the store's own, and ``svcstore:<store>(*)`` says that all of
the group's addresses are. Other text in the description, and the marks of other stores, stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ...model import mark
from ...model.entry import parse_cidr, sort_key
from ...model.invalid import InvalidValue

#: neutron_lib.db.constants, DESCRIPTION_FIELD_SIZE: what the database keeps. The API takes more.
MOST_CHARS = 255
EVERY = "*"
_MARK = re.compile(rf" ?{mark.PREFIX}([a-z0-9][a-z0-9-]{{0,31}})\(([0-9a-f.:/* ]*)\)")


def read(description: str) -> Mapping[str, str]:
    """Return the store of every marked prefix; of EVERY for a group that is a store's as a whole."""
    return {cidr: match[1] for match in _MARK.finditer(description) for cidr in _prefixes(match[2])}


def with_marks(description: str, store: str, cidrs: Iterable[str]) -> str:
    """Return the description with these prefixes as the store's own in place of its former ones."""
    kept = _MARK.sub(lambda match: "" if match[1] == store else match[0], description)
    if not description.startswith(" "):
        # What follows a mark that stood first keeps no gap before it.
        kept = kept.removeprefix(" ")
    words = " ".join(_short(cidr) for cidr in sorted(cidrs, key=sort_key))
    if not words:
        return kept
    return f"{kept} {mark.PREFIX}{store}({words})" if kept else f"{mark.PREFIX}{store}({words})"


def whole(store: str) -> str:
    """Return the mark of a group that is a store's as a whole."""
    return f"{mark.PREFIX}{store}({EVERY})"


def _prefixes(text: str) -> Iterator[str]:
    for word in text.split():
        try:
            yield EVERY if word == EVERY else parse_cidr("description", word)
        except InvalidValue:
            # Somebody's own text that looks alike; it marks nothing.
            continue


def _short(cidr: str) -> str:
    """Return a prefix without the length of a single address."""
    return cidr.removesuffix("/128" if ":" in cidr else "/32")
