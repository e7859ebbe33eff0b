# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options by which a credential is judged at its registration: what it is for, and what it may do."""

from __future__ import annotations

from ..model.permission import CAPABILITIES
from .spec import Spec

JUDGED_CREDENTIAL = Spec(
    {
        "purpose": {"type": "str", "choices": ["account", "rotator"], "default": "account"},
        "permissions": {"type": "str", "choices": ["ignore", "report", "require"], "default": "ignore"},
        "needs": {"type": "list", "elements": "str", "choices": list(CAPABILITIES)},
    },
    required_if=(("permissions", "report", ("needs",)), ("permissions", "require", ("needs",))),
)
