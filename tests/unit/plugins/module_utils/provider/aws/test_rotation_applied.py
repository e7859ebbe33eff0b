# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation reports as changed when it fails, and when a key goes to make room; on moto's IAM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import (
    ProviderError,
    SecretStoreError,
    ServiceStoreError,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from ansible_collections.strategic.service_store.plugins.module_utils.provider.rotation import Rotation, nowhere
from lab.faults import FaultProxy
from tests.support.module import ModuleFailed
from tests.support.rotation import Surroundings, killed_at, rotate

from .conftest import session
from .test_keys import FIRST, Bench, bench, faults, moto, spoiled

__all__ = ["bench", "faults", "moto"]
SPARE = {"replace_unused_days": 3}
DENIED = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
)


def failed(
    params: dict[str, Any], days_later: float = 0.0, at: Callable[[str], None] = nowhere
) -> tuple[list[str], ServiceStoreError]:
    """What a run that fails has reported until then, and its error."""
    applied: list[Change] = []
    run = Rotation(Surroundings(params, days_later), at)
    plan = run.plan()
    with pytest.raises(ServiceStoreError) as caught:
        run.apply(plan, applied.append)
    return [change.describe() for change in applied], caught.value


@pytest.fixture
def through(bench: Bench, faults: FaultProxy) -> Iterator[dict[str, Any]]:
    """The module's arguments on the way through the fault proxy."""
    bundle = Path(bench.option["path"]).with_name("bundle.pem")
    bundle.write_text(Path(bench.server.ca_file).read_text() + (bundle.parent / "ca" / "ca.pem").read_text())
    yield bench.params(endpoints=dict.fromkeys(("sts", "iam"), faults.url), ca_file=str(bundle), retries=0)


def test_a_spare_key_that_went_is_reported_though_no_new_one_could_be_made(
    bench: Bench, faults: FaultProxy, through: dict[str, Any]
) -> None:
    other, _secret = bench.second()
    faults.add(mode="status", operation="CreateAccessKey", status=403, body=DENIED, times=0)
    applied, error = failed({**through, **SPARE}, days_later=4)
    assert applied == [f"remove user-0: key {other}"] and getattr(error, "kind", "") == "no_permission"
    assert bench.listed() == [FIRST] and bench.store.version("user-0.rotation") == 0


def test_a_lost_key_that_went_is_reported_though_no_new_one_could_be_made(bench: Bench, faults: FaultProxy) -> None:
    assert killed_at(bench.params(), "create:after")
    (lost,) = set(bench.listed()) - {FIRST}
    faults.add(mode="status", operation="CreateAccessKey", status=403, body=DENIED, times=0)
    with pytest.raises(ModuleFailed) as caught:
        spoiled(bench, faults)
    assert caught.value.result["changed"] is True
    assert caught.value.result["applied"] == [f"remove user-0: key {lost}"] and bench.listed() == [FIRST]


def test_a_new_key_is_reported_though_the_store_could_not_be_written(bench: Bench) -> None:
    def overtaken(point: str) -> None:
        if point == "journal-created:before":
            bench.store.put("user-0.rotation", bench.store.get("user-0.rotation"))

    applied, error = failed(bench.params(), at=overtaken)
    assert isinstance(error, SecretStoreError) and error.kind == "conflict"
    assert applied == ["add user-0: new key", "remove user-0: new key"] and bench.listed() == [FIRST]


def test_an_old_key_that_went_is_reported_though_the_journal_could_not_be_written(bench: Bench) -> None:
    rotate(bench.params())

    def overtaken(point: str) -> None:
        if point == "journal-done:before":
            bench.store.put("user-0.rotation", bench.store.get("user-0.rotation"))

    applied, _error = failed(bench.params(force=False), days_later=8, at=overtaken)
    assert applied == [f"remove user-0: key {FIRST}"] and FIRST not in bench.listed()


def test_a_spare_key_that_was_used_since_it_was_chosen_is_not_deleted_by_the_next_run(bench: Bench) -> None:
    """The key was unused for four days when it was chosen, and for one when the next run comes."""
    other, secret = bench.second()
    assert killed_at(bench.params(**SPARE), "make-room:before", days_later=4)
    session(bench.server.url, bench.server.ca_file, other, secret).probe()
    applied, error = failed(bench.params(**SPARE), days_later=1)
    assert isinstance(error, ProviderError) and error.kind == "quota" and f"find out who uses {other}" in error.hint
    assert applied == [] and sorted(bench.listed()) == sorted([FIRST, other])
    # Nothing was made, so nothing is left to go on with.
    assert bench.store.version("user-0.rotation") == 0


@pytest.mark.parametrize("point", ["make-room:before", "make-room:after"])
def test_a_spare_key_that_is_still_unused_goes_when_the_next_run_comes(bench: Bench, point: str) -> None:
    other, _secret = bench.second()
    assert killed_at(bench.params(**SPARE), point, days_later=4)
    done = rotate(bench.params(**SPARE), days_later=4)
    removed = [change.describe() for change in done.applied if change.action == "remove"]
    assert removed == ([f"remove user-0: key {other}"] if point == "make-room:before" else [])
    left = bench.listed()
    assert other not in left and len(left) == 2 and done.facts["rotation"]["rotated"]
