# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook notify, with a real SMTP server and a webhook: who is told what, once, and what a failure leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.aged import SECRET, Site
from tests.support.mail import Hook, PostOffice, post_office, webhook
from tests.support.playbook import Run, left_behind

pytestmark = pytest.mark.slow
AGES = {"acme-late": 61, "globex-due": 55, "globex-fresh": 3}


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site", AGES)


def mail(office: PostOffice) -> dict[str, Any]:
    server = {"host": "127.0.0.1", "port": office.port, "secure": "never", "from": "Store <store@store.example>"}
    return {"service_store_notify_mail": server}


def failed(run: Run) -> set[str]:
    return {name for name, number in re.findall(r"^(\S+)\s+: ok=.*failed=(\d+)", run.output, re.M) if int(number)}


def test_owners_are_told_once_a_day_in_words(site: Site, office: PostOffice) -> None:
    link = "https://awx.example/#/templates/job_template/7"
    words = {"service_store_notify_replace_url": link, "service_store_notify_contact": "desk@store.example"}
    checked = site.run("notify", "--check", **mail(office), **words)
    assert checked.status == 0, checked.output[-3000:]
    assert not office.letters and "is older than agreed" in checked.output
    assert not [name for name in site.store.names() if name.endswith(".notice")]

    first = site.run("notify", "-vvvv", "--diff", **mail(office), **words)
    assert first.status == 0, first.output[-3000:]
    letters = {letter.recipients[0]: letter for letter in office.letters}
    assert set(letters) == {"acme-security@acme.example", "ops@globex.example"} and len(office.letters) == 2
    late = letters["acme-security@acme.example"]
    assert late.message["Subject"] == "[test-store] The key acme-late-key of acme-late is overdue"
    assert late.message["From"] == "Store <store@store.example>" and late.message["X-Service-Store-Notice"]
    for sentence in (
        "A key may be 60 days old at most. It is replaced in the 10 days before",
        "kept for 7 days after that, and then deleted",
        "at the latest by",
        f'Open {link} ("Replace my key"), choose acme-late',
        "Questions: desk@store.example",
        "20 characters at least",
    ):
        assert sentence in late.text, late.text
    assert len(late.text.splitlines()) < 40 and max(map(len, late.text.splitlines())) <= 120, late.text
    assert "is due to be replaced" in letters["ops@globex.example"].text

    again = site.run("notify", **mail(office), **words)
    assert again.status == 0 and len(office.letters) == 2
    site.age("globex-due", 70)
    worse = site.run("notify", **mail(office), **words)
    assert worse.status == 0 and len(office.letters) == 3
    assert office.letters[-1].message["Subject"].endswith("globex-due is overdue")

    # An API key is public to Ansible's output, as an access key's id is; in a letter it has no place either.
    assert not [run for run in (checked, first, again, worse) if SECRET["secret_key"] in run.output]
    for path, content in left_behind(site.folder):
        assert SECRET["secret_key"].encode() not in content, path
    assert not [value for letter in office.letters for value in SECRET.values() if value in letter.text]


def test_a_refused_mail_fails_its_account_alone_and_is_sent_by_the_next_run(site: Site, office: PostOffice) -> None:
    office.refused = {"acme-security@acme.example"}
    first = site.run("notify", **mail(office))
    assert failed(first) == {"acme-late"}
    assert f"127.0.0.1:{office.port} did not take it" in first.output and "acme-security@acme.example" in first.output
    assert [letter.recipients for letter in office.letters] == [["ops@globex.example"]]
    office.refused = set()
    assert site.run("notify", **mail(office)).status == 0
    assert [letter.recipients[0] for letter in office.letters] == ["ops@globex.example", "acme-security@acme.example"]


def test_a_mail_server_that_is_down_does_not_keep_the_webhook_from_being_told(
    site: Site, office: PostOffice, hook: Hook
) -> None:
    down = {**mail(office)["service_store_notify_mail"], "port": 9}
    to = {"service_store_notify_webhook": {"url": hook.url, "headers": {"X-Team": "store"}}}
    first = site.run("notify", service_store_notify_mail=down, **to)
    assert failed(first) == {"acme-late", "globex-due"}
    assert "was not sent by mail: 127.0.0.1:9 did not take it" in first.output and "refused" in first.output
    assert {body["account"]: body["state"] for _headers, body in hook.calls} == {
        "acme-late": "overdue",
        "globex-due": "due",
    }
    headers, body = hook.calls[0]
    assert headers["Idempotency-Key"] == body["id"] and headers["X-Team"] == "store"
    assert site.run("notify", **mail(office), **to).status == 0
    assert (len(office.letters), len(hook.calls)) == (2, 2)


