# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places that name the providers agree with the registry; see docs/ADDING-A-PROVIDER.md."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.strategic.service_store.plugins.doc_fragments.cloud import ModuleDocFragment
from ansible_collections.strategic.service_store.plugins.doc_fragments.vpn_gateway import (
    ModuleDocFragment as VpnFragment,
)
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ServiceStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS
from ansible_collections.strategic.service_store.plugins.module_utils.provider.registry import (
    ALIASES,
    PROVIDERS,
    VPN_PROVIDERS,
    capability,
    provider,
)

REPO = Path(__file__).resolve().parents[2]
MODULES = "ansible_collections.strategic.service_store.plugins.modules"
OWN = sorted(set(PROVIDERS) - set(ALIASES))


def test_each_provider_is_a_folder_and_each_folder_a_provider() -> None:
    folders = {path.parent.name for path in (REPO / "plugins/module_utils/provider").glob("*/__init__.py")}
    assert folders == set(OWN)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_opens_and_offers_what_it_says(name: str) -> None:
    known = provider(name)
    assert known.name == ALIASES.get(name, name)
    assert callable(known.open) and known.probe_services
    assert bool(known.scope_kinds) == (known.allowlist is not None)


@pytest.mark.parametrize("name", OWN)
def test_a_task_that_keeps_allowlists_loads_no_other_capability(name: str) -> None:
    utils = MODULES.replace("modules", "module_utils")
    code = (
        f"import sys, {MODULES}.access_allowlist; from {utils}.provider.registry import provider; provider({name!r}); "
        f"print(*(module.removeprefix({utils!r} + '.') for module in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    others = {f"provider.{name}.{part}" for part in ("granted", "need", "keys", "source_restriction", "vpn")}
    assert f"provider.{name}.session" in loaded
    assert not loaded & {*others, "model.secret_words", "model.permission", "model.restriction", "model.vpn_plan"}


def test_an_unknown_provider_and_a_missing_capability_are_said_in_words() -> None:
    with pytest.raises(ServiceStoreError, match="provider gcp is not known; this collection serves aws, azure"):
        provider("gcp")
    from dataclasses import replace

    with pytest.raises(ServiceStoreError, match="provider aws has no source restriction in this collection"):
        capability(replace(provider("aws"), source_restriction=None), "source_restriction")


def test_credentials_choices_fragment_and_register_name_the_same_providers() -> None:
    wanted = sorted(PROVIDERS)
    fragment = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)
    assert sorted(fragment["options"]["provider"]["choices"]) == wanted
    assert sorted(FIELDS) == wanted
    schema = json.loads((REPO / "plugins/plugin_utils/register/customer.schema.json").read_text())
    assert sorted(schema["$defs"]["account"]["properties"]["provider"]["enum"]) == wanted
    for module in ("access_allowlist", "access_probe", "cloud_credential", "api_source_restriction"):
        spec = importlib.import_module(f"{MODULES}.{module}").SPEC
        assert sorted(spec.options["provider"]["choices"]) == wanted, module


def test_the_register_takes_resources_with_firewalls_of_the_providers_that_have_them() -> None:
    account = json.loads((REPO / "plugins/plugin_utils/register/customer.schema.json").read_text())["$defs"]["account"]
    have = [name for name in PROVIDERS if provider(name).data_plane is not None]
    assert account["if"]["properties"]["provider"]["not"]["enum"] == have
    refused = account["then"]["properties"]["access"]["items"]["properties"]["data_plane"]
    assert f"accounts of {', '.join(have)} alone" in refused["description"]


def test_the_providers_that_make_tunnels_are_the_choices_of_their_modules() -> None:
    fragment = yaml.safe_load(VpnFragment.DOCUMENTATION)["options"]
    serving = sorted(name for name in PROVIDERS if provider(name).vpn is not None)
    assert serving == sorted(VPN_PROVIDERS) == sorted(fragment["provider"]["choices"])
    for module in ("vpn_gateway", "vpn_gateway_info", "vpn_tunnel_info"):
        spec = importlib.import_module(f"{MODULES}.{module}").SPEC
        assert sorted(spec.options["provider"]["choices"]) == serving, module


def test_the_module_takes_every_field_of_every_credential_and_hides_the_secret_ones() -> None:
    options = importlib.import_module(f"{MODULES}.cloud_credential").SPEC.options["secret"]["options"]
    forms = [form for fields in FIELDS.values() for form in fields.forms]
    public = {name for form in forms for name in form.public + form.optional}
    secret = {name for form in forms for name in form.secret}
    assert set(options) == public | secret
    assert {name for name, option in options.items() if option.get("no_log")} == secret


def test_every_provider_takes_the_contract_suite_and_has_its_sdk_in_the_requirements() -> None:
    from tests.contract.accounts import STARTERS

    assert sorted(STARTERS) == OWN
    requirements = (REPO / "requirements.txt").read_text()
    for library in ("boto3", "azure-identity", "openstacksdk", "cs"):
        assert library in requirements
