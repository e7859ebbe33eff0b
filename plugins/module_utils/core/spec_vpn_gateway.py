# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the cloud's end of a tunnel, shared by vpn_gateway and vpn_gateway_info."""

from __future__ import annotations

from typing import Any

from .spec import Spec

_END: dict[str, Any] = {"address": {"type": "str"}, "id": {"type": "str"}, "inside_address": {"type": "str"}}
#: One connection of the role ``ipsec``; what that role alone needs is taken and not looked at.
TUNNEL: dict[str, Any] = {
    "type": "dict",
    "options": {
        "name": {"type": "str"},
        "description": {"type": "str"},
        "local": {"type": "dict", "required": True, "options": {**_END, "address": {"type": "str", "required": True}}},
        "remote": {"type": "dict", "options": {"id": {"type": "str"}, "inside_address": {"type": "str"}}},
        "sources": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {"name": {"type": "str"}, "address": {"type": "str", "required": True}},
        },
        "targets": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str"},
                "address": {"type": "str", "required": True},
                "port": {"type": "int", "required": True},
                "protocol": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
            },
        },
        "selectors": {"type": "str", "choices": ["exact", "covering"], "default": "exact"},
        "ike_proposals": {"type": "list", "elements": "str"},
        "esp_proposals": {"type": "list", "elements": "str"},
        "dpd_delay_s": {"type": "int", "default": 5},
        # Times of keys, never keys.
        "ike_rekey_s": {"type": "int", "default": 14400, "no_log": False},
        "esp_rekey_s": {"type": "int", "default": 3600, "no_log": False},
    },
}
VPN_GATEWAY = Spec(
    {
        "name": {"type": "str", "required": True},
        "store": {"type": "str", "default": "service-store"},
        "scope": {
            "type": "dict",
            "required": True,
            "options": {
                "kind": {"type": "str", "required": True},
                "id": {"type": "str"},
                "name": {"type": "str"},
                "parent": {"type": "str"},
            },
        },
        "tunnel": TUNNEL,
        "networks": {"type": "list", "elements": "str"},
        # Names of keys in the secret store, never the keys.
        "pre_shared_keys": {"type": "list", "elements": "str", "no_log": False},
        "inside_cidrs": {"type": "list", "elements": "str"},
        "dpd_timeout_s": {"type": "int", "default": 30},
        "dpd_action": {"type": "str", "choices": ["restart", "clear", "none"], "default": "restart"},
        "aws": {
            "type": "dict",
            "options": {
                "route_tables": {"type": "list", "elements": "str"},
                "startup_action": {"type": "str", "choices": ["add", "start"]},
                "rekey_margin_s": {"type": "int", "no_log": False},
                "rekey_fuzz_percent": {"type": "int", "no_log": False},
                "replay_window_packets": {"type": "int"},
                "lifecycle_control": {"type": "bool"},
                "wait_up_s": {"type": "int", "default": 600},
            },
        },
        "azure": {
            "type": "dict",
            "options": {
                "esp_rekey_kb": {"type": "int", "default": 102400000, "no_log": False},
                "gateway_sku": {"type": "str", "choices": ["VpnGw1AZ", "VpnGw2AZ", "VpnGw3AZ", "VpnGw4AZ", "VpnGw5AZ"]},
            },
        },
        "openstack": {
            "type": "dict",
            "options": {
                "initiator": {
                    "type": "str",
                    "choices": ["response-only", "bi-directional"],
                    "default": "response-only",
                },
                "mtu": {"type": "int"},
            },
        },
        "cloudstack": {
            "type": "dict",
            "options": {
                "split_connections": {"type": "bool", "default": False},
                "force_encapsulation": {"type": "bool", "default": False},
                "passive": {"type": "bool", "default": True},
            },
        },
    },
    required_together=(("tunnel", "pre_shared_keys"),),
)
