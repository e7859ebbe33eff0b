# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every provider promises of data_plane: it has it, or it says so before any call, by one option's name."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.model.data_plane import KINDS
from ansible_collections.strategic.service_store.plugins.module_utils.model.permission import CAPABILITIES
from ansible_collections.strategic.service_store.plugins.module_utils.provider.permissions import need_of
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import PROVIDERS, provider
from tests.support.module import ModuleFailed

from .accounts.base import CloudAccount
from .conftest import Store

VAULT = {"kind": "key_vault", "resource_group": "prod", "name": "acme-keys"}


@pytest.mark.parametrize("module", ["api_source_restriction", "api_source_restriction_info"])
def test_a_provider_without_such_firewalls_says_so_before_any_call(
    store: Store, account: CloudAccount, module: str
) -> None:
    if provider(account.provider).data_plane is not None:
        pytest.skip("this provider has them")
    with pytest.raises(ModuleFailed, match=f"data_plane: key_vault is nothing that provider {account.provider} has"):
        store.run(module, addresses=["127.0.0.0/8"], data_plane=[VAULT])
    assert account.faults.calls == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_capability_is_a_need_or_is_refused_in_words(name: str) -> None:
    known = provider(name)
    assert known.permissions is not None
    needs = known.permissions().needs
    assert set(needs) <= set(CAPABILITIES)
    for capability in CAPABILITIES:
        if capability in needs:
            assert set(needs[capability].rights) <= set(need_of(known, [capability]).rights)
        else:
            with pytest.raises(InvalidInput, match=f"needs: {capability} is nothing that provider {known.name} has"):
                need_of(known, [capability])
    if known.data_plane is not None:
        assert set(KINDS) <= set(needs)
