# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people see: terminal, HTML and JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import files, html, text, view
from ansible_collections.strategic.service_store.tests.unit.plugins.plugin_utils.report.sample import (
    SECRET,
    Run,
    proof,
    rollout,
)

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Checker(HTMLParser):
    """Collects the words of a page and complains about tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data.strip())


def parsed(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    assert not checker.open
    return checker


def test_terminal_summary_names_everything_asked_for() -> None:
    shown = text.render(rollout().report(), 200)
    assert shown.splitlines()[0] == (
        "Weekly rollout: CHANGED | 4 accounts | 4 hosts | 8 of 8 proofs hold | 11 changes made | 20.5 s"
    )
    rows = [re.split(r"  +", line) for line in shown.splitlines()]
    assert [
        "Account",
        "Provider",
        "Methods",
        "Reachable from",
        "Refused from",
        "Entries",
        "Tunnel",
        "Proofs",
        "Seconds",
    ] in rows
    assert [
        "globex-openstack",
        "openstack",
        "site_to_site_vpn, allowlist",
        "store-1",
        "store-3",
        "3",
        "up",
        "2/2",
        "1.0",
    ] in rows
    assert ["app-1", "37/39 passed, 2 waived", "board 3f2a1c94be07", "2", "1.0"] in rows


@pytest.mark.parametrize("width", [80, 100, 120])
def test_tables_fit_the_terminal(width: int) -> None:
    assert max(map(len, text.render(rollout().report(), width).splitlines())) <= width


def test_a_failed_run_says_what_failed_first() -> None:
    run = rollout()
    run.task("app-1", "failed", msg="health check: 503 from http://127.0.0.1:8080/healthz")
    run.task("localhost", report=proof("acme-aws", "store-3", "s3", "refused", "bucket policy", actual="allowed"))
    shown = text.render(run.report(), 120)
    assert shown.startswith("Weekly rollout: FAILED")
    assert "FAILED app-1, Audit, a task: health check: 503 from http://127.0.0.1:8080/healthz" in shown
    assert "NOT PROVEN acme-aws: signed API call, store-3 to s3: expected refused, was allowed." in shown


def test_check_mode_is_said_everywhere() -> None:
    report = rollout().report(check_mode=True)
    assert "CHECK MODE" in text.render(report) and "11 changes predicted" in text.render(report)
    assert "Check mode: nothing was changed." in html.render(report)
    assert report.as_dict()["check_mode"] is True


def test_html_is_well_formed_and_needs_nothing_from_outside() -> None:
    page = html.render(rollout().report())
    checker = parsed(page)
    assert not [
        value
        for _tag, name, value in checker.attributes
        if name in ("src", "href", "action") and not str(value).startswith("#")
    ]
    assert not re.search(r"url\(|@import|<script", page)
    ids = [value for _tag, name, value in checker.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for wanted in ("acme-aws", "Site-to-site VPN", "keystone", "37/39 passed, 2 waived", "Harden"):
        assert wanted in checker.words, wanted


def test_html_escapes_what_comes_from_outside() -> None:
    run = rollout()
    run.task("app-1", "failed", msg="<script>alert(1)</script>")
    page = html.render(run.report(title="<b>t</b>"))
    assert "<script" not in page and "<b>t" not in page
    assert "&lt;script&gt;" in page


def test_an_empty_run_renders() -> None:
    report = Run().report()
    parsed(html.render(report))
    assert "0 accounts" in text.render(report)


def test_files_are_private_whole_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "reports"
    for _turn in range(2):
        paths = files.write(rollout().report(), str(folder), ["html", "json", "text"])
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json", "report.txt"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {Path(path).stat().st_mode & 0o777 for path in paths} == {0o600}
    document = json.loads((folder / "report.json").read_text())
    assert document["schema"] == 1 and document["ok"] is True and len(document["records"]) == 22


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(OSError):
        files.write(rollout().report(), str(tmp_path), ["json"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("kind", ["html", "json", "text"])
def test_no_secret_in_any_rendering(kind: str) -> None:
    assert SECRET not in files.render(rollout().report(), kind)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (59.96, "60.0 s"), (61, "1 min 1 s"), (3599.7, "1 h 0 min"), (7260, "2 h 1 min")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert view.duration(seconds) == shown


def test_drift_of_allowlists_is_a_table_and_goes_with_the_run_that_ends_it() -> None:
    run = rollout()
    rows = [{"scope": "security_group api", "entry": "203.0.113.7/32 tcp/22", "state": "undeclared", "note": SECRET}]
    run.task("acme-aws", report={"kind": "drift", "rows": [*rows, "no row"]})
    shown = text.render(run.report(), 200)
    assert re.search(r"acme-aws +security_group api +203\.0\.113\.7/32 tcp/22 +undeclared", shown)
    page = parsed(html.render(run.report()))
    assert "Drift of allowlists" in page.words and "203.0.113.7/32 tcp/22" in page.words
    record = next(item for item in run.report().as_dict()["records"] if item["kind"] == "drift")
    assert record["rows"] == [{"scope": "security_group api", "entry": "203.0.113.7/32 tcp/22", "state": "undeclared"}]

    run.task("acme-aws", report={"kind": "drift", "rows": []})
    assert "203.0.113.7" not in text.render(run.report(), 200)
    assert "Drift of allowlists" not in parsed(html.render(run.report())).words


def test_what_nobody_can_try_stands_in_the_table_and_counts_as_nothing() -> None:
    run = rollout()
    before = run.report()
    row = {"kind": "unproven", "what": "a call", "source": "store-2", "target": "sql_server prod/acme-sql"}
    run.task("acme-azure", report={**row, "expected": "allowed", "evidence": "not proven: TDS", "note": SECRET})
    run.task("acme-azure", report={**row, "source": "controller", "evidence": "not proven: TDS"})
    after = run.report()
    assert after.ok and len(after.of_kind("proof")) == len(before.of_kind("proof"))
    assert text.render(after, 200).count("acme-azure: sql_server prod/acme-sql, not proven: TDS") == 1
    page = parsed(html.render(after))
    assert page.words.count("sql_server prod/acme-sql") == 2 and page.words.count("not proven") == 2
