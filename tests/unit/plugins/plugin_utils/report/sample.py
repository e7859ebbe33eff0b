# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole rollout as task results, for the tests of every rendering."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.strategic.service_store.plugins.plugin_utils.report.collect import Collector
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import Report

SECRET = "hunter2-wJalrXUtnFEMI"

ACCOUNTS: dict[str, dict[str, Any]] = {
    "acme-aws": {
        "provider": "aws",
        "customer": "acme",
        "region": "eu-west-1",
        "egress": "store-1",
        "access": ["allowlist", "api_source_restriction"],
    },
    "acme-azure": {
        "provider": "azure",
        "customer": "acme",
        "region": "westeurope",
        "egress": "store-2",
        "access": [{"method": "allowlist"}],
    },
    "globex-openstack": {
        "provider": "openstack",
        "customer": "globex",
        "egress": "store-1",
        "access": ["site_to_site_vpn", "allowlist"],
    },
    "initech-cloudstack": {
        "provider": "cloudstack",
        "customer": "initech",
        "egress": "proxy-1",
        "access": ["ipsec_proxy"],
    },
}


class Ticks:
    """A clock that goes on by `step` seconds each time it is read."""

    def __init__(self, step: float = 0.5) -> None:
        self.value, self.step = 0.0, step

    def __call__(self) -> float:
        self.value += self.step
        return self.value


def proof(subject: str, source: str, target: str, expected: str, at: str, **more: Any) -> dict[str, Any]:
    actual = more.pop("actual", expected)
    return {
        "kind": "proof",
        "subject": subject,
        "what": "signed API call",
        "source": source,
        "target": target,
        "expected": expected,
        "actual": actual,
        "enforced_by": more.pop("by", "provider"),
        "enforced_at": at,
        "evidence": f"{target} answered {source} as {actual}",
        "ok": actual == expected,
        **more,
    }


def collector() -> Collector:
    started = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
    return Collector(clock=Ticks(), now=lambda: started)


class Run:
    """Plays a rollout into a Collector."""

    def __init__(self) -> None:
        self.collector = collector()
        self.collector.playbook_started("rollout.yml")
        self.totals: dict[str, dict[str, int]] = {}
        self._task = 0

    def stage(self, name: str) -> None:
        self.collector.stage_started(name)

    def task(self, host: str, outcome: str = "ok", **result: Any) -> None:
        self._task += 1
        if host in ACCOUNTS:
            self.collector.account_seen(host, ACCOUNTS[host])
        self.collector.task_started(host, str(self._task))
        self.collector.task_done(host, str(self._task), "a task", outcome, result)
        counts = self.totals.setdefault(host, {})
        counts[outcome] = counts.get(outcome, 0) + 1

    def report(self, **options: Any) -> Report:
        for host, counts in self.totals.items():
            self.collector.totals(host, counts)
        return self.collector.report(
            **{"title": "Weekly rollout", "check_mode": False, "versions": {"ansible-core": "2.21.5"}, **options}
        )


def rollout() -> Run:
    """Four accounts and two application hosts; everything is as it should be."""
    run = Run()
    run.stage("Onboard")
    for name, account in ACCOUNTS.items():
        run.task(
            name,
            "changed",
            changed=True,
            secret=SECRET,
            report={
                "kind": "credential",
                "subject": name,
                "provider": account["provider"],
                "state": "present",
                "fingerprint": "sha256:1f0c9a7be211",
                "age_days": 3,
                "secret": SECRET,
            },
        )
    run.stage("Access")
    for name in ("acme-aws", "acme-azure", "globex-openstack"):
        run.task(
            name,
            "changed",
            changed=True,
            report={
                "kind": "allowlist",
                "subject": name,
                "entries": 3,
                "scopes": [
                    {"scope": {"kind": "security_group", "name": "store-api"}, "entries": 3, "added": 2, "removed": 1}
                ],
            },
        )
    run.task(
        "acme-aws",
        report={
            "kind": "restriction",
            "subject": "acme-aws",
            "addresses": ["203.0.113.11/32"],
            "enforced_by": "AWS IAM",
            "applied_by": "store",
            "enforced_at": ["sts", "iam", "s3"],
            "not_enforced": "calls that AWS services make on the key's behalf",
            "in_effect": True,
        },
    )
    run.task(
        "store-gw",
        report=[
            {
                "kind": "tunnel",
                "subject": "globex-openstack",
                "name": "globex",
                "up": True,
                "local": "203.0.113.14",
                "remote": "198.51.100.20",
                "esp_bytes_in": 48213,
                "esp_bytes_out": 39002,
                "proposal": "AES_GCM_16_256/ECP_256",
            }
        ],
    )
    run.task(
        "proxy-1",
        report={
            "kind": "proxy",
            "subject": "proxy-1",
            "listen": "203.0.113.15:3128",
            "allowed_sources": ["store-1"],
            "allowed_targets": ["192.0.2.10:443"],
        },
    )
    run.stage("Harden")
    for host in ("app-1", "app-2"):
        run.task(
            host,
            "changed",
            changed=True,
            report={
                "kind": "baseline",
                "subject": host,
                "passed": 37,
                "failed": 0,
                "waived": 2,
                "not_applicable": 5,
                "changed": 12,
            },
        )
    run.stage("Deploy")
    for host in ("app-1", "app-2"):
        run.task(
            host,
            "changed",
            changed=True,
            report={
                "kind": "release",
                "subject": host,
                "application": "board",
                "release": "3f2a1c94be07",
                "previous": "a81e44c0d511",
                "healthy": True,
                "rolled_back": False,
            },
        )
    run.stage("Audit")
    run.task(
        "localhost",
        results=[
            {"report": proof("acme-aws", "store-1", "sts", "allowed", "AWS IAM")},
            {"report": proof("acme-aws", "outsider", "sts", "refused", "AWS IAM")},
            {"report": proof("acme-azure", "store-2", "Entra token endpoint", "allowed", "Entra named location")},
            {"report": proof("acme-azure", "store-3", "Entra token endpoint", "refused", "Entra named location")},
            {"report": proof("globex-openstack", "store-1", "keystone", "allowed", "os-api", by="customer")},
            {"report": proof("globex-openstack", "store-3", "keystone", "refused", "store-gw", by="store")},
            {"report": proof("initech-cloudstack", "proxy-1", "CloudStack API", "allowed", "cs-gw", by="customer")},
            {"report": proof("board on app-1", "outsider", "https://app-1/healthz", "allowed", "app-1", by="store")},
        ],
    )
    return run
