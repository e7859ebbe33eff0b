# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hard a secret is to guess: words, repeats, sequences and keyboard walks count for little, the rest in full."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

#: What people choose, and what documents show. Kept short: an operator adds a list of their own with ``words_file``.
_COMMON = """
    password passwort passwd passphrase kennwort secret geheim welcome willkommen letmein changeme default access
    admin administrator root superuser operator service account customer guest user login master test testing demo
    example sample temp temporary private public security secure
    cloud openstack cloudstack azure amazon amazonaws google vmware cisco juniper fortinet fortigate mikrotik
    vpn tunnel ipsec preshared sharedkey strongswan gateway network server database backup
    monkey dragon football baseball basketball iloveyou sunshine princess shadow superman batman trustno michael
    jordan thomas daniel andrew jessica jennifer charlie hunter ranger buster soccer hockey killer pepper ginger
    cheese coffee computer internet samsung starwars pokemon freedom whatever liverpool arsenal chelsea mustang
    ferrari mercedes porsche flower summer winter spring autumn sommer herbst fruehling
    january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    hello world love baby angel lucky orange purple silver golden yellow black white green
    wjalrxutnfemi bpxrficyexamplekey correct horse battery staple hunter2 abc123 trustno1
"""
COMMON = tuple(_COMMON.split())
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "1234567890", "qazwsxedcrfvtgb")
_WALKS = tuple(row[::step] for row in _ROWS for step in (1, -1))
#: One letter for each group that people exchange for one another; words and secrets are folded alike.
_LEET = str.maketrans("1l!|@403$5+7289", "iiiiaaoessttzbg")
_BLOCK = re.compile(r"(.{1,24}?)\1+", re.DOTALL)
#: Letters of one case that can be spoken, such as most words: English text has some 2 bits a letter (Shannon, 1951).
_SPOKEN, _VOWELS, _SPOKEN_BITS = re.compile(r"[A-Z]?[a-z]{4,}|[A-Z]{5,}"), frozenset("aeiouyAEIOUY"), 2.5
_YEAR = re.compile(r"(?:19|20)\d\d")
_LEAST_WALK, _LEAST_WORD, _LEAST_SPOKEN = 4, 4, 5
_WORD_BITS, _YEAR_BITS, _WALK_BITS = 10.0, 7.0, 7.0
_WORD, _PATTERN = frozenset({"word"}), frozenset({"pattern"})
#: A secret is longer only by mistake; the search below is quadratic.
MOST_CHARS = 1024
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)


@dataclass(frozen=True)
class Guess:
    """The cheapest way to guess a secret: how many bits it costs, and what kinds of pieces it is made of."""

    bits: float
    kinds: frozenset[str]


@dataclass(frozen=True)
class _Piece:
    start: int
    end: int
    bits: float
    kinds: frozenset[str]


def fold(text: str) -> str:
    """Return a text in small letters, without the ways in which letters are written as digits and signs."""
    return text.lower().translate(_LEET)


def classes(secret: str) -> int:
    """Return how many kinds of characters there are: small letters, capitals, digits, everything else."""
    found = sum(any(char in chars for char in secret) for chars in _CLASSES[:3])
    return found + any(char not in string.ascii_letters + string.digits for char in secret)


def char_bits(secret: str) -> float:
    """Return what one character of this secret is worth, had it been drawn from the kinds it is made of."""
    pool = sum(len(chars) for chars in _CLASSES if any(char in chars for char in secret))
    other = any(all(char not in chars for chars in _CLASSES) for char in secret)
    return math.log2(max(pool + (100 if other else 0), 2))


def guess(secret: str, words: Iterable[str] = ()) -> Guess:
    """Return the cheapest guess of a secret (in the manner of zxcvbn, Wheeler, USENIX Security 2016)."""
    secret = secret[:MOST_CHARS]
    per_char = char_bits(secret)
    pieces: dict[int, list[_Piece]] = {}
    for piece in _pieces(secret, _folded(tuple(words)), per_char):
        pieces.setdefault(piece.end, []).append(piece)
    best = [Guess(0.0, frozenset())]
    for end in range(1, len(secret) + 1):
        before = best[end - 1]
        ways = [Guess(before.bits + per_char, before.kinds)]
        for piece in pieces.get(end, ()):
            left = best[piece.start]
            ways.append(Guess(left.bits + piece.bits, left.kinds | piece.kinds))
        best.append(min(ways, key=lambda way: way.bits))
    return best[-1]


@lru_cache(maxsize=8)
def _folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(fold(word) for word in (*COMMON, *words) if len(word) >= _LEAST_WORD)


def _pieces(secret: str, words: frozenset[str], per_char: float) -> Iterator[_Piece]:
    yield from _words(fold(secret), words)
    small = secret.lower()
    for start, end in _runs(small):
        yield _Piece(start, end, per_char + math.log2(end - start) + 1, _PATTERN)
    for start in range(len(small)):
        for end in range(start + _LEAST_WALK, min(start + 10, len(small)) + 1):
            if any(small[start:end] in walk for walk in _WALKS):
                yield _Piece(start, end, _WALK_BITS, _PATTERN)
    for found in _BLOCK.finditer(secret):
        if len(found.group()) > 2:
            once = len(found.group(1))
            inner = guess(found.group(1))
            bits = inner.bits + math.log2(len(found.group()) / once)
            yield _Piece(found.start(), found.end(), bits, _PATTERN | inner.kinds)
    for found in _SPOKEN.finditer(secret):
        length = len(found.group())
        if length >= _LEAST_SPOKEN and 0.2 <= sum(char in _VOWELS for char in found.group()) / length <= 0.7:
            yield _Piece(found.start(), found.end(), length * _SPOKEN_BITS, _WORD)
    for found in _YEAR.finditer(secret):
        yield _Piece(found.start(), found.end(), _YEAR_BITS, _PATTERN)


def _words(folded: str, words: frozenset[str]) -> Iterator[_Piece]:
    longest = max(map(len, words), default=0)
    cost = max(_WORD_BITS, math.log2(len(words) + 1) + 2)
    for start in range(len(folded)):
        for end in range(start + _LEAST_WORD, min(start + longest, len(folded)) + 1):
            if folded[start:end] in words:
                yield _Piece(start, end, cost, _WORD)


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Yield where characters follow one another, such as ``abcd`` or ``9876``, three of them at least."""
    start = 0
    for at in range(1, len(text) + 1):
        step = ord(text[at]) - ord(text[at - 1]) if at < len(text) else 0
        before = ord(text[at - 1]) - ord(text[at - 2]) if at - start >= 2 else step
        if step not in (1, -1) or step != before:
            if at - start >= 3:
                yield start, at
            start = at if step not in (1, -1) else at - 1
