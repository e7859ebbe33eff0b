# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marks on entries. CloudStack's rules have no description, so they are tags of what holds the rules.

Per entry the group (or public address) has ``svcstore-own <entry>`` naming the store, and, where something is said
about the entry, ``svcstore-note <entry>``. They are set before the rule is made and go after it: whatever a run is
killed between, no rule of ours is ever without its mark. A note is a tag of its own because a tag's value cannot be
changed, and replacing it must not make the entry look like somebody else's for a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...core.errors import ProviderError
from ...model import mark
from ...model.allowlist import Held
from ...model.entry import Entry, Note

if TYPE_CHECKING:
    from .session import CloudStackSession

OWN, NOTE = "svcstore-own ", "svcstore-note "
#: The length of a tag's value in CloudStack's database.
MARK_CHARS = 255
#: Tags in one call: each is two form fields, and a Jetty server takes 1000 fields by default.
BATCH = 200

Tags = Mapping[str, str]


def tags_of(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return a resource's tags as a dict."""
    return {str(tag.get("key")): str(tag.get("value") or "") for tag in resource.get("tags") or ()}


def read(tags: Tags, entry: Entry) -> tuple[str, Note]:
    """Return the store and the note of an entry; ("", Note()) for one without our mark."""
    store = tags.get(f"{OWN}{entry}", "")
    _store, note = mark.read(tags.get(f"{NOTE}{entry}"))
    return (store, note) if store else ("", Note())


def of_store(tags: Tags, store: str) -> dict[str, str]:
    """Return a store's own marks and notes: by the key of the tag the entry, as text."""
    own = {key: key[len(OWN) :] for key, value in tags.items() if key.startswith(OWN) and value == store}
    noted = {key: key[len(NOTE) :] for key, value in tags.items() if key.startswith(NOTE)}
    return own | {key: entry for key, entry in noted.items() if mark.read(tags[key])[0] == store}


def stale(tags: Tags, store: str, held: Iterable[Held]) -> tuple[str, ...]:
    """Return the entries, as text, of which there is a store's mark alone."""
    return tuple(sorted({*of_store(tags, store).values()} - {str(item.entry) for item in held}))


def tags_for(held: Held, store: str) -> dict[str, str]:
    """Return the tags that mark an entry."""
    owner, note = held.store or store, held.entry.note
    tags = {f"{OWN}{held.entry}": owner}
    if note != Note():
        tags[f"{NOTE}{held.entry}"] = mark.write(owner, note, MARK_CHARS)
    return tags


class Marks:
    """Sets and drops the marks on one kind of resource (CloudStack's name of it)."""

    def __init__(self, session: CloudStackSession, kind: str) -> None:
        self._session = session
        self._kind = kind

    def put(self, doing: str, resource_id: str, now: Tags, wanted: Tags) -> None:
        """Bring the wanted tags to their values; what is there already (an answer was lost) is left."""
        outdated = [key for key, value in wanted.items() if now.get(key, value) != value]
        self.drop(doing, resource_id, now, outdated)
        missing = [key for key in wanted if key in outdated or key not in now]
        for part in _parts(missing):
            self._create(doing, resource_id, {key: wanted[key] for key in part})

    def _create(self, doing: str, resource_id: str, tags: Tags) -> None:
        """Create tags. CloudStack makes all of a call's tags or none, and none where one of them is there."""
        try:
            self._run(doing, "createTags", resource_id, _pairs(tags))
        except ProviderError as exc:
            if exc.kind != "already_exists":
                raise
            listed = self._session.list_all(doing, "listTags", resourceid=resource_id, resourcetype=self._kind)
            there = tags_of({"tags": listed})
            missing = {key: value for key, value in tags.items() if there.get(key) != value}
            if len(missing) == len(tags):
                raise
            if missing:
                self.put(doing, resource_id, there, missing)

    def drop(self, doing: str, resource_id: str, now: Tags, keys: Iterable[str]) -> None:
        """Remove tags that are there."""
        for part in _parts([key for key in keys if key in now]):
            self._run(doing, "deleteTags", resource_id, [{"key": key} for key in part])

    def copy(self, doing: str, resource_id: str, tags: Tags) -> None:
        """Give a new resource the tags of its predecessor, whosever they are."""
        if tags:
            self._create(doing, resource_id, tags)

    def _run(self, doing: str, command: str, resource_id: str, pairs: Sequence[Mapping[str, str]]) -> None:
        self._session.run_job(doing, command, resourceids=[resource_id], resourcetype=self._kind, tags=pairs)


def _pairs(tags: Tags) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _parts(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
