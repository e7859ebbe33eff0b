# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An option that several modules have is one value, documented by the fragment of the same name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.module_utils.core import spec, spec_received, spec_rotation
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec import Spec
from tests.support.module import run_module

PLUGINS = "ansible_collections.strategic.service_store.plugins"
#: The group, its fragment, and the attribute of the fragment.
GROUPS = {
    "SECRET_STORE": (spec.SECRET_STORE, "secret_store", "DOCUMENTATION"),
    "PREVIOUS_KEY": (spec.PREVIOUS_KEY, "secret_store", "PREVIOUS_KEY"),
    "WRAPPING_SERVER": (spec.WRAPPING_SERVER, "secret_store", "WRAPPING_SERVER"),
    "RECEIVED_SECRET": (spec_received.RECEIVED_SECRET, "received_secret", "DOCUMENTATION"),
    "SECRET_POLICY": (spec_received.SECRET_POLICY, "received_secret", "SECRET_POLICY"),
    "ROTATION_POLICY": (spec_rotation.ROTATION_POLICY, "rotation_policy", "DOCUMENTATION"),
}
USERS = {
    "PREVIOUS_KEY": ["secret_store_rewrap"],
    "WRAPPING_SERVER": ["secret_handover"],
    "SECRET_POLICY": ["secret_handover", "vpn_psk", "cloud_credential"],
    "ROTATION_POLICY": ["cloud_credential_info", "cloud_credential_rotation"],
}
FACTS = ("type", "default", "choices", "elements", "required")


def module(name: str) -> Any:
    return importlib.import_module(f"{PLUGINS}.modules.{name}")


def options(raw: Mapping[str, Any], inner: str) -> dict[str, Any]:
    """Return what an option's documentation and its specification have to say alike."""
    return {
        name: {
            **{fact: option[fact] for fact in FACTS if option.get(fact) not in (None, False)},
            "options": options(option.get(inner) or {}, inner),
        }
        for name, option in raw.items()
    }


@pytest.mark.parametrize("name", list(GROUPS))
def test_a_fragment_documents_its_group(name: str) -> None:
    group, fragment, attribute = GROUPS[name]
    found = importlib.import_module(f"{PLUGINS}.doc_fragments.{fragment}").ModuleDocFragment
    documented = yaml.safe_load(getattr(found, attribute))["options"]
    assert options(documented, "suboptions") == options(group.options, "options")


def test_a_module_that_runs_leaves_the_group_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("A" * 43 + "=")
    (tmp_path / "key").chmod(0o600)
    store = {"path": str(tmp_path / "s.json"), "auth": {"key_file": str(tmp_path / "key")}}
    run_module("cloud_credential_info", {"secret_store": store})
    assert spec_rotation.ROTATION_POLICY.options["policy"]["default"] == {}


@pytest.mark.parametrize("name", list(USERS))
def test_the_modules_take_the_group_and_spell_nothing_out(name: str) -> None:
    group: Spec = GROUPS[name][0]
    for user in USERS[name]:
        own = yaml.safe_load(module(user).DOCUMENTATION)["options"]
        for option, value in group.options.items():
            assert module(user).SPEC.options[option] is value and option not in own
