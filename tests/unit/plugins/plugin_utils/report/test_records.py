# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only known fields of known kinds reach a report."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import records
from ansible_collections.strategic.service_store.tests.unit.plugins.plugin_utils.report.sample import SECRET


def test_unknown_fields_are_left_out() -> None:
    record = records.clean({"kind": "credential", "state": "present", "secret": SECRET}, "acme-aws", "Onboard")
    assert record is not None
    assert dict(record.values) == {"state": "present"}
    assert record.subject == "acme-aws"


def test_of_a_tunnels_key_its_state_and_its_fingerprints_are_kept() -> None:
    told = {
        "name": "globex",
        "state": "awaited",
        "fingerprint": "sha256:1f0c3d9a7b21",
        "next_fingerprint": "sha256:9b0e",
    }
    first = records.clean({"kind": "tunnel_key", "psk": SECRET, **told}, "globex-os", "Rotate")
    second = records.clean({"kind": "tunnel_key", **told, "name": "other"}, "globex-os", "Rotate")
    assert first is not None and second is not None
    assert dict(first.values) == told and first.identity != second.identity


@pytest.mark.parametrize(
    "offered",
    [
        None,
        "text",
        {},
        {"kind": "surprise", "secret": SECRET},
        {"kind": ["proof"]},
    ],
    ids=["none", "text", "no-kind", "unknown-kind", "kind-is-a-list"],
)
def test_what_is_no_record_is_refused(offered: object) -> None:
    assert records.clean(offered, "host", "stage") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", {"nested": SECRET}),
        ("state", [SECRET]),
        ("state", True),
        ("age_days", SECRET),
        ("age_days", True),
    ],
    ids=["dict", "list", "bool", "text-for-number", "bool-for-number"],
)
def test_a_field_of_another_type_is_left_out(field: str, value: object) -> None:
    record = records.clean({"kind": "credential", field: value}, "host", "stage")
    assert record is not None and field not in record.values


@pytest.mark.parametrize(
    "line",
    [
        f"password={SECRET}",
        f"the PSK: {SECRET}",
        f"'secret': '{SECRET}'",
        f"https://user:{SECRET}@host/",
        f"Authorization: Bearer {SECRET}",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}",
        f"api_key = {SECRET}",
        f"aws_secret_access_key={SECRET}",
        f"Signature={SECRET}",
    ],
)
def test_free_text_is_scrubbed(line: str) -> None:
    assert SECRET not in records.scrub(line)


@pytest.mark.parametrize(
    "line",
    [
        "InvalidClientTokenId: the security token is invalid",
        "sha256:1f0c9a7be211",
        "AADSTS53003: blocked by policy",
        "203.0.113.11/32",
        "connection refused by 192.0.2.10:443",
    ],
)
def test_ordinary_evidence_is_kept(line: str) -> None:
    assert records.scrub(line) == line


def test_text_is_one_line_and_short() -> None:
    assert records.scrub("a\x1b[31m\nb\u202e") == "a [31m b"
    assert len(records.scrub("x" * 9999)) == records.MAX_TEXT


def test_results_under_no_log_are_not_looked_at() -> None:
    good = {"kind": "credential"}
    assert not list(records.found_in({"censored": "hidden", "report": good}))
    assert not list(records.found_in({"results": [{"_ansible_no_log": True, "report": good}]}))


def test_records_come_from_return_values_facts_and_loop_items() -> None:
    one, two, three = ({"kind": "proof", "what": name} for name in "abc")
    result = {"report": one, "ansible_facts": {"service_store_report": [two]}, "results": [{"report": [three]}]}
    assert list(records.found_in(result)) == [one, two, three]


def test_a_proof_without_verdict_gets_one_from_what_it_expected() -> None:
    held = records.clean({"kind": "proof", "expected": "refused", "actual": "refused"}, "h", "s")
    broken = records.clean({"kind": "proof", "expected": "refused", "actual": "allowed"}, "h", "s")
    empty = records.clean({"kind": "proof"}, "h", "s")
    assert held and held.values["ok"] is True
    assert broken and broken.values["ok"] is False
    assert empty and empty.values["ok"] is False
