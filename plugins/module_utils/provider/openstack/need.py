# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store needs of an OpenStack credential, by capability.

Roles are those of the services' own default policies ("Policies", Neutron's and Keystone's configuration guides); a
cloud may have others. Calls are what access rules have to let through.
"""

from __future__ import annotations

from ...model.permission import Need
from .access_rules import AccessRule

#: A needed call: "call network: GET /v2.0/security-groups". In a path * stands for one segment.
CALL = "call "
UNRESTRICTED = "unrestricted"
_LISTS = "/v2.0/address-groups"
_GROUPS, _RULES = "/v2.0/security-groups", "/v2.0/security-group-rules"
_CONNECTIONS = "/v2.0/vpn/ipsec-site-connections"
_VPN = (
    *("/v2.0/vpn/vpnservices", "/v2.0/vpn/ikepolicies", "/v2.0/vpn/ipsecpolicies", "/v2.0/vpn/endpoint-groups"),
    _CONNECTIONS,
)
_OWN = "/v3/users/*/application_credentials"


def _calls(service: str, *calls: tuple[str, str]) -> tuple[str, ...]:
    return tuple(f"{CALL}{AccessRule(service, method, path)}" for method, path in calls)


NEEDS = {
    # A token is all that is asked for.
    "probe": Need(),
    "proof": Need((), ("role reader", *_calls("network", ("GET", _GROUPS)))),
    "allowlist": Need(
        ("role member", *_calls("network", ("GET", _GROUPS), ("POST", _RULES), ("DELETE", f"{_RULES}/*"))),
        _calls(
            "network",
            ("GET", _RULES),
            ("GET", f"{_RULES}/*"),
            ("GET", f"{_GROUPS}/*"),
            # For those who keep address groups as well.
            ("GET", _LISTS),
            ("PUT", f"{_LISTS}/*"),
            ("PUT", f"{_LISTS}/*/add_addresses"),
            ("PUT", f"{_LISTS}/*/remove_addresses"),
        ),
    ),
    "vpn_gateway": Need(
        (
            "role member",
            *_calls("network", ("GET", "/v2.0/routers"), ("GET", "/v2.0/ports"), ("GET", "/v2.0/subnets")),
            *_calls("network", *(("GET", path) for path in _VPN), *(("POST", path) for path in _VPN)),
            *_calls("network", *(("DELETE", f"{path}/*") for path in _VPN)),
            *_calls("network", ("GET", f"{_CONNECTIONS}/*"), ("PUT", f"{_CONNECTIONS}/*")),
        ),
    ),
    # The API front restricts; the token tells what is to be known.
    "source_restriction": Need(),
    "rotation": Need(
        (
            UNRESTRICTED,
            *_calls("identity", ("GET", _OWN), ("POST", _OWN), ("GET", f"{_OWN}/*"), ("DELETE", f"{_OWN}/*")),
        )
    ),
}
#: What a role brings with it ("Default Roles", Keystone's administration guide).
IMPLIED = {
    "admin": ("manager", "member", "reader"),
    "manager": ("member", "reader"),
    "member": ("reader",),
}
ADMINISTRATOR = ("role admin", "role cloud_admin", "role domain_admin", "role service", UNRESTRICTED)
HOW = (
    "have an administrator assign the roles in the project (openstack role add), then make an application credential "
    "with these roles and an access rule for each call; for rotation name a rotator instead of making it unrestricted"
)
