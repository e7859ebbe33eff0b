# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a rotation: no order of kills and runs may end with dead keys or with a key whose secret is lost."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model import rotation as model
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.key_age import Policy, written
from ansible_collections.strategic.service_store.plugins.module_utils.model.rotation import Journal, State, outlook
from ansible_collections.strategic.service_store.plugins.module_utils.model.rotation_changes import Ids, changes

NOW = datetime.datetime(2026, 11, 22, 4, 30, tzinfo=datetime.UTC)
TEXT = written(NOW)
OLD = Credential("acme", "aws", {"access_key_id": "AKIAOLD"}, {"secret_access_key": "canary-old"})
NEW = Credential("acme", "aws", {"access_key_id": "AKIANEW"}, {"secret_access_key": "canary-new"})
JOURNAL = Journal("creating", "store-1", TEXT, TEXT, "AKIAOLD", ("AKIAOLD", "AKIAELSE"), OLD)
GRACE, AT_ONCE = Policy(), Policy(grace_days=0)
WANTED = State(wanted=True)


@pytest.mark.parametrize(
    ("state", "overlap", "policy", "steps"),
    [
        pytest.param(State(), True, GRACE, "", id="not due"),
        pytest.param(WANTED, True, GRACE, "begin create verify switch disable", id="with a grace period"),
        pytest.param(WANTED, True, AT_ONCE, "begin create verify switch disable delete finish", id="without"),
        pytest.param(WANTED, False, GRACE, "begin create switch verify finish", id="no overlap"),
        pytest.param(
            State("creating"), True, GRACE, "recover create verify switch disable", id="killed while creating"
        ),
        pytest.param(State("created"), False, GRACE, "switch verify finish", id="killed with a pair in the journal"),
        pytest.param(State("verified"), True, GRACE, "switch disable", id="killed before the switch"),
        pytest.param(State("disabled", disabled_at=TEXT), True, GRACE, "", id="in the grace period"),
        pytest.param(
            State("disabled", disabled_at=TEXT, wanted=True, hurry=True),
            True,
            GRACE,
            "delete finish begin create verify switch disable",
            id="forced in the grace period",
        ),
        pytest.param(
            State("disabled", disabled_at="2026-11-15T04:30:00Z"), True, GRACE, "delete finish", id="after it"
        ),
        pytest.param(State("done"), True, GRACE, "finish", id="killed before the journal went"),
        pytest.param(
            State("abandoning", wanted=True),
            True,
            GRACE,
            "abandon begin create verify switch disable",
            id="killed while giving up",
        ),
    ],
)
def test_the_steps_from_every_state(state: State, overlap: bool, policy: Policy, steps: str) -> None:
    assert outlook(state, overlap, policy, NOW) == tuple(steps.split())


