# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps lead from what is on a host to the wanted release."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.model import release as model
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.release import (
    BUILT,
    FAILED,
    HEALTHY,
    WITHDRAWN,
    Pending,
    Release,
    Site,
    Source,
    Wanted,
)


def release(number: int, status: str = HEALTHY, order: int | None = None) -> Release:
    commit = f"{number:040x}"
    return Release(commit[-12:], commit, f"v{number}", status, number if order is None else order)


ONE, TWO, THREE = release(1), release(2), release(3)
SITE = Site((ONE, TWO), TWO.id)


def keys(site: Site, wanted: Wanted) -> list[str]:
    return [change.key for change in model.plan_release(site, wanted, "/srv/board").changes]


@pytest.mark.parametrize(
    ("site", "wanted", "steps"),
    [
        (Site(), Wanted(ONE, 5, ("data",)), ["release", "link data", "current", "service"]),
        (SITE, Wanted(TWO, 5, (), True), []),
        (SITE, Wanted(TWO, 5, (), None), []),
        (SITE, Wanted(TWO, 5, (), False), ["service"]),
        (SITE, Wanted(TWO, 5, (), True, restart=True), ["service"]),
        (SITE, Wanted(TWO, 5, ("data",), True), ["link data", "service"]),
        (SITE, Wanted(ONE, 5), ["current", "service"]),
        (SITE, Wanted(THREE, 2), ["release", "current", "service", f"release {ONE.id}"]),
        (replace(SITE, pending=Pending(TWO.id)), Wanted(TWO, 5), ["service"]),
        (SITE.with_release(release(2, BUILT)), Wanted(TWO, 5), ["service"]),
        (SITE.with_release(release(3, FAILED)), Wanted(THREE, 5), ["current", "service"]),
    ],
    ids=[
        "first", "well", "no-check", "not-well", "restart", "new-link", "back", "prune", "unfinished", "never-accepted",
        "failed-before",
    ],
)  # fmt: skip
def test_steps(site: Site, wanted: Wanted, steps: list[str]) -> None:
    assert keys(site, wanted) == steps


def test_the_diff_names_both_releases_by_version() -> None:
    [part] = model.plan_release(SITE, Wanted(ONE, 5), "/srv/board").diff()
    assert part["before"] == f"current: {TWO.id} (v2)\n"
    assert f"current: {ONE.id} (v1)\n" in part["after"]


@pytest.mark.parametrize(
    ("site", "name", "target"),
    [
        (SITE, None, ONE),
        (SITE, "v1", ONE),
        (SITE, TWO.commit, TWO),
        (replace(SITE, current=ONE.id, returned_from=TWO.id), None, ONE),
        (replace(SITE, current=ONE.id, returned_from=TWO.id, pending=Pending(ONE.id, True)), None, ONE),
        (replace(SITE, pending=Pending(ONE.id, rolling_back=True)), None, ONE),
        (Site((ONE, TWO, release(3, BUILT)), TWO.id, Pending(THREE.id)), None, TWO),
        (Site((ONE, release(2, WITHDRAWN), THREE), THREE.id), None, ONE),
    ],
    ids=[
        "before",
        "by-version",
        "by-commit",
        "done-already",
        "killed-late",
        "killed-early",
        "killed-deploy",
        "withdrawn",
    ],
)
def test_where_a_roll_back_leads(site: Site, name: str | None, target: Release) -> None:
    assert model.target_of_rollback(site, name) == target


@pytest.mark.parametrize(
    ("value", "is_good"),
    [
        ("v1.2.3", True), ("main", True), ("feature/x", True), ("refs/tags/v1", True), ("0" * 40, True),
        ("a" * 64, True), ("-x", False), ("a..b", False), ("a b", False), ("x.lock", False), ("", False),
        ("a@{1}", False), ("HEAD~1", False), ("a\n", False), ("x/", False),
    ],
)  # fmt: skip
def test_versions(value: str, is_good: bool) -> None:
    if is_good:
        assert Source.parse("/repo", value).version == value
    else:
        with pytest.raises(InvalidValue, match="version"):
            Source.parse("/repo", value)


