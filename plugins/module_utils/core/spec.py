# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs as values that merge: an option group, its constraints and its doc_fragment share a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

#: The tuples of option names that AnsibleModule takes for each kind of constraint.
Constraint = Sequence[Any]


@dataclass(frozen=True)
class Spec:
    """What a module accepts: options and the constraints between them."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    mutually_exclusive: tuple[Constraint, ...] = ()
    required_together: tuple[Constraint, ...] = ()
    required_one_of: tuple[Constraint, ...] = ()
    required_if: tuple[Constraint, ...] = ()
    supports_check_mode: bool = True

    def merge(self, *others: Spec) -> Spec:
        """Return one spec of all; an option named twice is a mistake of the developer and raises ValueError."""
        merged = self
        for other in others:
            twice = set(merged.options) & set(other.options)
            if twice:
                raise ValueError(f"options defined twice: {', '.join(sorted(twice))}")
            merged = Spec(
                {**merged.options, **other.options},
                merged.mutually_exclusive + other.mutually_exclusive,
                merged.required_together + other.required_together,
                merged.required_one_of + other.required_one_of,
                merged.required_if + other.required_if,
                merged.supports_check_mode and other.supports_check_mode,
            )
        return merged

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of AnsibleModule."""
        return {
            # AnsibleModule fills a default that is a dict in place, and modules share their option groups.
            "argument_spec": {name: deepcopy(option) for name, option in self.options.items()},
            "mutually_exclusive": list(self.mutually_exclusive),
            "required_together": list(self.required_together),
            "required_one_of": list(self.required_one_of),
            "required_if": list(self.required_if),
            "supports_check_mode": self.supports_check_mode,
        }


#: What opens a store or its key-encryption key: paths of files, and names that are no secret.
STORE_AUTH: Mapping[str, Any] = {
    "type": "dict",
    "no_log": False,
    "options": {
        "key_file": {"type": "path", "no_log": False},
        "pin_file": {"type": "path", "no_log": False},
        "token_file": {"type": "path", "no_log": False},
        "role_id": {"type": "str"},
        "secret_id_file": {"type": "path", "no_log": False},
        "credentials_file": {"type": "path", "no_log": False},
        "profile": {"type": "str"},
        "ca_file": {"type": "path"},
    },
}

STORE_KEK: Mapping[str, Any] = {
    "type": "dict",
    "options": {
        "type": {"type": "str", "choices": ["file", "pkcs11", "vault_transit", "aws_kms"], "default": "file"},
        "key": {"type": "str", "no_log": False},  # a key's name, never the key
        "library": {"type": "path"},
        "token_label": {"type": "str", "no_log": False},
        "url": {"type": "str"},
        "namespace": {"type": "str"},
        "mount": {"type": "str"},
        "region": {"type": "str"},
    },
    "required_if": [
        ("type", "pkcs11", ("library", "token_label", "key")),
        ("type", "vault_transit", ("url", "key")),
        ("type", "aws_kms", ("key",)),
    ],
}

SECRET_STORE = Spec(
    {
        "secret_store": {
            "type": "dict",
            "no_log": False,  # it names a store; what it keeps never passes through an option
            "options": {
                "type": {
                    "type": "str",
                    "choices": ["encrypted_file", "vault", "aws_secrets_manager", "barbican", "awx"],
                    "default": "encrypted_file",
                },
                "path": {"type": "str"},
                "url": {"type": "str"},
                "namespace": {"type": "str"},
                "region": {"type": "str"},
                "kek": STORE_KEK,
                "auth": STORE_AUTH,
            },
            "required_if": [
                ("type", "encrypted_file", ("path",)),
                ("type", "vault", ("url",)),
                ("type", "barbican", ("url",)),
            ],
        }
    }
)

#: How the file of a store was opened until now.
PREVIOUS_KEY = Spec(
    {"previous": {"type": "dict", "no_log": False, "options": {"kek": STORE_KEK, "auth": STORE_AUTH}}},
)

#: What logs in to a server that wraps, out of what opens a secret store.
_LOGIN = ("token_file", "role_id", "secret_id_file", "ca_file")
WRAPPING_SERVER = Spec(
    {
        "vault": {
            "type": "dict",
            "options": {
                "url": {"type": "str"},
                "namespace": {"type": "str"},
                "auth": {**STORE_AUTH, "options": {name: STORE_AUTH["options"][name] for name in _LOGIN}},
            },
        },
    }
)


def cloud(providers: Sequence[str]) -> Spec:
    """Return the options every cloud module shares; ``providers`` are those that the module serves."""
    return Spec(
        {
            "provider": {"type": "str", "required": True, "choices": list(providers)},
            "credential": {"type": "str", "required": True},
            "region": {"type": "str"},
            "endpoints": {"type": "dict"},
            "proxy": {"type": "str"},
            "ca_file": {"type": "path"},
            "timeout_s": {"type": "float", "default": 30.0},
            "retries": {"type": "int", "default": 4},
            "workers": {"type": "int", "default": 16},
        }
    ).merge(SECRET_STORE)
