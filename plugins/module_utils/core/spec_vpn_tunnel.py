# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of vpn_tunnel_info; the action plugin and the module share them."""

from __future__ import annotations

from . import spec
from .spec import Spec

#: Those with a cloud's end of a tunnel. Not the registry's own tuple: with it a host would get the code of every cloud.
PROVIDERS = ("aws", "azure", "openstack", "cloudstack", "bt_cloud")
#: What a host can be asked for in one call, in this order.
PARTS = ("tunnels", "probe", "filter")
#: The longest wait, in seconds: a login over SSH is held open for as long.
LONGEST_WAIT_S = 3600

_CLOUD = spec.cloud(PROVIDERS)
#: The options that go to the cloud's end alone; all can be left out, and then the cloud is not asked.
CLOUD = Spec(
    {
        **{name: {**option, "required": False} for name, option in _CLOUD.options.items()},
        "name": {"type": "str"},
        "store": {"type": "str", "default": "service-store"},
        "scope": {
            "type": "dict",
            "options": {
                "kind": {"type": "str", "required": True},
                "id": {"type": "str"},
                "name": {"type": "str"},
                "parent": {"type": "str"},
            },
        },
    },
    required_together=(("name", "scope"),),
)
OWN = Spec(
    {
        "tunnel_host": {"type": "str"},
        "tunnels": {"type": "list", "elements": "str"},
        "wait_s": {"type": "int", "default": 0},
        "wait_for": {"type": "str", "choices": ["up", "down"], "default": "up"},
        "probe": {
            "type": "dict",
            "options": {
                "host": {"type": "str"},
                "address": {"type": "str", "required": True},
                "port": {"type": "int", "required": True},
                "timeout_s": {"type": "int", "default": 4},
            },
        },
        "socket": {"type": "path", "default": "/var/run/charon.vici"},
        "parts": {"type": "list", "elements": "str", "choices": list(PARTS)},
    }
)
VPN_TUNNEL = CLOUD.merge(OWN)
