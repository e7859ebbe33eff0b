# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From events to a Report."""

from __future__ import annotations

from ansible_collections.strategic.service_store.plugins.plugin_utils.report.collect import message_of
from ansible_collections.strategic.service_store.tests.unit.plugins.plugin_utils.report.sample import (
    ACCOUNTS,
    Run,
    collector,
    proof,
    rollout,
)


def test_a_good_rollout_is_ok_and_complete() -> None:
    report = rollout().report()
    assert report.ok
    assert [stage.name for stage in report.stages] == ["Onboard", "Access", "Harden", "Deploy", "Audit"]
    assert [account.name for account in report.accounts] == sorted(ACCOUNTS)
    assert len(report.of_kind("proof")) == 8
    assert report.changed == 11
    assert report.started == "2026-03-01T12:00:00Z"


def test_access_methods_are_read_in_every_spelling_of_the_register() -> None:
    methods = {account.name: account.methods for account in rollout().report().accounts}
    assert methods["acme-aws"] == ("allowlist", "api_source_restriction")
    assert methods["acme-azure"] == ("allowlist",)


def test_a_broken_proof_makes_the_report_fail_though_no_task_failed() -> None:
    run = rollout()
    run.task("localhost", report=proof("acme-aws", "store-3", "s3", "refused", "bucket policy", actual="allowed"))
    assert not run.report().ok


def test_the_last_word_on_one_proof_holds() -> None:
    run = Run()
    run.task("localhost", report=proof("acme-aws", "store-1", "sts", "allowed", "AWS IAM", actual="refused"))
    run.task("localhost", report=proof("acme-aws", "store-1", "sts", "allowed", "AWS IAM"))
    assert [record.values["ok"] for record in run.report().of_kind("proof")] == [True]


def test_rescued_and_ignored_failures_are_not_failures() -> None:
    run = Run()
    run.stage("Deploy")
    run.task("app-1", "failed", msg="rescued later")
    run.totals["app-1"] = {"ok": 1}
    run.task("app-1", "ignored", msg="ignored")
    assert run.report().ok
    assert not run.report().failures


def test_only_the_failure_that_ended_a_host_is_kept_when_an_earlier_one_was_rescued() -> None:
    run = Run()
    run.stage("Deploy")
    run.task("app-1", "failed", msg="rescued")
    run.task("app-1", "failed", msg="final")
    run.totals["app-1"] = {"failed": 1}
    report = run.report()
    assert [failure.message for failure in report.failures] == ["final"]
    assert [stage.failed for stage in report.stages] == [1]


def test_batches_of_one_play_are_one_stage() -> None:
    events = collector()
    events.playbook_started("deploy.yml")
    for name in ("Deploy", "Deploy", "Audit"):
        events.stage_started(name)
    stages = events.report(title="t", check_mode=False, versions={}).stages
    assert [(stage.name, stage.seconds) for stage in stages] == [("Deploy", 1.0), ("Audit", 0.5)]


def test_several_playbooks_are_one_report() -> None:
    run = rollout()
    run.collector.playbook_started("audit.yml")
    assert run.report().playbook == "rollout.yml, audit.yml"
    assert run.report().started == "2026-03-01T12:00:00Z"


def test_records_of_unknown_kinds_are_counted() -> None:
    run = Run()
    run.task("app-1", report=[{"kind": "surprise"}, {"kind": "proof"}])
    assert run.report().ignored_records == 1


def test_a_hidden_failure_says_so_and_a_loop_tells_its_first_failed_item() -> None:
    assert message_of({"censored": "x", "msg": "secret"}) == "hidden by no_log"
    assert (
        message_of({"msg": "One or more items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "why"}]})
        == "why"
    )
    assert message_of({}) == "failed without a message"
