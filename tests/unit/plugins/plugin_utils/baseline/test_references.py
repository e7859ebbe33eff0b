# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""References of controls: each id has the form of its framework, and the edition that it is of is said."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.load import (
    FOLDER,
    SCHEMA,
    load_baseline,
)

# Written here anew and not read from the schema, so that a pattern there that lets everything through is seen.
FORMS = {
    "cis_debian12": r"[1-7](\.\d{1,2}){2,4}",
    "anssi_bp028": r"R\d{1,2}",
    "pci_dss_4": r"(\d{1,2}|A[1-3])(\.\d{1,2}){1,3}",
}
# ANSSI-BP-028 v2.0 divides its settings of the network by protocol.
R12_OR_R13 = {"net.ipv4": "R12", "net.ipv6": "R13"}


@pytest.fixture(scope="module")
def controls() -> list[dict[str, Any]]:
    return load_baseline("debian12", [], check_shipped=True).controls


def accepted(framework: str, given: str) -> bool:
    definitions = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    used = definitions["control"]["properties"]["references"]["properties"][framework]["$ref"].rpartition("/")[2]
    return re.search(definitions[used]["items"]["pattern"], given) is not None


def test_every_id_has_the_form_of_its_framework(controls: list[dict[str, Any]]) -> None:
    ids = [(key, given) for control in controls for key, all_of in control["references"].items() for given in all_of]
    assert len(ids) > 200
    assert not [(key, given) for key, given in ids if not re.fullmatch(FORMS[key], given)]


@pytest.mark.parametrize(
    ("framework", "given"),
    [
        pytest.param("cis_debian12", "5.1", id="cis-section"),
        pytest.param("cis_debian12", "8.1.1", id="cis-no-such-chapter"),
        pytest.param("cis_debian12", "1.01.1", id="cis-leading-zero"),
        pytest.param("anssi_bp028", "R81", id="anssi-after-the-last"),
        pytest.param("anssi_bp028", "12", id="anssi-without-letter"),
        pytest.param("pci_dss_4", "13.1.1", id="pci-after-the-last"),
        pytest.param("pci_dss_4", "8", id="pci-chapter"),
        pytest.param("pci_dss_4", "Req-8.3.1", id="pci-of-version-3"),
        pytest.param("stig", "5.1.1", id="stig-given-cis"),
    ],
)
def test_an_id_of_another_form_is_refused(framework: str, given: str) -> None:
    assert not accepted(framework, given)


@pytest.mark.parametrize("given", ["V-258041", "UBTU-24-100030", "RHEL-09-211010"])
def test_both_forms_of_a_stig_id_are_taken(given: str) -> None:
    assert accepted("stig", given)


def test_every_framework_referred_to_names_its_edition(controls: list[dict[str, Any]]) -> None:
    named = yaml.safe_load((FOLDER / "debian12.yml").read_text(encoding="utf-8"))["frameworks"]
    assert set(named) == {key for control in controls for key in control["references"]}
    assert not [edition for edition in named.values() if not re.search(r" v\d+\.\d+", edition)]


def test_an_anssi_id_of_a_network_parameter_is_that_of_its_protocol(controls: list[dict[str, Any]]) -> None:
    wrong = [
        control["id"]
        for control in controls
        for key in control["read"].get("keys", [])
        for given in control["references"].get("anssi_bp028", [])
        if R12_OR_R13.get(key[:8], given) != given
    ]
    assert not wrong
