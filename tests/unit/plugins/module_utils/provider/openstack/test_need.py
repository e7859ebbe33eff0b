# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said to be needed is what the contract suite's account may call, and no more."""

from __future__ import annotations

from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.need import CALL, NEEDS
from tests.contract.accounts.openstack import VPN_CALLS


def test_the_rights_for_tunnels_are_those_with_which_they_are_tested() -> None:
    needed = NEEDS["vpn_gateway"].rights
    calls = {right.removeprefix(CALL) for right in needed if right.startswith(CALL)}
    assert calls == {f"network: {method} {path}" for method, path in VPN_CALLS}
    assert [right for right in needed if not right.startswith(CALL)] == ["role member"]
