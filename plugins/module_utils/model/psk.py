# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pre-shared keys: an alphabet that every provider takes, and keys long enough that guessing is out of the question."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .invalid import InvalidValue

#: Letters and digits alone: AWS takes these, ``.`` and ``_``, others refuse ``+``, ``/`` or quotes.
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#: AWS takes 8 to 64 characters and no 0 at the start (AWS Site-to-Site VPN User Guide, tunnel options).
LEAST_CHARS, MOST_CHARS = 32, 64


def check_length(where: str, length: int) -> int:
    """Return the length where it is safe and every provider takes it; raises InvalidValue otherwise."""
    if not LEAST_CHARS <= length <= MOST_CHARS:
        mend = f"is not between {LEAST_CHARS} (for safety) and {MOST_CHARS} (what AWS takes)"
        raise InvalidValue(where, length, mend)
    return length


def generate(length: int, choose: Callable[[Sequence[str]], str]) -> str:
    """Return a key; ``choose`` is a cryptographic choice (``secrets.choice``). It never starts with 0."""
    return choose(ALPHABET.replace("0", "")) + "".join(choose(ALPHABET) for _unused in range(length - 1))


def strength_bits(length: int) -> int:
    """Return the entropy of a generated key in bits, rounded down."""
    return int(math.log2(len(ALPHABET) - 1) + (length - 1) * math.log2(len(ALPHABET)))
