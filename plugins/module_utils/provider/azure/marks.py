# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks of addresses in the tags of the resource that holds them.

A tag's name lists addresses, ``svcstore:<store> 198.51.100.11 198.51.100.0_28``, and its value is the mark with what
is said about all of them. There are few tags and their names are long, so entries of which the same is said share one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...model import mark
from ...model.entry import Note, parse_cidr, sort_key
from ...model.invalid import InvalidValue

#: "Use tags to organize your Azure resources", limitations; a name cannot have <, >, %, &, \, ? and /.
MOST_TAGS, NAME_CHARS, VALUE_CHARS = 50, 512, 256
_SLASH = "_"


def read(tags: Mapping[str, str]) -> dict[str, tuple[str, Note]]:
    """Return store and note of every marked prefix. Tag names are compared without regard to case."""
    found = {}
    for name, value in tags.items():
        head, *addresses = name.lower().split(" ")
        if not head.startswith(mark.PREFIX):
            continue
        note = mark.read(value)[1]
        for address in addresses:
            try:
                found[parse_cidr("tag", address.replace(_SLASH, "/"))] = (head[len(mark.PREFIX) :], note)
            except InvalidValue:
                # Somebody's own tag that begins alike; it marks nothing.
                continue
    return found


def with_marks(tags: Mapping[str, str], store: str, notes: Mapping[str, Note]) -> dict[str, str]:
    """Return the tags with these marks of a store in place of its former ones; those of others stay as they are."""
    head = f"{mark.PREFIX}{store}"
    kept = {name: value for name, value in tags.items() if not f"{name.lower()} ".startswith(f"{head} ")}
    by_value: dict[str, list[str]] = {}
    for cidr in sorted(notes, key=sort_key):
        by_value.setdefault(mark.write(store, notes[cidr], VALUE_CHARS), []).append(cidr)
    for value, cidrs in by_value.items():
        kept.update(dict.fromkeys(_names(head, cidrs), value))
    return kept


def _names(head: str, cidrs: Iterable[str]) -> Iterator[str]:
    """Yield as few names as list all the prefixes."""
    name = head
    for cidr in cidrs:
        word = " " + cidr.removesuffix("/32").replace("/", _SLASH)
        if len(name) + len(word) > NAME_CHARS:
            yield name
            name = head
        name += word
    yield name