@given(
    st.sampled_from(["", *model.PHASES]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_no_old_key_goes_before_a_new_one_is_proved_and_stored(
    phase: str, sure: bool, wanted: bool, hurry: bool, overlap: bool, grace: int, since: int
) -> None:
    began = written(NOW - datetime.timedelta(days=since))
    steps = outlook(State(phase, sure, began, wanted, hurry), overlap, Policy(grace_days=grace), NOW)
    assert len(steps) <= 12
    for number, step in enumerate(steps):
        before = steps[:number]
        if "create" in before and overlap and step in ("disable", "delete"):
            last = len(before) - 1 - before[::-1].index("create")
            assert before[last + 1 : last + 3] == ("verify", "switch")
    if overlap:
        assert all(steps[i - 1] == "verify" for i, step in enumerate(steps) if step == "switch" and i)
    assert outlook(State(phase, sure, began, wanted, hurry), overlap, Policy(grace_days=grace), NOW) == steps


@dataclass
class World:
    """A provider and a store as sets of keys; each step is a call, a write, and the moments between them."""

    overlap: bool
    provider: set[int] = field(default_factory=lambda: {0})
    main: int = 0
    journal: State | None = None
    old: int = 0
    new: int | None = None
    made: int = 0

    def step(self, step: str, half: bool) -> None:
        """Do a step, or the part of it that a kill between call and write leaves done."""
        if step == model.BEGIN:
            if half:
                return
            self.old, self.new, self.journal = self.main, None, State(model.CREATING)
        elif step == model.RECOVER:
            if self.overlap:
                self.provider &= {self.main}
        elif step == model.CREATE:
            self.made += 1
            self.provider = {*self.provider, self.made} if self.overlap else {self.made}
            if not half:
                self.new, self.journal = self.made, State(model.CREATED)
        elif step == model.SWITCH:
            assert self.new is not None
            self.main = self.new
            if not half:
                self.journal = State(model.SWITCHED)
        elif step == model.DELETE:
            self.provider.discard(self.old)
            if not half:
                self.journal = State(model.DONE)
        elif not half:
            self.journal = self._written(step)

    def _written(self, step: str) -> State | None:
        if step in (model.FINISH, model.ABANDON):
            return None
        phase = {model.VERIFY: model.VERIFIED, model.DISABLE: model.DISABLED}[step]
        return State(phase, disabled_at=TEXT)

    def holds(self) -> None:
        """What must hold at any moment."""
        known = {self.main, *((self.old, self.new) if self.journal else ())}
        if self.overlap:
            assert self.main in self.provider
        lost = self.provider - known
        assert not lost or (self.journal and self.journal.phase == model.CREATING)


@given(st.booleans(), st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=12))
def test_any_number_of_kills_between_any_steps_converges(overlap: bool, kills: list[tuple[int, bool]]) -> None:
    world = World(overlap)
    for taken, half in [*kills, (99, False)]:
        sure, wanted = False, world.journal is None
        for number in range(100):
            state = replace(world.journal or State(), sure=sure, wanted=wanted)
            step = model.next_step(state, overlap, AT_ONCE, NOW)
            if step == model.REST:
                break
            world.step(step, half=half and number == taken)
            world.holds()
            if number == taken:
                break
            sure = sure or step in (model.BEGIN, model.RECOVER)
            wanted = wanted and step != model.SWITCH
    assert world.journal is None and world.provider == {world.main} and world.main > 0


def test_a_journal_survives_its_record_and_shows_no_secret() -> None:
    journal = replace(JOURNAL, new=NEW, new_id="AKIANEW", holder={"run": "1"})
    assert model.parse_journal("acme", journal.record()) == journal
    assert "canary" not in repr(journal)
    with pytest.raises(InvalidValue, match="is no journal"):
        model.parse_journal("acme", OLD.record())


def test_a_lost_key_is_known_by_its_label_and_no_other_is_taken_for_it() -> None:
    keys = [("AKIAOLD", "store-1"), ("k1", "store-1"), ("k2", "store-0"), ("k3", "")]
    assert model.lost_by_label(JOURNAL, keys) == ("k1",)
    assert model.lost_by_label(replace(JOURNAL, new_id="k1"), keys) == ()


@pytest.mark.parametrize(
    ("key", "lost"),
    [
        (("k1", "2026-11-22T04:30:04Z", ""), True),
        (("k1", "2026-11-22T04:20:00Z", ""), True),
        (("k1", "2026-11-22T05:00:00Z", ""), False),
        (("k1", "2026-11-22T04:30:04Z", "2026-11-22T04:31:00Z"), False),
        (("AKIAELSE", "2026-11-22T04:30:04Z", ""), False),
    ],
    ids=["just made", "by a clock that is behind", "made later by somebody", "used by somebody", "there before"],
)
def test_where_keys_have_no_label_only_a_fresh_and_unused_one_is_taken_for_lost(
    key: tuple[str, str, str], lost: bool
) -> None:
    assert bool(model.lost_by_time(JOURNAL, [key])) is lost


@pytest.mark.parametrize(
    ("last", "alarm"),
    [("", False), ("2026-11-22T04:29:00Z", False), (TEXT, False), ("2026-11-22T04:31:00Z", False),
     ("2026-11-22T04:31:01Z", True)],
)  # fmt: skip
def test_only_a_use_after_switch_and_disabling_raises_the_alarm(last: str, alarm: bool) -> None:
    journal = replace(JOURNAL, switched_at=TEXT, used_before="2026-11-22T04:31:00Z")
    assert model.tripped(journal, last) is alarm


def test_the_changes_name_keys_by_id_and_the_new_one_by_no_id() -> None:
    steps = outlook(WANTED, True, AT_ONCE, NOW)
    found = changes("acme", steps, Ids(current="AKIAOLD", spare="AKIAELSE"), "disabled, then deleted")
    assert [(step, change.action, change.key) for step, change in found] == [
        ("create", "remove", "key AKIAELSE"),
        ("create", "add", "new key"),
        ("switch", "update", "secret store"),
        ("disable", "update", "key AKIAOLD"),
        ("delete", "remove", "key AKIAOLD"),
    ]
    assert [change.key for _step, change in changes("acme", ("finish",), Ids(), "")] == ["journal"]
    assert changes("acme", (), Ids(), "") == []
