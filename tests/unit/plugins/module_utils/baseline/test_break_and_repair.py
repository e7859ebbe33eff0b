# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every control of the shipped baseline is broken in a tree, found, repaired, and then left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline import Control
from tests.support.baseline_breaks import BREAKS
from tests.support.baseline_steps import Owner, Step

from .engine import Engine, tree_hash

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="changes owners, which only root can")


def _case(name: str, steps: list[Step]) -> object:
    marks = [NEEDS_ROOT] if any(isinstance(step, Owner) for step in steps) else []
    return pytest.param(steps, marks=marks, id=name)


def test_every_control_has_a_way_to_break_it(controls: list[Control]) -> None:
    assert sorted(BREAKS) == sorted(control.id for control in controls)


@pytest.mark.parametrize("steps", [_case(name, steps) for name, steps in sorted(BREAKS.items())])
def test_control_is_broken_found_and_repaired(
    request: pytest.FixtureRequest, hardened_root: Path, controls: list[Control], steps: list[Step]
) -> None:
    name = request.node.callspec.id
    engine = Engine(hardened_root, [control for control in controls if control.id == name])
    assert engine.failing() == set(), "the hardened tree passes"
    for step in steps:
        step.do(hardened_root)
    assert engine.audit()[name].status == "fail"
    if name.startswith("package-"):
        assert engine.plan(packages=True).packages[0].controls == (name,)
        return
    changes = engine.repair()
    assert changes
    finding = engine.audit()[name]
    assert finding.status in ("pass", "not_applicable"), finding
    assert not engine.plan().changed, "the second plan is empty"


def test_repair_of_a_bare_tree_leaves_nothing_to_repair(bare_root: Path, controls: list[Control]) -> None:
    engine = Engine(bare_root, controls)
    found = engine.failing()
    assert len(found) > 40
    engine.repair()
    assert engine.failing() == set()
    assert not engine.plan().changed


@NEEDS_ROOT
def test_all_breaks_at_once_are_repaired_in_one_run(hardened_root: Path, controls: list[Control]) -> None:
    for name, steps in BREAKS.items():
        for step in steps if not name.startswith("package-") else ():
            step.do(hardened_root)
    engine = Engine(hardened_root, controls)
    broken = {name for name in BREAKS if not name.startswith("package-")}
    assert broken - engine.failing() == set()
    engine.repair()
    assert engine.failing() == set()


def test_audit_and_plan_change_nothing(bare_root: Path, controls: list[Control]) -> None:
    before = tree_hash(bare_root)
    Engine(bare_root, controls).plan(packages=True)
    assert tree_hash(bare_root) == before


def test_kernel_parameters_of_the_machine_are_left_alone_in_a_container(
    bare_root: Path, controls: list[Control]
) -> None:
    (bare_root / "run/.containerenv").touch()
    engine = Engine(bare_root, controls)
    kernel = [finding for finding in engine.audit().values() if finding.id in ("sysctl-aslr", "sysctl-links")]
    assert {finding.status for finding in kernel} == {"not_applicable"}
    assert all(edit.key.startswith("net.") for edit in engine.plan().sysctls)
