# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 takes as options of a VPN tunnel: "VpnTunnelOptionsSpecification" and
"ModifyVpnTunnelOptionsSpecification" of the EC2 API Reference. Standard library only."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

_PHASE1_GROUPS = {2, *range(14, 25)}
#: Name as asked: the values that are taken, or the least and the most.
_SETS: dict[str, set[Any]] = {
    "Phase1EncryptionAlgorithms": {"AES128", "AES256", "AES128-GCM-16", "AES256-GCM-16"},
    "Phase2EncryptionAlgorithms": {"AES128", "AES256", "AES128-GCM-16", "AES256-GCM-16"},
    "Phase1IntegrityAlgorithms": {"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"},
    "Phase2IntegrityAlgorithms": {"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"},
    "Phase1DHGroupNumbers": _PHASE1_GROUPS,
    "Phase2DHGroupNumbers": {*_PHASE1_GROUPS, 5},
    "IKEVersions": {"ikev1", "ikev2"},
}
_RANGES = {
    "Phase1LifetimeSeconds": (900, 28800),
    "Phase2LifetimeSeconds": (900, 3600),
    "RekeyMarginTimeSeconds": (60, 1800),
    "RekeyFuzzPercentage": (0, 100),
    "ReplayWindowSize": (64, 2048),
    "DPDTimeoutSeconds": (30, 3600),
}
_CHOICES = {"DPDTimeoutAction": {"clear", "none", "restart"}, "StartupAction": {"add", "start"}}
_KEY = re.compile(r"[A-Za-z1-9._][A-Za-z0-9._]{7,63}")
_RESERVED = {f"169.254.{third}.0/30" for third in range(6)} | {"169.254.169.252/30"}
_ANSWERED = {
    "IKEVersions": "IkeVersions",
    "DPDTimeoutSeconds": "DpdTimeoutSeconds",
    "DPDTimeoutAction": "DpdTimeoutAction",
}


def wrong_with(asked: dict[str, Any]) -> str:
    """Return in words what is wrong with the options of one tunnel, "" where nothing is."""
    for name, value in asked.items():
        if name in _SETS:
            bad = [item["Value"] for item in value if _plain(name, item["Value"]) not in _SETS[name]]
            if bad:
                return f"Invalid value '{bad[0]}' for {name}"
        elif name in _RANGES and not _RANGES[name][0] <= int(value) <= _RANGES[name][1]:
            return f"{name} must be between {_RANGES[name][0]} and {_RANGES[name][1]}"
        elif name in _CHOICES and value not in _CHOICES[name]:
            return f"Invalid value '{value}' for {name}"
        elif name == "PreSharedKey" and not _KEY.fullmatch(value):
            return (
                "Invalid value for PreSharedKey: 8 to 64 alphanumeric characters, periods and underscores, no leading 0"
            )
        elif name == "TunnelInsideCidr":
            if not _is_link(value):
                return f"Invalid value '{value}' for TunnelInsideCidr"
        elif name not in {*_SETS, *_RANGES, *_CHOICES, "PreSharedKey", "EnableTunnelLifecycleControl"}:
            return f"Unknown parameter {name}"
    margin = int(asked.get("RekeyMarginTimeSeconds", 0))
    if 2 * margin > int(asked.get("Phase2LifetimeSeconds", 3600)):
        return "RekeyMarginTimeSeconds must be at most half of Phase2LifetimeSeconds"
    first, second = int(asked.get("Phase1LifetimeSeconds", 28800)), int(asked.get("Phase2LifetimeSeconds", 900))
    return "" if second <= first else "Phase2LifetimeSeconds must be less than Phase1LifetimeSeconds"


def as_answered(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the options as DescribeVpnConnections spells and types them."""
    found: dict[str, Any] = {}
    for name, value in asked.items():
        if name in _SETS:
            value = [{"Value": _plain(name, item["Value"])} for item in value]
        elif name in _RANGES:
            value = int(value)
        elif name == "EnableTunnelLifecycleControl":
            value = str(value).lower() == "true"
        found[_ANSWERED.get(name, name)] = value
    return found


def _plain(name: str, value: Any) -> Any:
    return int(value) if name.endswith("DHGroupNumbers") else str(value)


def _is_link(cidr: str) -> bool:
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError:
        return False
    inside = network.subnet_of(ipaddress.IPv4Network("169.254.0.0/16"))
    return inside and network.prefixlen == 30 and cidr not in _RESERVED
