# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a secret has to be like: a policy is a value, and checking a secret against it returns the broken rules."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .invalid import InvalidValue
from .secret_history import History
from .secret_words import char_bits, classes, fold, guess

LETTERS_DIGITS = string.ascii_letters + string.digits
PRINTABLE = LETTERS_DIGITS + string.punctuation
#: A name that is shorter turns up in random secrets by chance.
LEAST_NAME_CHARS = 5
OPTION = "secret_policy"
_NUMBERS = ("min_length", "max_length", "min_classes", "min_bits", "reuse")


@dataclass(frozen=True)
class Alphabet:
    """The characters that a provider takes, those that it refuses at the start, and both in words."""

    chars: str = PRINTABLE
    not_first: str = ""
    says: str = "printable ASCII without blanks"

    def refuses(self, secret: str) -> bool:
        """Return whether a secret has a character that is not taken."""
        return any(char not in self.chars for char in secret) or secret[:1] in tuple(self.not_first)

    def both(self, other: Alphabet) -> Alphabet:
        """Return what both take."""
        chars = "".join(char for char in self.chars if char in other.chars)
        says = self.says if self.says == other.says else f"{self.says}; {other.says}"
        return Alphabet(chars, self.not_first + other.not_first, says)


@dataclass(frozen=True)
class Policy:
    """The rules for one kind of secret. Lengths are in characters, ``min_bits`` is a cautious estimate of entropy.

    ``words`` are refused wherever they stand, ``dictionary`` words only count for little, as the built-in list does.
    ``reuse`` is how many earlier secrets are remembered and refused.
    """

    min_length: int = 20
    max_length: int = 255
    min_classes: int = 2
    min_bits: int = 96
    alphabet: Alphabet = field(default_factory=Alphabet)
    words: tuple[str, ...] = ()
    dictionary: tuple[str, ...] = ()
    reuse: int = 8


@dataclass(frozen=True)
class Broken:
    """A rule that a secret breaks, the option that sets it, what is wrong and how to mend it; never the secret."""

    rule: str
    option: str
    says: str


def parse(base: Policy, option: Mapping[str, Any] | None, dictionary: Iterable[str] = ()) -> Policy:
    """Return a kind's policy with the operator's own numbers; raises InvalidValue."""
    given = {name: value for name, value in (option or {}).items() if value is not None}
    numbers = {name: int(given.get(name, getattr(base, name))) for name in _NUMBERS}
    for name, number in numbers.items():
        if number < 0:
            raise InvalidValue(f"{OPTION}.{name}", number, "is negative; 0 turns the rule off")
    policy = Policy(
        numbers["min_length"],
        numbers["max_length"],
        numbers["min_classes"],
        numbers["min_bits"],
        base.alphabet,
        reuse=numbers["reuse"],
    )
    if policy.min_length > policy.max_length:
        mend = f"is more than max_length, {policy.max_length}; no secret can be both"
        raise InvalidValue(f"{OPTION}.min_length", policy.min_length, mend)
    if policy.min_classes > 4:
        raise InvalidValue(f"{OPTION}.min_classes", policy.min_classes, "is more than the 4 kinds of characters")
    short = [word for word in given.get("forbidden_words") or () if len(word) < 3]
    if short:
        raise InvalidValue(f"{OPTION}.forbidden_words", short[0], "is too short; give words of 3 characters or more")
    if given.get("alphabet") == "any":
        policy = replace(policy, alphabet=Alphabet())
    return replace(policy, words=tuple(given.get("forbidden_words") or ()), dictionary=tuple(dictionary))


def broken_rules(policy: Policy, secret: str, names: Iterable[str] = ()) -> tuple[Broken, ...]:
    """Return every rule that a secret breaks. ``names`` are those of the account and the customer."""
    found = [*_of_shape(policy, secret), *_of_words(policy, secret, names)]
    estimate = guess(secret, (*policy.dictionary, *policy.words, *name_words(names)))
    if estimate.bits < policy.min_bits:
        found.append(_too_easy(policy, secret, estimate.bits, estimate.kinds))
    return tuple(found)


