# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide names the rights that the cloud's end of a tunnel takes, as a credential is judged by them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.permission import Need
from ansible_collections.strategic.service_store.plugins.module_utils.provider.aws.need import NEEDS as AWS
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.need import NEEDS as AZURE

GUIDE = Path(__file__).parents[5] / "docs" / "docsite" / "rst" / "vpn.rst"


@pytest.mark.parametrize(
    "provider, prefix, need",
    [("aws", "ec2:", AWS["vpn_gateway"]), ("azure", "Microsoft.Network/", AZURE["vpn_gateway"])],
)
def test_the_guide_names_the_rights_that_a_credential_is_judged_by(provider: str, prefix: str, need: Need) -> None:
    row = GUIDE.read_text().partition(f"   * - ``{provider}``, all of ``{prefix}``\n")[2]
    every, besides = row.removeprefix("     - ").split("\n     - ")[:2]
    besides = re.split(r"\n   \* - |\n\n", besides)[0]
    named = [[prefix + right for right in re.findall(r"``([^`]+)``", column)] for column in (every, besides)]
    assert named == [list(need.rights), list(need.optional)]
