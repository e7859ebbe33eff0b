# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pre-shared keys: long enough that guessing is out of the question, of characters that their providers take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

from .invalid import InvalidValue
from .secret_policy import LETTERS_DIGITS, PRINTABLE, Alphabet, Policy, broken_rules


def _without(chars: str, says: str) -> Alphabet:
    return Alphabet("".join(char for char in PRINTABLE if char not in chars), "", says)


_BASE = Policy(min_length=32, max_length=64, min_bits=128)
#: What each provider takes as a pre-shared key, and what its documents call it.
PROVIDERS: Mapping[str, Policy] = {
    # EC2 API Reference, ModifyVpnTunnelOptionsSpecification, PreSharedKey: 8 to 64 characters.
    "aws": replace(_BASE, alphabet=Alphabet(LETTERS_DIGITS + "._", "0", "letters, digits, . _ and no 0 at the start")),
    # Microsoft Learn, VPN Gateway FAQ: printable ASCII except space, hyphen and tilde, at most 128 characters.
    "azure": replace(_BASE, max_length=128, alphabet=_without("-~", "printable ASCII without blank, - and ~")),
    # Networking API, ipsec-site-connections: a string; the column holds 255, ipsec.secrets puts it into quotes.
    "openstack": replace(_BASE, max_length=255, alphabet=_without("\"'\\", "printable ASCII without quotes and \\")),
    # CloudStack API, createVpnCustomerGateway: no line ends and no double quotes.
    "cloudstack": replace(_BASE, max_length=255, alphabet=_without('"', "printable ASCII without double quotes")),
    "bt_cloud": replace(_BASE, max_length=255, alphabet=_without('"', "printable ASCII without double quotes")),
}


def policy(providers: Sequence[str] = ()) -> Policy:
    """Return the policy of a pre-shared key that all these providers take; without any, every provider."""
    kinds = [PROVIDERS[name] for name in providers or PROVIDERS]
    return replace(
        _BASE,
        max_length=min(kind.max_length for kind in kinds),
        alphabet=reduce(Alphabet.both, dict.fromkeys(kind.alphabet for kind in kinds)),
    )


def is_strong(key: str) -> bool:
    """Return whether a key cannot be guessed, whoever made it: it breaks no rule that holds for every provider."""
    return not broken_rules(replace(_BASE, max_length=255), key)


def check_length(where: str, length: int, wanted: Policy) -> int:
    """Return the length of a new key where it is safe and its providers take it; raises InvalidValue otherwise."""
    least, most = wanted.min_length, wanted.max_length
    if not least <= length <= most:
        mend = f"is not between {least} (for safety) and {most} (what the providers take)"
        raise InvalidValue(where, length, mend)
    return length
