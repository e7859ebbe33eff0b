# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud credentials: which fields each provider needs, which of them are secret, and the record that is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .invalid import InvalidValue
from .key_age import instant

RECORD_VERSION = 1


@dataclass(frozen=True)
class Fields:
    """The fields of a provider's credential: those shown, those hidden, those that may be left out.

    ``others`` are further forms that a credential of the provider may have in place of this one.
    """

    public: tuple[str, ...]
    secret: tuple[str, ...]
    optional: tuple[str, ...] = ()
    others: tuple[Fields, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Return the name of every field of this form."""
        return self.public + self.secret + self.optional

    @property
    def forms(self) -> tuple[Fields, ...]:
        """Return every form that a credential of the provider may have, this one first."""
        return (self, *self.others)

    def form_of(self, values: Mapping[str, Any]) -> Fields:
        """Return the form that these values fit best; this one where several fit as well."""
        return max(self.forms, key=lambda form: len(set(values) & set(form.all)))


#: Keystone's user with a password: it may make and delete the application credentials of its own.
_KEYSTONE_USER = Fields(("username", "user_domain_name", "project_name"), ("password",), ("project_domain_name",))
_CLOUDSTACK = Fields(("api_key",), ("secret_key",))
FIELDS: Mapping[str, Fields] = {
    "aws": Fields(("access_key_id",), ("secret_access_key",)),
    "azure": Fields(("tenant_id", "client_id", "subscription_id"), ("client_secret",)),
    "openstack": Fields(
        ("application_credential_id",), ("application_credential_secret",), ("expires_at",), (_KEYSTONE_USER,)
    ),
    "cloudstack": _CLOUDSTACK,
    "bt_cloud": _CLOUDSTACK,
}


@dataclass(frozen=True)
class Credential:
    """One cloud account's credential. ``meta`` is what the store says about it (when registered, for which account)."""

    name: str
    provider: str
    public: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    meta: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the record as it is put into a secret store."""
        return {
            "version": RECORD_VERSION,
            "provider": self.provider,
            "public": dict(self.public),
            "secrets": dict(self.secrets),
            "meta": dict(self.meta),
        }

    def same_key(self, other: Credential) -> bool:
        """Return whether both are the same key of the same provider."""
        mine = (self.provider, dict(self.public), dict(self.secrets))
        return mine == (other.provider, dict(other.public), dict(other.secrets))


def parse(name: str, provider: str, values: Mapping[str, Any], where: str = "secret") -> Credential:
    """Make a credential of an operator's fields; raises InvalidValue without ever showing a value."""
    known = FIELDS[provider]
    fields = known.form_of(values)
    unknown = sorted(set(values) - set(fields.all))
    if unknown:
        has = "; or ".join(", ".join(form.all) for form in known.forms)
        raise InvalidValue(f"{where}.{unknown[0]}", "", f"is no field of a {provider} credential; it has {has}")
    for wanted in fields.public + fields.secret:
        value = values.get(wanted)
        if not isinstance(value, str) or not value.strip():
            raise InvalidValue(
                f"{where}.{wanted}", "", f"is missing or empty; a {provider} credential needs it as text"
            )
        if value != value.strip():
            raise InvalidValue(
                f"{where}.{wanted}", "", "has white space around it; it was probably pasted with a line end"
            )
    public = {key: str(values[key]) for key in fields.public + fields.optional if values.get(key)}
    if "expires_at" in public:
        instant(public["expires_at"], f"{where}.expires_at")
    return Credential(name, provider, public, {key: str(values[key]) for key in fields.secret})


def parse_record(name: str, record: Mapping[str, Any]) -> Credential:
    """Make a credential of a stored record; raises InvalidValue where the record is not one of ours."""
    provider = record.get("provider")
    if record.get("version") != RECORD_VERSION or provider not in FIELDS:
        raise InvalidValue(
            "credential", name, "is no cloud credential of this collection; register it with cloud_credential"
        )
    return Credential(
        name, str(provider), record.get("public") or {}, record.get("secrets") or {}, record.get("meta") or {}
    )
