# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Keystone's and Neutron's configuration files hold. Pure: paths and values in, text out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REGION = "RegionOne"
Sections = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Urls:
    """identity: Keystone's public URL with /v3. network: Neutron's. internal: Keystone on loopback, with /v3."""

    identity: str
    network: str
    internal: str


def render(sections: Sections) -> str:
    """The text of an oslo.config file."""
    lines: list[str] = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {_text(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def _text(value: object) -> str:
    # oslo.config substitutes $names, also in passwords.
    return str(value).lower() if isinstance(value, bool) else str(value).replace("$", "$$")


def database(path: Path) -> dict[str, object]:
    # Losing the last second of a lab in a crash of the machine costs nothing; fsync on every request does.
    return {"connection": f"sqlite:///{path}", "sqlite_synchronous": False}


def keystone(database_file: Path, keys: Path, log: Path) -> Sections:
    return {
        "DEFAULT": {"log_file": log},
        "database": database(database_file),
        "token": {"provider": "fernet"},
        "fernet_tokens": {"key_repository": keys / "fernet"},
        "fernet_receipts": {"key_repository": keys / "fernet"},
        "credential": {"key_repository": keys / "credential"},
        # bcrypt's least: the lab's secrets are random, and every token costs one verification.
        "identity": {"password_hash_rounds": 4},
        "cache": {"enabled": True, "backend": "dogpile.cache.memory"},
        # TLS ends at the API front; the links in version documents must say https all the same.
        "oslo_middleware": {"enable_proxy_headers_parsing": True},
    }


def neutron(database_file: Path, folder: Path, paste: Path, log: Path, urls: Urls, password: str) -> Sections:
    return {
        "DEFAULT": {
            "log_file": log,
            "state_path": folder,
            "api_paste_config": paste,
            "core_plugin": "ml2",
            "service_plugins": "router,lab_vpnaas.Plugin",
            # No agent listens: the in-process bus takes the notifications and nothing else is needed.
            "transport_url": "fake://",
            "rpc_workers": 0,
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
        },
        "database": database(database_file),
        "ml2": {
            "type_drivers": "local",
            "tenant_network_types": "local",
            "mechanism_drivers": "",
            "extension_drivers": "port_security",
        },
        "quotas": {"quota_security_group": 100, "quota_security_group_rule": 1000},
        "service_providers": {"service_provider": "VPN:lab:lab_vpnaas.Driver:default"},
        "oslo_concurrency": {"lock_path": folder / "locks"},
        "oslo_middleware": {"enable_proxy_headers_parsing": True},
        "keystone_authtoken": _authtoken(urls, password),
    }


def _authtoken(urls: Urls, password: str) -> dict[str, object]:
    """How Neutron asks Keystone about its callers' tokens."""
    return {
        "www_authenticate_uri": urls.identity,
        "auth_url": urls.internal,
        "auth_type": "password",
        "username": "neutron",
        "password": password,
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
        "region_name": REGION,
        # Keystone's internal endpoint is on loopback; this and service_type make access rules count.
        "interface": "internal",
        "service_type": "network",
        "service_token_roles_required": True,
        "service_token_roles": "service",
    }
