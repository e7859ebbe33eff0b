# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a credential is for, which decides by what call it proves itself.

It is recorded in the credential's meta: a rotation or revocation of a rotator probes it as its registration did. An
application of Azure that manages others' keys sees no subscription, so the ordinary probe would refuse it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..model.credential import Credential
from .base import Identity, Provider, Session

META = "purpose"
ROTATOR = "rotator"


def recorded(credential: Credential, purpose: str, stored: Credential | None, *, fresh: bool) -> Credential:
    """Return the credential with its purpose in the meta, nothing for one of an account.

    Where no secret was given (``fresh`` is false) the recorded purpose stays: who only asks whether a stored key still
    works need not know what it is for.
    """
    known = str(stored.meta.get(META) or "") if stored and not fresh else ""
    meta: Mapping[str, Any] = {name: value for name, value in credential.meta.items() if name != META}
    return replace(credential, meta={**meta, META: ROTATOR} if ROTATOR in (known, purpose) else meta)


def probe(known: Provider, session: Session, credential: Credential) -> Identity:
    """Make the call that proves what a credential is for; ``session`` is its own."""
    return session.probe(known.rotator_probe if credential.meta.get(META) == ROTATOR else "")