@pytest.mark.parametrize(
    ("repo", "is_good"),
    [
        ("https://git.example.net/board.git", True), ("ssh://git@git.example.net/board.git", True),
        ("git@git.example.net:team/board.git", True), ("/srv/git/board.git", True), ("file:///srv/git/b.git", True),
        ("ext::sh -c id", False), ("-oProxyCommand=id", False), ("git@-oProxyCommand=id:x", False), ("board", False),
        ("https://user:secret@git.example.net/x", False), ("https://token@git.example.net/x", False),
        ("http://git.example.net/x", False), ("git://git.example.net/x", False), ("ftp://x/y", False),
    ],
)  # fmt: skip
def test_repositories(repo: str, is_good: bool) -> None:
    if is_good:
        assert Source.parse(repo, "v1").repo == repo
    else:
        with pytest.raises(InvalidValue, match="repo") as caught:
            Source.parse(repo, "v1")
        assert "secret" not in str(caught.value) and "token@" not in str(caught.value)


def test_a_full_commit_id_vouches_for_code_that_comes_over_http() -> None:
    assert Source.parse("http://git.example.net/x", "0" * 40).is_commit


def test_an_annotated_tag_stands_for_its_commit() -> None:
    refs = (("refs/tags/v1", "a" * 40), ("refs/tags/v1^{}", "b" * 40), ("refs/heads/main", "c" * 40))
    assert model.pick("v1", refs) == "b" * 40
    assert model.pick("main", refs) == "c" * 40
    assert model.pick("refs/heads/main", refs) == "c" * 40
    assert model.pick("v2", refs) is None
    with pytest.raises(InvalidValue, match="is a tag and a branch"):
        model.pick("v1", (*refs, ("refs/heads/v1", "d" * 40)))


@st.composite
def sites(draw: st.DrawFn) -> Site:
    statuses = draw(st.lists(st.sampled_from([BUILT, HEALTHY, FAILED, WITHDRAWN]), max_size=8))
    releases = tuple(release(number + 1, status) for number, status in enumerate(statuses))
    current = draw(st.sampled_from([None, *(known.id for known in releases)]))
    pending = draw(st.sampled_from([None, *(Pending(known.id) for known in releases)]))
    return Site(releases, current, pending)


def applied(site: Site, wanted: Wanted) -> Site:
    """What the steps of a plan leave when each one works."""
    for change in model.plan_release(site, wanted, "").changes:
        if change.key == "service":
            accepted = replace(wanted.release, status=HEALTHY, order=site.next_order)
            site = replace(site.with_release(accepted), pending=None)
        elif change.key == "current":
            site = replace(site, current=wanted.release.id)
        elif change.action == "remove":
            site = site.without(change.key.partition(" ")[2])
    return site


@given(sites(), st.integers(1, 9), st.integers(2, 5))
def test_applying_a_plan_makes_the_next_one_empty(site: Site, number: int, keep: int) -> None:
    wanted = Wanted(site.get(release(number).id) or release(number, BUILT, 0), keep)
    after = applied(site, wanted)
    assert not model.plan_release(after, replace(wanted, is_well=True), "").changed


@given(sites(), st.integers(1, 9), st.integers(2, 5))
def test_pruning_keeps_the_active_release_and_the_one_to_return_to(site: Site, number: int, keep: int) -> None:
    wanted = release(number)
    fallback = site.fallback(wanted.id)
    gone = {known.id for known in site.expendable(wanted.id, keep)}
    assert wanted.id not in gone
    assert fallback is None or fallback.id not in gone
    assert len([known for known in site.releases if known.id not in gone | {wanted.id}]) <= keep
