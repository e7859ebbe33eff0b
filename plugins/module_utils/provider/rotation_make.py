# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a rotation that makes the new key, and deletes what an earlier attempt left or what makes room for it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import Any, Callable

from ..core.errors import ProviderError
from ..model import rotation as model
from ..model.credential import Credential
from ..model.key_age import written
from ..model.plan import Change
from ..model.revocation import MARK
from ..model.rotation import Journal
from .base import KeyAdapter
from .received import history
from .rotation_journal import At
from .rotation_look import Look, Surroundings

#: The provider's own words that it made no key. After anything else one may have been made all the same.
_REFUSALS = frozenset({"no_permission", "bad_key", "expired", "throttled", "clock_skew", "ip_blocked"})
ATTEMPTS = 2


class Making:
    """The steps begin, recover and create of one run.

    ``report`` takes what the plan could not know, ``end`` removes the journal. ``sure`` says that nothing can be left
    of an earlier attempt, ``dead_since`` when the old key may have died, on the monotonic clock.
    """

    def __init__(
        self, look: Look, context: Surroundings, at: At, report: Callable[[Change], None], end: Callable[[], None]
    ) -> None:
        self._look, self._context, self._at, self._report, self._end = look, context, at, report, end
        self._journal, self._ring, self._name = look.journal, look.ring, look.name
        self.sure = False
        self.dead_since = 0.0
        self._attempts = 0
        self._begun_here = False

    def begin(self) -> None:
        """Write down that a key is about to be made, before it is."""
        start = self._look.start()
        now = self._now()
        journal = Journal(
            model.CREATING, start.label, now, now, start.current, start.before, self._look.main, spare=start.spare
        )
        self._journal.write(journal)
        self.sure = True
        self._attempts = 0
        self._begun_here = True

    def recover(self) -> None:
        """Delete what an earlier attempt made without its secret having been stored."""
        journal = self._journal.needed()
        adapter = self._ring.of(self._look.main)
        for key in self._ring.lost(journal, adapter):
            self._at("recover:before")
            adapter.delete(key)
            self._report(lost(key, self._name))
            self._at("recover:after")
        self._journal.write(replace(journal, tried_at=self._now()))
        self.sure = True

    def create(self) -> None:
        """Make the key and write it into the journal; what has taken effect is reported before anything else fails."""
        journal = self._journal.needed()
        adapter = self._ring.of(self._look.main)
        if journal.spare:
            self._make_room(journal, adapter)
        self._attempts += 1
        self.dead_since = time.monotonic()
        try:
            self._at("create:before")
            made = adapter.create(journal.label, self._look.new_end())
        except ProviderError as exc:
            self._not_created(exc)
            return
        self._context.keep_secret(*made.secrets.values())
        self._tell()
        self._at("create:after")
        meta = _meta(self._look.main, made, self._now())
        new = Credential(self._name, made.provider, made.public, made.secrets, meta)
        self._keep(replace(journal, phase=model.CREATED, new=new, new_id=adapter.id_of(new)), adapter)

    def _keep(self, journal: Journal, adapter: KeyAdapter) -> None:
        """Write the new key into the journal; one that nothing keeps must not outlive this run."""
        try:
            self._journal.write(journal)
        except Exception:
            if adapter.traits.overlap:
                # Where that fails too, the next run finds it by label or time.
                with contextlib.suppress(ProviderError):
                    adapter.delete(journal.new_id)
                    self._report(Change("remove", "new key", "new key: not in use", None, self._name))
            raise

    def _make_room(self, journal: Journal, adapter: KeyAdapter) -> None:
        """Delete the key that goes to make room; a run that did not choose it itself looks at it again before.

        Days may have passed since it was chosen, and somebody may have begun to use it. Nothing was made yet, so the
        rotation ends there.
        """
        if not self._begun_here:
            try:
                found = self._look.spare(adapter, journal.old_id, adapter.keys())
            except ProviderError:
                self._end()
                raise
            if found != journal.spare:
                # It is gone already; what is not done must not be reported either.
                self._look.take(model.CREATE, f"key {journal.spare}")
                return
        self._at("make-room:before")
        adapter.delete(journal.spare)
        self._tell(f"key {journal.spare}")
        self._at("make-room:after")

    def _not_created(self, exc: ProviderError) -> None:
        """Look for what a lost answer left behind and try once more; a plain refusal ends the rotation.

        Where a new key kills the old one at once, an earlier attempt may have done that: then the journal, the only
        trace of it, stays whatever the answer to this one is.
        """
        refused = exc.kind in _REFUSALS and not exc.retried
        if refused and (self._look.overlap or (self._begun_here and self._attempts == 1)):
            self._end()
            raise exc
        if refused or self._attempts >= ATTEMPTS:
            raise exc
        self.sure = False

    def _tell(self, key: str = "") -> None:
        for change in self._look.take(model.CREATE, key):
            self._report(change)

    def _now(self) -> str:
        return written(self._context.now())


def lost(key: str, name: str) -> Change:
    """Return the change that deletes a key whose secret nobody has."""
    return Change("remove", f"key {key}", f"key {key}: its secret was lost", None, name)


def _meta(old: Credential, made: Credential, now: str) -> dict[str, Any]:
    """Return what is recorded of a key made now: what was said of the account stays."""
    kept = {name: value for name, value in old.meta.items() if name not in ("expires_at", MARK)}
    told = {name: value for name, value in made.meta.items() if old.meta.get(name) != value}
    # The old secret is remembered, so that nobody registers it again from a file that lies about.
    return {**kept, **told, **history(old, made, None), "registered_at": now, "rotated_at": now}
