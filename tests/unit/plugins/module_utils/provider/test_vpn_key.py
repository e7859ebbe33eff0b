# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a pre-shared key is shown that a provider tells: by a fingerprint only where that is of no use to a guesser."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.core.redact import fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.model import psk
from ansible_collections.strategic.service_store.plugins.module_utils.model.secret_policy import broken_rules, draw
from ansible_collections.strategic.service_store.plugins.module_utils.provider.vpn_key import told_fingerprint


@pytest.mark.parametrize("key", ["Winter2026", "letmein" * 6, "a" * 64, "companycompanycompanycompany1234567890", ""])
def test_a_weak_key_of_somebody_else_has_no_fingerprint(key: str) -> None:
    assert told_fingerprint(key) == "(not ours)"


@given(st.sampled_from(sorted(psk.PROVIDERS)), st.booleans(), st.randoms(use_true_random=True))
def test_every_key_that_can_be_wanted_has_one(provider: str, longest: bool, random: Random) -> None:
    policy = psk.policy([provider])
    key = draw(policy, policy.max_length if longest else policy.min_length + 4, random.choice)
    assume(not broken_rules(policy, key))
    assert told_fingerprint(key) == fingerprint(key)
