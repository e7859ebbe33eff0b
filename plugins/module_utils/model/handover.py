# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a handed-over secret is bound to, the bundle that carries it, and the receipt that tells of it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from .invalid import InvalidValue

FORMAT = "strategic.service_store.handover/1"
METHODS = ("hpke", "age", "vault_wrap")
#: The cipher suite of the method hpke, in the words of RFC 9180.
SUITE = "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
#: The kind of the record that keeps a name free while a wrapped secret is opened. It holds no secret, so where its
#: writer has died the name counts as free; and what stands for it in a diff.
RESERVED = "reserved"
RESERVED_LINE = "a reserved name without a secret, for a bundle that was not opened to the end"
#: What the sender tells of a secret beside it. All else in a record's ``meta`` is of the sender's store alone, and the
#: receiver takes these for claims.
CLAIMS = ("owner", "registered_at", "made_at", "expires_at")


def is_reserved(record: Mapping[str, Any]) -> bool:
    """Return whether a stored record only keeps its name free."""
    return record.get("kind") == RESERVED


def time_text(moment: datetime.datetime) -> str:
    """Return a time in UTC as it stands in bundles and receipts."""
    return moment.strftime(_TIME)


@dataclass(frozen=True)
class Expected:
    """What the one who opens a bundle expects it to be bound to; an empty customer is any."""

    customer: str
    account: str
    purpose: str


@dataclass(frozen=True)
class Binding:
    """What a bundle is for. ``bundle`` is its id, ``recipient`` the fingerprint of the key it is sealed to."""

    bundle: str
    customer: str
    account: str
    purpose: str
    sealed_at: str
    expires_at: str
    recipient: str

    @classmethod
    def parse(cls, raw: Any, where: str) -> Binding:
        """Make a binding of what a bundle holds; raises InvalidValue."""
        names = [field.name for field in fields(cls)]
        if not isinstance(raw, dict) or sorted(raw) != sorted(names):
            raise InvalidValue(where, "", "is no binding of a bundle; have the secret sealed again")
        if not all(isinstance(value, str) for value in raw.values()):
            raise InvalidValue(where, "", "holds something else than text; have the secret sealed again")
        return cls(**raw)

    def context(self, method: str) -> bytes:
        """Return the binding as it is authenticated with the secret: canonical JSON, the same on both sides."""
        return canonical({"format": FORMAT, "method": method, "binding": asdict(self)})

    def check(self, wanted: Expected, now: datetime.datetime, where: str) -> None:
        """Refuse a bundle for something else, or one whose time is over. Raises InvalidValue."""
        for name in ("customer", "account", "purpose"):
            has, asked = getattr(self, name), getattr(wanted, name)
            if asked and has != asked:
                mend = f"is bound to the {name} {has!r}, not to {asked!r}; take the bundle that was made for it"
                raise InvalidValue(where, f"bundle {self.bundle}", mend)
        if now >= _parse_time(self.expires_at, where):
            mend = f"has expired at {self.expires_at}; have the secret sealed again"
            raise InvalidValue(where, f"bundle {self.bundle}", mend)


@dataclass(frozen=True)
class Bundle:
    """What is handed over. A bundle of age shows its binding only when it is opened.

    ``payload`` is the sealed text: base64 for hpke, an armored file for age, a wrapping token for vault_wrap.
    """

    method: str
    payload: str
    binding: Binding | None = None
    url: str = ""
    namespace: str = ""

    def text(self) -> str:
        """Return the bundle as a file; that of age is an ordinary armored file, which age itself opens."""
        if self.binding is None:
            return self.payload
        whole: dict[str, Any] = {"format": FORMAT, "method": self.method, "binding": asdict(self.binding)}
        if self.method == "hpke":
            whole.update(suite=SUITE, sealed=self.payload)
        else:
            whole.update(url=self.url, namespace=self.namespace, token=self.payload)
        return json.dumps(whole, indent=2) + "\n"


def parse_bundle(text: str, where: str) -> Bundle:
    """Make a bundle of a file; raises InvalidValue."""
    if text.startswith("-----BEGIN AGE ENCRYPTED FILE-----"):
        return Bundle("age", text)
    try:
        raw = json.loads(text)
    except ValueError:
        raw = None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT or raw.get("method") not in ("hpke", "vault_wrap"):
        raise InvalidValue(where, "", f"holds no bundle: neither one of {FORMAT} nor an armored file of age")
    payload = raw.get("sealed") if raw["method"] == "hpke" else raw.get("token")
    if not isinstance(payload, str) or not payload:
        raise InvalidValue(where, "", "holds no sealed secret; it was cut off, have the secret sealed again")
    binding = Binding.parse(raw.get("binding"), where)
    return Bundle(raw["method"], payload, binding, str(raw.get("url") or ""), str(raw.get("namespace") or ""))


def content(binding: Binding, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sealed: the record, of its ``meta`` what others may know, and what it is bound to."""
    meta = {name: value for name, value in (record.get("meta") or {}).items() if name in CLAIMS}
    return {"format": FORMAT, "binding": asdict(binding), "record": {**record, "meta": meta}}


def opened(raw: Any, outer: Binding | None, where: str) -> tuple[Binding, dict[str, Any]]:
    """Return binding and record of an opened bundle; both bindings have to be the same. Raises InvalidValue."""
    if not isinstance(raw, dict) or raw.get("format") != FORMAT or not isinstance(raw.get("record"), dict):
        raise InvalidValue(where, "", "was sealed by something else: it holds no record of a secret store")
    inner = Binding.parse(raw.get("binding"), where)
    if outer is not None and outer != inner:
        raise InvalidValue(where, f"bundle {outer.bundle}", "was changed after it was sealed; do not use it")
    secrets = raw["record"].get("secrets")
    if not isinstance(secrets, dict) or not secrets or not all(isinstance(it, str) for it in secrets.values()):
        raise InvalidValue(where, "", "holds a record without secrets; have the secret sealed again")
    return inner, raw["record"]


def receipt(binding: Binding, method: str, fingerprint: str, bundle_sha256: str, recipient: str) -> dict[str, Any]:
    """Return what proves the hand-over, without the secret."""
    told = asdict(binding)
    key = told.pop("recipient")
    return {
        "format": f"{FORMAT} receipt",
        "method": method,
        **told,
        "recipient": recipient,
        "recipient_key": key,
        "secret_fingerprint": fingerprint,
        "bundle_sha256": bundle_sha256,
    }


def canonical(value: Any) -> bytes:
    """Return JSON in the one spelling that both sides make of the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _parse_time(text: str, where: str) -> datetime.datetime:
    try:
        return datetime.datetime.strptime(text, _TIME).replace(tzinfo=datetime.timezone.utc)
    except ValueError as exc:
        raise InvalidValue(where, text, "is no time in UTC such as 2026-12-31T00:00:00Z") from exc
