# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML file: no script, no external asset, nothing that leaves the reader's browser."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import svg, view
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.labels import PROVIDERS, bytes_text
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import Report
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.records import Record
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.topology import topology

FOLDER = Path(__file__).with_name("templates")
METHODS = {
    "allowlist": "Allowlist",
    "api_source_restriction": "API source restriction",
    "site_to_site_vpn": "Site-to-site VPN",
    "ipsec_proxy": "IPsec through a proxy host",
}


def render(report: Report) -> str:
    """The whole page."""
    hosts = view.hosts(report)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            accounts=view.accounts(report),
            hosts=hosts,
            drift=view.drift(report),
            headline=view.headline(report),
            other_proofs=view.other_proofs(report),
            proofs=_Tally(report.of_kind("proof")),
            controls=_Controls([host.baseline for host in hosts if host.baseline]),
            topology=svg.render(topology(report)),
            longest_stage=max([stage.seconds for stage in report.stages], default=0.0) or 1.0,
            style=(FOLDER / "style.css").read_text(encoding="utf-8"),
        )
    )


class _Tally:
    def __init__(self, proofs: list[Record]) -> None:
        self.total = len(proofs)
        self.held = sum(bool(proof.values.get("ok")) for proof in proofs)


class _Controls:
    """Controls of all hosts together."""

    def __init__(self, baselines: list[Record]) -> None:
        for name in ("passed", "failed", "waived", "not_applicable"):
            setattr(self, name, sum(baseline.values.get(name, 0) for baseline in baselines))
        self.total = sum(
            sum(baseline.values.get(name, 0) for name in ("passed", "failed", "waived")) for baseline in baselines
        )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Autoescape is on for everything: names and messages come from clouds and hosts."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=FileSystemLoader(FOLDER))
    environment.filters.update(
        duration=view.duration,
        release_text=view.release_text,
        bytes=bytes_text,
        method=lambda name: METHODS.get(name, name),
        provider=lambda name: PROVIDERS.get(name, name),
    )
    return environment