def reused(policy: Policy, secret: str, history: History) -> tuple[Broken, ...]:
    """Return the rule that a secret breaks which was in the record before."""
    if policy.reuse <= 0 or not history.knows(secret):
        return ()
    return (_broken("reuse", "reuse", "was in use here before and has been replaced; have a new one made"),)


def _of_shape(policy: Policy, secret: str) -> list[Broken]:
    found = []
    length, kinds = len(secret), classes(secret)
    if length < policy.min_length:
        says = f"has {length} characters, at least {policy.min_length} are wanted; it is too short, or was cut off"
        found.append(_broken("min_length", "min_length", says))
    if length > policy.max_length:
        says = f"has {length} characters, at most {policy.max_length} are taken; have a shorter one made"
        found.append(_broken("max_length", "max_length", says))
    if kinds < policy.min_classes:
        says = (
            f"has {kinds} of small letters, capitals, digits and signs, at least {policy.min_classes} of these are "
            "wanted; have one made at random"
        )
        found.append(_broken("classes", "min_classes", says))
    if policy.alphabet.refuses(secret):
        says = f"has a character that is not taken; taken are: {policy.alphabet.says}"
        found.append(_broken("alphabet", "alphabet", says))
    return found


def _of_words(policy: Policy, secret: str, names: Iterable[str]) -> list[Broken]:
    found, folded = [], fold(secret)
    if any(fold(word) in folded for word in policy.words):
        says = "has a word that is not allowed, also when written with other cases, digits or signs"
        found.append(_broken("forbidden_words", "forbidden_words", f"{says}; have one made at random"))
    if any(len(word) >= LEAST_NAME_CHARS and fold(word) in folded for word in name_words(names)):
        says = "has the name of the account, its owner or its user in it; have one made at random"
        found.append(Broken("names", OPTION, says))
    return found


def _too_easy(policy: Policy, secret: str, bits: float, kinds: frozenset[str]) -> Broken:
    """Return the rule with the reason: words or patterns where the length alone would do, else too few characters."""
    has = f"is worth about {int(bits)} bits, at least {policy.min_bits} are wanted"
    if len(secret) * char_bits(secret) < policy.min_bits or not kinds:
        return _broken("min_bits", "min_bits", f"{has}; have a longer one made at random")
    why = "common words" if "word" in kinds else "repeats, sequences or keyboard walks"
    rule = "dictionary" if "word" in kinds else "pattern"
    return _broken(rule, "min_bits", f"{has}: it is made of {why}; have one made at random")


def name_words(names: Iterable[str]) -> tuple[str, ...]:
    """Return names, and the words that they are made of."""
    words: list[str] = []
    for name in names:
        parts = [part for part in re.split(r"[^A-Za-z0-9]+", name) if part]
        words += [*parts, "".join(parts)]
    return tuple(dict.fromkeys(word for word in words if len(word) >= 4))


def _broken(rule: str, option: str, says: str) -> Broken:
    return Broken(rule, f"{OPTION}.{option}", says)


def draw(policy: Policy, length: int, choose: Callable[[Sequence[str]], str]) -> str:
    """Return a candidate of letters and digits; ``choose`` is a cryptographic choice (``secrets.choice``)."""
    chars = "".join(char for char in LETTERS_DIGITS if char in policy.alphabet.chars)
    first = "".join(char for char in chars if char not in policy.alphabet.not_first)
    return choose(first) + "".join(choose(chars) for _unused in range(length - 1))


def drawn_bits(policy: Policy, length: int) -> int:
    """Return the entropy of a drawn secret in bits, rounded down."""
    chars = [char for char in LETTERS_DIGITS if char in policy.alphabet.chars]
    first = [char for char in chars if char not in policy.alphabet.not_first]
    return int(math.log2(len(first)) + (length - 1) * math.log2(len(chars)))
