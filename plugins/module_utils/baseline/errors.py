# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error of a baseline run on a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import ServiceStoreError


class BaselineError(ServiceStoreError):
    """The host could not be repaired; `result` is what the task still has to report."""

    def __init__(self, text: str, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.result: dict[str, Any] = dict(result or {})
