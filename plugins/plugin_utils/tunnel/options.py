# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vpn_tunnel_info is asked for, refused where it makes no sense before any host or cloud is asked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_vpn_tunnel import CLOUD, LONGEST_WAIT_S

#: What strongSwan takes as the name of a connection.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
LONGEST_PROBE_S = 60


def check(options: Mapping[str, Any]) -> None:
    """Raise InvalidInput for what no host or cloud need be asked about."""
    if options["parts"]:
        raise InvalidInput("parts", None, "is set by the action plugin and not by a task; leave it out")
    for index, name in enumerate(options["tunnels"] or ()):
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"tunnels[{index}]", name, "is no connection's name; write it as in ipsec_connections")
    if not 0 <= options["wait_s"] <= LONGEST_WAIT_S:
        raise InvalidInput("wait_s", options["wait_s"], f"is out of bounds; write 0 to {LONGEST_WAIT_S} seconds")
    if options["probe"]:
        _check_probe(options["probe"], options["wait_for"])
    if options["scope"]:
        for name in ("provider", "credential"):
            if not options[name]:
                raise InvalidInput(name, None, "is missing; the cloud's end, which scope names, is read with it")


def _check_probe(probe: Mapping[str, Any], wait_for: str) -> None:
    try:
        ipaddress.IPv4Address(probe["address"])
    except ValueError:
        mend = "is no IPv4 address; write that of the API's host behind the tunnel"
        raise InvalidInput("probe.address", probe["address"], mend) from None
    if not 1 <= probe["port"] <= 65535:
        raise InvalidInput("probe.port", probe["port"], "is no port; write 1 to 65535")
    if not 1 <= probe["timeout_s"] <= LONGEST_PROBE_S:
        raise InvalidInput("probe.timeout_s", probe["timeout_s"], f"is out of bounds; write 1 to {LONGEST_PROBE_S}")
    if wait_for == "down":
        raise InvalidInput("probe", None, "asks an API through tunnels that shall be down; leave it out")


def for_cloud(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of vpn_gateway_info, those that were given alone."""
    return {name: options[name] for name in CLOUD.options if options[name] is not None}
