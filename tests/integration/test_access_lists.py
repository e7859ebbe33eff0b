# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook access with what a register may say of a list, and with entries that nobody declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.egress_site import OLD, Site, changed, egress_site
from tests.support.module import run_module
from tests.support.servers import StartServer

ONLY = ["--limit", "acme-cs", "--skip-tags", "prove"]
SCOPE = {"kind": "security_group", "name": "api"}


def by_hand(site: Site, *cidrs: str) -> None:
    """Add what somebody else adds."""
    shared: dict[str, Any] = {"credential": "acme-cs", "secret_store": site.option, "ca_file": site.ca_file}
    entries = [{"cidr": cidr, "ports": "22"} for cidr in cidrs]
    lists = [{"scope": SCOPE, "entries": entries, "purge": "none"}]
    options = {**site.options["acme-cs"], **shared, "store": "somebody-else", "allowlists": lists}
    assert run_module("access_allowlist", options)["changed"] is True


def declare(site: Site) -> None:
    """Let the register name a range and the address after it as well, to be joined."""
    file = site.register / "acme.yml"
    customer = yaml.safe_load(file.read_text())
    scope = customer["cloud_accounts"][1]["access"][0]["scopes"][0]
    office = {"ports": "443", "reason": "office"}
    scope["entries"] += [{"cidr": cidr, **office} for cidr in ("198.51.100.0-198.51.100.6", "198.51.100.7")]
    scope["aggregate"] = True
    file.write_text(yaml.safe_dump(customer))


@pytest.mark.slow
def test_ranges_are_joined_and_what_nobody_declared_goes_when_asked(lab_server: StartServer, tmp_path: Path) -> None:
    with egress_site(lab_server, tmp_path) as site:
        declare(site)
        by_hand(site, "203.0.113.7/32")

        first = site.run("access", *ONLY)
        assert first.status == 0, first.output[-4000:]
        declared_now = {f"{OLD}/32", "198.51.100.0/29"}
        assert site.cidrs("acme-cs") == {*declared_now, "203.0.113.7/32"}
        again = site.run("access", *ONLY)
        assert again.status == 0 and changed(again) == {"acme-cs": 0}, again.output[-4000:]

        asked = [*ONLY, "-e", "service_store_remove_undeclared=true"]
        predicted = site.run("access", *asked, "--check")
        assert predicted.status == 0 and "203.0.113.7/32" in predicted.output, predicted.output[-4000:]
        assert site.cidrs("acme-cs") == {*declared_now, "203.0.113.7/32"}
        assert site.run("access", *asked).status == 0
        assert site.cidrs("acme-cs") == declared_now
