# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store needs of an account's credential, by its access methods."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.modules.cloud_credential import SPEC
from ansible_collections.strategic.service_store.plugins.plugin_utils.register.needs import needs_of

ALLOWLIST = {"method": "allowlist", "scopes": [{}]}
RESTRICTION = {"method": "api_source_restriction", "store_servers": ["s"]}
VAULT = {"kind": "key_vault", "resource_group": "prod", "name": "a"}


@pytest.mark.parametrize(
    ("account", "needs"),
    [
        ({"access": [{"method": "ipsec_proxy"}]}, ["probe", "rotation"]),
        ({"access": [{"method": "site_to_site_vpn"}], "rotation": {"rotator": "other"}}, ["probe"]),
        ({"access": [ALLOWLIST, ALLOWLIST], "rotation": {"max_age_days": 9}}, ["probe", "allowlist", "rotation"]),
        ({"access": [{"method": "allowlist", "api_front": {}}]}, ["probe", "rotation"]),
        ({"access": [RESTRICTION]}, ["probe", "source_restriction", "rotation"]),
        ({"access": [{**RESTRICTION, "services": ["ec2"]}]}, ["probe", "source_restriction", "proof", "rotation"]),
        (
            {"access": [{**RESTRICTION, "data_plane": [VAULT, {**VAULT, "name": "b"}], "services": ["entra"]}]},
            ["probe", "source_restriction", "key_vault", "proof", "rotation"],
        ),
    ],
    ids=["tunnel", "rotator", "allowlist", "front", "restriction", "services", "data-plane"],
)
def test_each_access_method_needs_what_its_module_does(account: dict[str, Any], needs: list[str]) -> None:
    assert needs_of(account) == needs
    assert set(needs) <= set(SPEC.options["needs"]["choices"])
