# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate for secrets: refuses a weak or used one in words, makes new ones, and remembers replaced ones."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Callable

from ..model import secret_history
from ..model.secret_policy import Broken, Policy, broken_rules, draw, name_words, parse, reused
from .errors import InvalidInput

_SALT_BYTES = 16
#: The public fields that hold what people have named.
_NAMED = ("username", "user_domain_name", "project_name", "project_domain_name")
_MOST_DRAWS = 100


def policy_of(base: Policy, option: Mapping[str, Any] | None) -> Policy:
    """Return a kind's policy with the operator's numbers and words; raises InvalidInput or InvalidValue."""
    return parse(base, option, _words((option or {}).get("words_file")))


def check(where: str, secret: str, policy: Policy, names: Iterable[str] = ()) -> None:
    """Refuse a secret that breaks a rule; ``where`` is the option that it came from. Raises InvalidInput."""
    _refuse(where, broken_rules(policy, secret, names))


def check_fields(
    where: str,
    given: Mapping[str, str],
    public: Mapping[str, str],
    names: Iterable[str],
    policy: Callable[[str], Policy],
) -> None:
    """Refuse a record with a weak secret; ``policy`` tells a field's. Raises InvalidInput that names every rule."""
    named = (*names, *(public[name] for name in _NAMED if name in public))
    for field, secret in given.items():
        kept = policy(field)
        # Ids are no names, but a secret made of one is as easy to guess as one made of words.
        known = replace(kept, dictionary=(*kept.dictionary, *name_words(public.values())))
        check(f"{where}.{field}", secret, known, named)


def check_reuse(where: str, secret: str, policy: Policy, meta: Mapping[str, Any]) -> None:
    """Refuse a secret that this record had before; ``meta`` is the stored record's. Raises InvalidInput."""
    _refuse(where, reused(policy, secret, secret_history.of_meta(meta, "")))


def remember(meta: Mapping[str, Any], replaced: Iterable[str], keep: int) -> dict[str, Any]:
    """Return a record's history with the secrets that are replaced now, as the entry of the new ``meta``."""
    history = secret_history.of_meta(meta, secrets.token_hex(_SALT_BYTES))
    for secret in replaced:
        history = history.with_secret(secret, keep)
    return {secret_history.META: history.record()} if history.fingerprints else {}


def generate(policy: Policy, length: int, names: Iterable[str] = ()) -> str:
    """Return a new secret of this length that keeps every rule; raises InvalidInput where none can."""
    names = tuple(names)
    for _unused in range(_MOST_DRAWS):
        secret = draw(policy, length, secrets.choice)
        broken = broken_rules(policy, secret, names)
        if not broken:
            return secret
    rules = ", ".join(rule.rule for rule in broken)
    mend = f"lets no random secret of {length} characters pass ({rules}); raise length, or ask for less"
    raise InvalidInput("secret_policy", None, mend)


def _refuse(where: str, broken: Iterable[Broken]) -> None:
    told = [f"it {rule.says} (rule {rule.rule}, {rule.option})" for rule in broken]
    if told:
        raise InvalidInput(where, None, f"is refused: {'; '.join(told)}")


def _words(path: str | None) -> tuple[str, ...]:
    if not path:
        return ()
    path = os.path.expanduser(path)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return tuple(word for word in (line.strip() for line in file) if word)
    except OSError as exc:
        raise InvalidInput("secret_policy.words_file", path, f"cannot be read ({exc.strerror})") from exc
