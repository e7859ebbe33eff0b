# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of charon's log are about a tunnel, and which cause they tell (lines as 5.9.8 writes them)."""

from __future__ import annotations

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_log import Line, cause_in, lines_of

UNKNOWN_PEER = [
    Line("192.0.2.1 is initiating an IKE_SA", "(unnamed)", "4"),
    Line("selected proposal: IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384", "(unnamed)", "4"),
    Line("looking for peer configs matching 192.0.2.2[192.0.2.2]...192.0.2.1[gw]", "(unnamed)", "4"),
    Line("no matching peer config found", "(unnamed)", "4"),
]
OTHERS = [
    Line("received NO_PROPOSAL_CHOSEN notify error", "globex", "5"),
    Line("192.0.2.11 is initiating an IKE_SA", "(unnamed)", "6"),
    Line("no IKE config found for 192.0.2.2...192.0.2.11, sending NO_PROPOSAL_CHOSEN", "(unnamed)", "6"),
    Line("flags changed for fe80::1 on va"),
]


def test_an_attempt_that_found_no_connection_is_its_senders() -> None:
    found = lines_of([*OTHERS, *UNKNOWN_PEER], "acme", "192.0.2.1")
    assert found == [line.text for line in UNKNOWN_PEER]
    assert (cause_in(found) or {})["cause"] == "the other end does not know this peer"


def test_lines_before_the_name_was_known_are_the_connections_too() -> None:
    lines = [Line("192.0.2.1 is initiating an IKE_SA", "", "1"), Line("MAC mismatched", "acme", "1")]
    assert lines_of(lines, "acme", "") == [line.text for line in lines]


def test_nothing_about_a_tunnel_is_no_cause() -> None:
    assert cause_in(lines_of(OTHERS, "acme", "192.0.2.1")) is None


def test_the_last_attempt_counts_and_where_it_does_not_tell_those_before() -> None:
    wrong_key = ["initiating IKE_SA acme[1] to 192.0.2.2", "received AUTHENTICATION_FAILED notify error"]
    silent = ["initiating IKE_SA acme[2] to 192.0.2.2", "giving up after 3 retransmits"]
    begun = ["initiating IKE_SA acme[3] to 192.0.2.2"]
    assert (cause_in([*wrong_key, *silent]) or {})["cause"] == "timeout"
    assert (cause_in([*silent, *wrong_key, *begun]) or {})["cause"] == "authentication failed"
    assert (cause_in([*begun, "retransmit 2 of request with message ID 0"]) or {})["cause"] == "timeout"
