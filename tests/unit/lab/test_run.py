# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order, parallelism and failures of components, with components that only take notes."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from lab import cli
from lab.components import ALL, select, select_dependents
from lab.components.base import Component, Status
from lab.context import Context, make_context
from lab.errors import LabError
from lab.progress import Progress
from lab.run import bring_up, statuses, take_down
from lab.state import State, locked


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return make_context(tmp_path / "lab", Progress(io.StringIO()))


class Notes:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def component(
        self, name: str, *needs: str, fails: bool = False, gate: threading.Barrier | None = None
    ) -> Component:
        def up(_ctx: Context) -> dict[str, Any]:
            if gate:
                gate.wait(timeout=5)
            if fails:
                raise LabError("no")
            self.lines.append(f"up {name}")
            return {"name": name}

        def down(_ctx: Context) -> None:
            self.lines.append(f"down {name}")
            if fails:
                raise LabError("no")

        return Component(name, needs, up, down, lambda _ctx: Status(not fails, name))


def test_needs_come_up_first_and_go_down_last(ctx: Context) -> None:
    notes = Notes()
    parts = [notes.component("a"), notes.component("b", "a"), notes.component("c", "b")]
    assert set(bring_up(ctx, parts)) == {"a", "b", "c"}
    take_down(ctx, parts)
    assert notes.lines == ["up a", "up b", "up c", "down c", "down b", "down a"]
    assert ctx.state.components == {}


def test_what_needs_nothing_of_each_other_comes_up_side_by_side(ctx: Context) -> None:
    notes = Notes()
    gate = threading.Barrier(3)
    assert len(bring_up(ctx, [notes.component(name, gate=gate) for name in "abc"])) == 3


def test_after_a_failure_the_rest_goes_on_and_the_error_names_all(ctx: Context) -> None:
    notes = Notes()
    parts = [notes.component("a", fails=True), notes.component("b", "a"), notes.component("c")]
    with pytest.raises(LabError, match="  a: no\n  b: needs a"):
        bring_up(ctx, parts)
    assert notes.lines == ["up c"]
    assert set(ctx.state.components) == {"c"}


def test_going_down_goes_on_after_a_failure(ctx: Context) -> None:
    notes = Notes()
    with pytest.raises(LabError, match="  b: no"):
        take_down(ctx, [notes.component("a"), notes.component("b", fails=True)])
    assert notes.lines == ["down b", "down a"]


def test_a_component_that_cannot_be_looked_at_is_not_up(ctx: Context) -> None:
    def broken(_ctx: Context) -> Status:
        raise LabError("podman is not installed")

    part = Component("a", (), lambda _ctx: {}, lambda _ctx: None, broken)
    assert statuses(ctx, [part]) == {"a": Status(False, "podman is not installed")}


def test_choosing_a_component_brings_what_it_needs_in_order() -> None:
    assert [c.name for c in select(["cloudstack"])] == ["networks", "hosts", "cloudstack"]
    assert select([]) == [component for component in ALL if not component.optional]
    assert {component.name for component in ALL if component.optional} == {"vpn_ends"}


def test_taking_one_down_takes_down_what_needs_it() -> None:
    assert [c.name for c in select_dependents(["aws"])] == ["aws", "vpn_ends"]
    assert [c.name for c in select_dependents(["vpn_ends"])] == ["vpn_ends"]
    assert select_dependents([]) == list(ALL)


def test_an_unknown_component_is_refused_with_the_names() -> None:
    with pytest.raises(LabError, match="no component awz; it has networks, "):
        select(["aws", "awz"])


def test_every_need_is_a_component_that_comes_before() -> None:
    seen: set[str] = set()
    for component in ALL:
        assert set(component.needs) <= seen, component.name
        seen.add(component.name)


def test_a_lab_that_is_up_says_so_and_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = Notes()
    monkeypatch.setenv("LAB_DIR", str(tmp_path / "lab"))
    monkeypatch.setattr(cli, "select", lambda _names: [notes.component("a")])
    monkeypatch.setattr(cli, "check_machine", lambda: None)
    assert cli.main(["up"]) == 0
    assert "is up already: 1 components checked" in capsys.readouterr().err
    assert notes.lines == []


def test_looking_for_a_lab_that_is_not_there_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_DIR", str(tmp_path / "lab"))
    assert cli.main(["status"]) == 1
    assert "there is no lab in" in capsys.readouterr().err
    assert not (tmp_path / "lab").exists()


def test_two_commands_at_once_are_kept_apart(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(LabError, match="another command is changing the lab"), locked(tmp_path):
        pytest.fail("the lock was given twice")


def test_the_second_command_waits_and_says_so(tmp_path: Path) -> None:
    told = threading.Event()

    def second() -> None:
        with locked(tmp_path, 10, told.set):
            return

    thread = threading.Thread(target=second)
    with locked(tmp_path):
        thread.start()
        assert told.wait(5)
    thread.join(5)
    assert not thread.is_alive()


def test_state_is_private_and_survives_a_half_written_file(tmp_path: Path) -> None:
    State(tmp_path).put("aws", {"url": "https://10.203.0.50"})
    path = tmp_path / "lab.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["components"]["aws"]["url"] == "https://10.203.0.50"
    path.write_text(path.read_text()[:20])
    assert State(tmp_path).components == {}


class Stream(io.StringIO):
    """Tells when it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self._written = threading.Condition()

    def write(self, text: str) -> int:
        with self._written:
            count = super().write(text)
            self._written.notify_all()
        return count

    def wait_for(self, text: str, times: int = 1) -> str:
        """What is written so far, as soon as the text stands in it so many times."""
        with self._written:
            assert self._written.wait_for(lambda: self.getvalue().count(text) >= times, timeout=60), self.getvalue()
            return self.getvalue()


def test_long_steps_show_that_they_live() -> None:
    stream = Stream()
    with Progress(stream, beat_s=0.05).step("image", "building"):
        stream.wait_for("still building, 0 s")
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("building") and "still building" in lines[1] and "done in " in lines[-1]


def test_of_steps_within_steps_only_the_inner_one_shows_that_it_lives() -> None:
    stream = Stream()
    progress = Progress(stream, beat_s=0.05)
    with progress.step("hosts", "coming up"):
        with progress.step("hosts", "starting"):
            # Both have the same beat, so that between the first and the fourth of the inner one the outer one has some.
            within = stream.wait_for("still starting", times=4).split("still starting", 1)[1]
        assert "still coming up" not in within
        stream.wait_for("still coming up")
