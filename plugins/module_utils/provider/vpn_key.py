# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a pre-shared key is shown that a provider tells: somebody else may have made it, and made it weak."""

from __future__ import annotations

from ..core.redact import fingerprint
from ..model import psk

#: In place of a weak key's fingerprint, by which it could be found by trying. It never is a key that is wanted.
NOT_OURS = "(not ours)"


def told_fingerprint(key: str) -> str:
    """Return the fingerprint of a key that a provider tells where it is strong, as all wanted keys are; else NOT_OURS.

    Two weak keys are shown alike, and both differ from every wanted one.
    """
    return fingerprint(key) if psk.is_strong(key) else NOT_OURS
