# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revocations for tests: in this process with a hook at every point, or in a child that is killed at a named one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.provider.revocation import Revocation, nowhere

from .rotation import Outcome, Surroundings, driven, killed


def revoke(params: Mapping[str, Any], *, at: Callable[[str], None] = nowhere) -> Outcome:
    """Run one revocation as the module does, with a hook at every point."""
    return driven(Revocation, Surroundings(params), at)


def killed_at(params: Mapping[str, Any], point: str) -> bool:
    """Run a revocation in a child that is killed at ``point``; return whether it came that far."""
    return killed(lambda at: revoke(params, at=at), point)
