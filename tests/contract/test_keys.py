# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every KeyAdapter promises: keys are made once, die when deleted, and are found again by their label."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError

from .accounts.base import CloudAccount
from .bench import Bench, bench_of, listed
from .conftest import PROVIDERS

LABEL = "svcstore-20261122T043000Z"
#: What makes and what deletes a key, as the fault proxy names it.
CALLS = {
    "azure": ("POST */addPassword", "POST */removePassword"),
    "cloudstack": ("registerUserKeys", "deleteUserKeys"),
    "openstack": ("POST */application_credentials", "DELETE */application_credentials/*"),
}
WITH_ROTATOR = [param for param in PROVIDERS if param.id in CALLS]
pytestmark = pytest.mark.parametrize("running", WITH_ROTATOR, indirect=True)


@pytest.fixture
def bench(account: CloudAccount) -> Iterator[Bench]:
    with bench_of(account) as made:
        yield made


def test_a_new_key_works_and_the_old_one_does_where_keys_overlap(bench: Bench) -> None:
    adapter = bench.adapter()
    before = set(listed(adapter))
    assert adapter.id_of(bench.credential) in before
    new = adapter.create(LABEL)
    assert bench.works(new)
    assert bench.works(bench.credential) is adapter.traits.overlap
    assert (new.name, new.provider) == (bench.credential.name, bench.credential.provider)
    assert set(new.secrets) == set(bench.credential.secrets) and new.secrets != bench.credential.secrets
    after = listed(adapter)
    assert set(after) - before == {adapter.id_of(new)}
    assert after[adapter.id_of(new)].label == (LABEL if adapter.traits.labels else "")
    assert bench.count(CALLS[bench.provider][0]) == 1


def test_a_new_key_may_do_what_the_old_one_may(bench: Bench) -> None:
    old = bench.session().probe()
    new = bench.session(bench.adapter().create(LABEL)).probe()
    assert (new.account, new.principal) == (old.account, old.principal)
    own = ("application_credential",)
    assert {k: v for k, v in new.detail.items() if k not in own} == {
        k: v for k, v in old.detail.items() if k not in own
    }


def test_a_deleted_key_is_dead_and_deleting_it_again_succeeds(bench: Bench) -> None:
    adapter = bench.adapter()
    new = adapter.create(LABEL)
    adapter.delete(adapter.id_of(bench.credential))
    assert not bench.works(bench.credential) and bench.works(new)
    adapter.delete(adapter.id_of(bench.credential))
    assert adapter.id_of(bench.credential) not in set(listed(adapter))


def test_a_lost_answer_makes_one_key_that_is_found_again(bench: Bench) -> None:
    adapter = bench.adapter()
    before = set(listed(adapter))
    bench.faults.add(mode="lost", operation=CALLS[bench.provider][0], times=0)
    with pytest.raises(ProviderError):
        adapter.create(LABEL)
    assert bench.count(CALLS[bench.provider][0]) == 1
    bench.faults.set_rules([])
    (left,) = [key for key in listed(adapter).values() if key.id not in before]
    if adapter.traits.labels:
        assert left.label == LABEL
        adapter.delete(left.id)
        assert set(listed(adapter)) == before
    else:
        # The pair was replaced all the same: a second credential makes the next one.
        assert not bench.works(bench.credential)
        assert bench.works(bench.adapter().create(LABEL))


def test_throttling_is_waited_for_also_where_a_key_is_made(bench: Bench, account: CloudAccount) -> None:
    bench.faults.add(mode="throttle", operation=CALLS[bench.provider][0], shape=account.shape)
    assert bench.works(bench.adapter().create(LABEL))
    assert bench.count(CALLS[bench.provider][0]) == 2


def test_what_a_provider_cannot_do_it_says_in_words(bench: Bench) -> None:
    adapter = bench.adapter()
    assert not adapter.traits.can_disable and not adapter.traits.tells_last_use and adapter.traits.why_not
    key = adapter.id_of(bench.credential)
    with pytest.raises(ProviderError, match="cannot"):
        adapter.set_active(key, False)
    with pytest.raises(ProviderError, match=adapter.traits.why_not[:20]):
        adapter.last_use(key)


def test_an_error_shows_no_secret(bench: Bench) -> None:
    bench.faults.add(mode="status", operation=CALLS[bench.provider][0], status=500, body="no", times=0)
    with pytest.raises(ProviderError) as failed:
        bench.adapter().create(LABEL)
    held = [*bench.credential.secrets.values(), *bench.rotator.secrets.values()]
    assert not [value for value in held if value in str(failed.value)]


def soon(days: int = 30) -> str:
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    return end.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_key_expires_when_it_is_told_to(bench: Bench) -> None:
    adapter = bench.adapter()
    if not adapter.traits.labels:
        pytest.skip("its keys neither expire nor have names")
    end = soon()
    new = adapter.create(LABEL, end)
    assert listed(adapter)[adapter.id_of(new)].expires_at == end


def test_without_a_rotator_the_error_says_what_to_name(bench: Bench) -> None:
    if bench.provider == "cloudstack":
        pytest.skip("a user's own pair may replace itself")
    adapter = bench.adapter(actor=bench.credential)
    for attempt in (lambda: adapter.create(LABEL), lambda: adapter.delete("0" * 32)):
        with pytest.raises(ProviderError, match="name a rotator") as failed:
            attempt()
        assert failed.value.kind == "no_permission"


def test_the_calls_are_the_providers_minimum(bench: Bench) -> None:
    adapter = bench.adapter()
    adapter.keys()
    bench.faults.reset()
    made = adapter.create(LABEL)
    spent = len(bench.faults.operations())
    assert spent == {"openstack": 2, "azure": 1, "cloudstack": 1}[bench.provider]
    assert adapter.id_of(made) and len(bench.faults.operations()) == spent
