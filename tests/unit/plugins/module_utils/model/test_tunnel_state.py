# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What strongSwan says, in words: states from swanctl's output, causes from charon's log (recorded from 5.9.8)."""

from __future__ import annotations

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_state import (
    cause_of,
    read_sas,
    tunnel_state,
    tunnel_states,
)

SAS = """\
list-sa event {
  globex-openstack {
    uniqueid = 3
    version = 2
    state = ESTABLISHED
    local-host = 10.203.0.14
    local-id = 10.203.0.14
    remote-host = 10.203.0.20
    remote-id = C=CH, O=Globex, CN=os-gw
    encr-alg = AES_GCM_16
    encr-keysize = 256
    established = 117
    child-sas {
      globex-openstack-1 {
        name = globex-openstack
        uniqueid = 1
        state = REKEYED
        bytes-in = 9
        local-ts = [
          10.203.1.11..10.203.1.14
        ]
      }
      globex-openstack-2 {
        name = globex-openstack
        uniqueid = 2
        reqid = 1
        state = INSTALLED
        mode = TUNNEL
        encap = yes
        encr-alg = AES_GCM_16
        encr-keysize = 256
        dh-group = ECP_384
        bytes-in = 5120
        bytes-out = 2048
        local-ts = [
          10.203.1.11..10.203.1.14
        ]
      }
    }
  }
}
list-sa event {
  initech-cloudstack {
    uniqueid = 4
    state = CONNECTING
    local-vips = [
      10.203.13.1
    ]
    child-sas {
    }
  }
}
list-sas reply {
}
"""


def test_the_newest_installed_child_is_the_state_of_a_tunnel() -> None:
    state = tunnel_state(SAS, "globex-openstack")
    assert state["up"] is True
    assert (state["ike_id"], state["child_id"]) == (3, 2)
    assert (state["esp_bytes_in"], state["esp_bytes_out"]) == (5120, 2048)
    assert state["proposal"] == "AES_GCM_16-256/ECP_384"
    assert state["encap"] is True and state["established_s"] == 117


def test_many_tunnels_are_told_as_each_is_alone() -> None:
    names = ("initech-cloudstack", "globex-openstack", "nowhere")
    found = tunnel_states(SAS, names)
    assert found == {name: tunnel_state(SAS, name) for name in names}
    assert [state["up"] for state in found.values()] == [False, True, False]


def test_a_tunnel_without_a_child_is_down_and_says_how_far_it_is() -> None:
    assert tunnel_state(SAS, "initech-cloudstack") == {"name": "initech-cloudstack", "up": False, "state": "CONNECTING"}
    assert tunnel_state(SAS, "unknown") == {"name": "unknown", "up": False, "state": "none"}
    assert tunnel_state("", "unknown")["up"] is False


def test_lists_and_identities_with_blanks_are_read() -> None:
    sas = read_sas(SAS)
    assert sas["initech-cloudstack"][0]["local-vips"] == ["10.203.13.1"]
    assert sas["globex-openstack"][0]["remote-id"] == "C=CH, O=Globex, CN=os-gw"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        pytest.param("[IKE] received NO_PROPOSAL_CHOSEN notify error", "no proposal chosen", id="proposal"),
        pytest.param("[IKE] received AUTHENTICATION_FAILED notify error", "authentication failed", id="key"),
        pytest.param(
            "tried 1 shared key for '10.0.0.1' - '10.0.0.2', but MAC mismatched", "authentication failed", id="mac"
        ),
        pytest.param(
            "[IKE] received TS_UNACCEPTABLE notify, no CHILD_SA built", "traffic selectors differ", id="selectors"
        ),
        pytest.param("[IKE] giving up after 3 retransmits", "timeout", id="silent peer"),
        pytest.param("error installing route with policy 10.2.0.10/32 === 10.1.0.11/32 out", "route", id="route"),
        pytest.param(
            "connecting to 'unix:///var/run/charon.vici' failed: No such file or directory",
            "charon does not run",
            id="charon",
        ),
        pytest.param(
            "[CFG] subject certificate invalid (valid from Nov 22 01:02:31 2026 to Nov 23 01:02:31 2026)",
            "certificate expired or not yet valid",
            id="expired",
        ),
        pytest.param(
            '[CFG] no issuer certificate found for "CN=far"', "certificate not trusted", id="another authority"
        ),
        pytest.param("[CFG] RSA-2048 signatures not acceptable", "certificate too weak", id="weak"),
        pytest.param("[IKE] no private key found for 'near.example'", "no private key", id="no private key"),
        pytest.param(
            "[IKE] EAP-MS-CHAPv2 failed with error ERROR_AUTHENTICATION_FAILURE: '(null)'",
            "name or password refused",
            id="password",
        ),
        pytest.param("[IKE] loading EAP_MSCHAPV2 method failed", "EAP method missing", id="no EAP"),
        pytest.param("something nobody has seen", "unknown", id="unknown"),
    ],
)
def test_a_line_of_the_log_becomes_a_cause_and_a_next_step(line: str, cause: str) -> None:
    found = cause_of(f"initiating IKE_SA acme[1]\n{line}\ninitiate failed: establishing CHILD_SA 'acme' failed\n")
    assert found["cause"] == cause
    assert found["mend"]
    assert cause == "unknown" or found["evidence"] == line


def test_an_expired_certificate_is_named_before_what_follows_from_it() -> None:
    said = "\n".join(
        (
            '[CFG]   using certificate "CN=far.example"',
            "[CFG] subject certificate invalid (valid from Nov 22 01:02:31 2026 to Nov 23 01:02:31 2026)",
            "[IKE] no trusted ECDSA public key found for 'far.example'",
            "[IKE] received AUTHENTICATION_FAILED notify error",
        )
    )
    assert cause_of(said)["cause"] == "certificate expired or not yet valid"
