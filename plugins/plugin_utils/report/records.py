# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report may hold: records of known kinds, known fields only.

A task result can carry anything, secrets included. Nothing of it reaches a report unless a field is named here, and
free text is shortened and scrubbed on top, so that a module's mistake stays out of files that people pass around.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Cleaner = Callable[[Any], Any]

MAX_TEXT = 400
#: The fact in which roles and playbooks offer records; a role puts its own name in front.
FACT = "service_store_report"
MAX_ITEMS = 500

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SCRUB = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(-----END [A-Z0-9 ]+-----|$)", re.DOTALL), "***"),
    (
        re.compile(
            r"(?i)\b(\w*(?:secret|passw(?:or)?d|passphrase|psk|token|api_?key|access_?key|signature))"
            r"(['\"]?\s*[=:]\s*)(?!\*{3})\S+"
        ),
        r"\1\2***",
    ),
    (re.compile(r"(?i)\b(authorization\s*[=:]\s*|bearer\s+)(?!\*{3})\S+(\s+[\w./+=-]{12,})?"), r"\1***"),
    (re.compile(r"(://)[^/\s@]+@"), r"\1***@"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*"), "***"),
)


@dataclass(frozen=True)
class Record:
    """One statement about an account or host, as a task reported it."""

    kind: str
    subject: str
    stage: str
    values: Mapping[str, Any]

    @property
    def identity(self) -> tuple[str, ...]:
        """Two records with one identity speak of the same thing; the later one holds."""
        names = IDENTITY.get(self.kind, ())
        return (self.kind, self.subject, *(str(self.values.get(name, "")) for name in names))


def scrub(value: str, limit: int = MAX_TEXT) -> str:
    """One line of at most `limit` characters, without what looks like a secret."""
    for pattern, instead in _SCRUB:
        value = pattern.sub(instead, value)
    value = _CONTROL.sub(" ", value).strip()
    return value if len(value) <= limit else value[: limit - 1] + "\u2026"


def text(value: Any) -> str | None:
    """A scalar as text. Other types are refused: str() of a vaulted value would decrypt it."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    # A plain str, not Ansible's tagged subclass: the report must not keep references to where the value came from.
    return scrub("".join(str(value))) or None


def flag(value: Any) -> bool | None:
    return bool(value) if isinstance(value, bool) else None


def count(value: Any) -> int | None:
    """A number of things; a list stands for its length."""
    if isinstance(value, (list, tuple)):
        return len(value)
    if isinstance(value, str) and value.isdecimal() and len(value) < 16:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value)


def texts(value: Any) -> list[str] | None:
    if isinstance(value, (str, int)):
        value = [value]
    if not isinstance(value, (list, tuple)):
        return None
    return [item for item in map(text, value[:MAX_ITEMS]) if item is not None]


def scope_name(value: Any) -> str | None:
    """`{kind, id | name, parent}` or a plain name, as people say it."""
    if not isinstance(value, Mapping):
        return text(value)
    words = [text(value.get("kind")), text(value.get("name")) or text(value.get("id"))]
    return " ".join(word for word in words if word) or None


def scopes(value: Any) -> list[dict[str, Any]] | None:
    if not isinstance(value, (list, tuple)):
        return None
    rows = [item for item in value[:MAX_ITEMS] if isinstance(item, Mapping)]
    return [_kept(row, {"scope": scope_name, "entries": count, "added": count, "removed": count}) for row in rows]


def drifted(value: Any) -> list[dict[str, Any]] | None:
    """Entries that differ from what is declared, and how."""
    if not isinstance(value, (list, tuple)):
        return None
    rows = [item for item in value[:MAX_ITEMS] if isinstance(item, Mapping)]
    return [_kept(row, {"scope": scope_name, "entry": text, "state": text}) for row in rows]


def _kept(value: Mapping[str, Any], fields: Mapping[str, Cleaner]) -> dict[str, Any]:
    cleaned = {name: clean(value[name]) for name, clean in fields.items() if name in value}
    return {name: item for name, item in cleaned.items() if item is not None}


KINDS: dict[str, dict[str, Cleaner]] = {
    "credential": {"provider": text, "state": text, "fingerprint": text, "age_days": count, "egress": text},
    "allowlist": {"scopes": scopes, "entries": count},
    "drift": {"rows": drifted},
    "restriction": {
        "addresses": texts,
        "enforced_by": text,
        "enforced_at": texts,
        "not_enforced": text,
        "in_effect": flag,
        "applied_by": text,
    },
    "tunnel": {
        "name": text,
        "up": flag,
        "local": text,
        "remote": text,
        "esp_bytes_in": count,
        "esp_bytes_out": count,
        "proposal": text,
    },
    "tunnel_key": {"name": text, "state": text, "fingerprint": text, "next_fingerprint": text, "why": text},
    "proxy": {"listen": text, "allowed_sources": texts, "allowed_targets": texts},
    "baseline": {"passed": count, "failed": count, "waived": count, "not_applicable": count, "changed": count},
    "release": {
        "application": text,
        "release": text,
        "version": text,
        "previous": text,
        "healthy": flag,
        "rolled_back": flag,
    },
    "proof": {
        "what": text,
        "source": text,
        "target": text,
        "expected": text,
        "actual": text,
        "enforced_by": text,
        "enforced_at": text,
        "evidence": text,
        "ok": flag,
    },
    # What nobody could try from here: it neither holds nor fails.
    "unproven": {
        "what": text,
        "source": text,
        "target": text,
        "expected": text,
        "enforced_by": text,
        "enforced_at": text,
        "evidence": text,
    },
}
IDENTITY: dict[str, tuple[str, ...]] = {
    "restriction": ("enforced_by",),
    "tunnel": ("name",),
    "tunnel_key": ("name",),
    "proxy": ("listen",),
    "release": ("application",),
    "proof": ("what", "source", "target", "expected"),
    "unproven": ("what", "source", "target", "expected"),
}


def clean(value: Any, host: str, stage: str) -> Record | None:
    """The record in `value`, reduced to what its kind may hold; None when it is of no known kind."""
    if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str) or value["kind"] not in KINDS:
        return None
    kind = "".join(value["kind"])
    subject = text(value.get("subject")) or host
    values = _kept(value, KINDS[kind])
    if kind == "proof" and "ok" not in values:
        values["ok"] = "expected" in values and values.get("expected") == values.get("actual")
    return Record(kind=kind, subject=subject, stage=stage, values=values)


def found_in(result: Mapping[str, Any]) -> Iterator[Any]:
    """Everything offered as a record by one task result and by the items of its loop."""
    if is_hidden(result):
        return
    facts = result.get("ansible_facts")
    named = facts.items() if isinstance(facts, Mapping) else ()
    # A role's facts bear its name in front, such as ipsec_service_store_report.
    offers = [result.get("report"), *(value for name, value in named if str(name).endswith(FACT))]
    for offered in offers:
        if isinstance(offered, Mapping):
            yield offered
        elif isinstance(offered, (list, tuple)):
            yield from offered[:MAX_ITEMS]
    items = result.get("results")
    for item in items if isinstance(items, (list, tuple)) else ():
        if isinstance(item, Mapping):
            yield from found_in(item)


def is_hidden(result: Mapping[str, Any]) -> bool:
    """True for what `no_log` covers: such a result is not looked at, whatever is left in it."""
    return "censored" in result or bool(result.get("_ansible_no_log"))
