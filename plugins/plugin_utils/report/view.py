# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the text and the HTML rendering both show: one row per account and per host, worked out of a Report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import Account, HostRun, Report
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.records import Record


@dataclass(frozen=True)
class AccountView:
    """One account with everything known about it. Empty strings and None mean that nothing was reported."""

    account: Account
    run: HostRun
    proofs: tuple[Record, ...]
    unproven: tuple[Record, ...]
    credential: Record | None
    allowlist: Record | None
    restrictions: tuple[Record, ...]
    tunnels: tuple[Record, ...]
    proxies: tuple[Record, ...]

    @property
    def reached_from(self) -> tuple[str, ...]:
        """Sources for which a call was expected to pass and passed."""
        return _sources(self.proofs, "allowed")

    @property
    def refused_from(self) -> tuple[str, ...]:
        return tuple(name for name in _sources(self.proofs, "refused") if name not in self.reached_from)

    @property
    def held(self) -> int:
        return sum(bool(proof.values.get("ok")) for proof in self.proofs)

    @property
    def entries(self) -> int | None:
        if self.allowlist is None:
            return None
        rows = self.allowlist.values.get("scopes", [])
        return self.allowlist.values.get("entries", sum(row.get("entries", 0) for row in rows))

    @property
    def tunnel_state(self) -> str:
        states = ["up" if tunnel.values.get("up") else "down" for tunnel in self.tunnels]
        return "down" if "down" in states else "up" if states else ""

    @property
    def ok(self) -> bool:
        return self.held == len(self.proofs) and not self.run.failed and not self.run.unreachable


@dataclass(frozen=True)
class HostView:
    """One host that is no cloud account."""

    run: HostRun
    baseline: Record | None
    releases: tuple[Record, ...]
    proxies: tuple[Record, ...]

    @property
    def controls(self) -> str:
        """`38/40 passed, 1 waived`; controls that do not apply are not counted."""
        if self.baseline is None:
            return ""
        values = self.baseline.values
        passed, waived = values.get("passed", 0), values.get("waived", 0)
        total = passed + waived + values.get("failed", 0)
        return f"{passed}/{total} passed" + (f", {waived} waived" if waived else "")

    @property
    def ok(self) -> bool:
        failed_controls = self.baseline is not None and self.baseline.values.get("failed", 0)
        unhealthy = any(release.values.get("healthy") is False for release in self.releases)
        return not (failed_controls or unhealthy or self.run.failed or self.run.unreachable)


def accounts(report: Report) -> list[AccountView]:
    return [_account(report, account) for account in report.accounts]


def hosts(report: Report) -> list[HostView]:
    """Hosts other than accounts. localhost appears only when it has something to show."""
    account_names = {account.name for account in report.accounts}
    views = []
    for run in report.hosts:
        if run.name in account_names:
            continue
        view = HostView(
            run,
            _last(report, "baseline", run.name),
            tuple(report.of_kind("release", run.name)),
            tuple(report.of_kind("proxy", run.name)),
        )
        if run.name != "localhost" or view.baseline or view.releases or view.proxies or not view.ok:
            views.append(view)
    return views


def other_proofs(report: Report) -> list[Record]:
    """Proofs about something that is no account of this run, such as an application."""
    names = {account.name for account in report.accounts}
    return [proof for proof in report.of_kind("proof") if proof.subject not in names]


def drift(report: Report) -> list[tuple[str, str, str, str]]:
    """Account, scope, entry and state of each entry that differs from what is declared."""
    return [
        (record.subject, row.get("scope", ""), row.get("entry", ""), row.get("state", ""))
        for record in report.of_kind("drift")
        for row in record.values.get("rows", ())
    ]


def release_text(release: Record) -> str:
    values = release.values
    words = f"{values.get('application', '?')} {values.get('release', '?')}"
    if values.get("rolled_back"):
        return words + " (returned to)" if values.get("healthy") else words + " (rolled back)"
    return words if values.get("healthy", True) else words + " (unhealthy)"


def duration(seconds: float) -> str:
    """`7.4 s`, `3 min 12 s`: short enough for a table."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def counted(number: int, noun: str) -> str:
    """`1 host`, `2 hosts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def headline(report: Report) -> str:
    """The outcome in a few words."""
    if not report.ok:
        return "failed"
    if report.check_mode:
        return "check mode"
    return "changed" if report.changed else "unchanged"


def _account(report: Report, account: Account) -> AccountView:
    name = account.name
    return AccountView(
        account=account,
        run=report.host(name),
        proofs=tuple(report.of_kind("proof", name)),
        unproven=tuple(report.of_kind("unproven", name)),
        credential=_last(report, "credential", name),
        allowlist=_last(report, "allowlist", name),
        restrictions=tuple(report.of_kind("restriction", name)),
        tunnels=tuple(report.of_kind("tunnel", name)),
        proxies=tuple(report.of_kind("proxy", name)),
    )


def _last(report: Report, kind: str, subject: str) -> Record | None:
    found = report.of_kind(kind, subject)
    return found[-1] if found else None


def _sources(proofs: tuple[Record, ...], verdict: str) -> tuple[str, ...]:
    """In the order of the proofs, each source once."""
    names: dict[str, Any] = {}
    for proof in proofs:
        if proof.values.get("actual") == verdict and proof.values.get("ok") and proof.values.get("source"):
            names[proof.values["source"]] = None
    return tuple(names)