def test_a_webhook_that_fails_is_named_without_its_address(site: Site, hook: Hook) -> None:
    hook.status = 500
    run = site.run("notify", "-vvv", service_store_notify_webhook={"url": hook.url})
    assert failed(run) == {"acme-late", "globex-due"}
    assert "was not sent by webhook: the webhook answers 500" in run.output and "canary-hook-path" not in run.output
    hook.status = 204
    wanted = {"service_store_notify_always": True, "service_store_notify_webhook": {"url": hook.url}}
    assert site.run("notify", **wanted).status == 0
    assert {body["account"]: body["state"] for _headers, body in hook.calls}["globex-fresh"] == "ok"


def test_without_a_channel_it_says_what_to_set(site: Site) -> None:
    run = site.run("notify")
    assert run.status != 0 and "Set service_store_notify_mail" in run.output


def test_the_audit_fails_on_a_key_that_is_late_and_not_on_one_that_is_due(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", {"acme-late": 61, "globex-due": 55})
    report = {"ANSIBLE_CALLBACKS_ENABLED": "strategic.service_store.rollout_report"}
    folder = {"SERVICE_STORE_REPORT_FOLDER": str(site.folder / "report")}
    run = site.run("audit", "-e", '{"service_store_restriction_addresses": []}', env={**report, **folder})
    assert failed(run) == {"acme-late"}
    assert "The key acme-late-key is overdue since" in run.output
    (page,) = (site.folder / "report").glob("*.json")
    assert '"overdue"' in page.read_text() and '"due"' in page.read_text()


@pytest.fixture
def shared(tmp_path: Path) -> Site:
    """Two accounts whose keys are fresh and share a rotator whose key is late."""
    site = Site(tmp_path / "site", {"acme-one": 3, "acme-two": 3, "hand": 61})
    register = site.folder / "register" / "acme.yml"
    register.write_text(register.read_text().replace("    access:", "    rotation: {rotator: hand-key}\n    access:"))
    return site


def test_owners_are_told_once_of_a_rotator_that_accounts_share(shared: Site, office: PostOffice, hook: Hook) -> None:
    to = {**mail(office), "service_store_notify_webhook": {"url": hook.url}}
    first = shared.run("notify", **to)
    assert first.status == 0, first.output[-3000:]
    (letter,) = office.letters
    subject = "[test-store] The key hand-key, which replaces keys of acme-one, acme-two, is overdue"
    assert " ".join(str(letter.message["Subject"]).split()) == subject
    assert letter.recipients == ["acme-security@acme.example"]
    assert "The key with which test-store replaces the keys of these accounts is older than agreed" in letter.text
    assert "Account:  acme-one, acme-two" in letter.text and "Make a new key at the provider" in letter.text
    ((_headers, body),) = hook.calls
    assert (body["key"], body["manages"]) == ("hand-key", ["acme-one", "acme-two"])
    assert shared.run("notify", **to).status == 0 and (len(office.letters), len(hook.calls)) == (1, 1)


def test_the_audit_fails_once_on_a_rotator_that_is_late_or_not_there(shared: Site) -> None:
    report = {"ANSIBLE_CALLBACKS_ENABLED": "strategic.service_store.rollout_report"}
    folder = {"SERVICE_STORE_REPORT_FOLDER": str(shared.folder / "report")}
    unrestricted = ("-e", '{"service_store_restriction_addresses": []}')
    late = shared.run("audit", *unrestricted, env={**report, **folder})
    assert failed(late) == {"acme-one"}
    assert "The rotator hand-key is overdue since" in late.output
    (page,) = (shared.folder / "report").glob("*.json")
    assert '"hand-key"' in page.read_text() and '"overdue"' in page.read_text() and '"ok"' in page.read_text()
    shared.store.delete("hand-key")
    absent = shared.run("audit", *unrestricted)
    assert failed(absent) == {"acme-one"} and "The rotator hand-key is not in the secret store" in absent.output
