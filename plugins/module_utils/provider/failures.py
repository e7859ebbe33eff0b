# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told where some of many jobs at a provider failed, and what of their changes nobody can know."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.errors import ProviderError, ServiceStoreError
from ..model.plan import Change


class Unfinished(ProviderError):
    """Not all was applied; ``result`` has the changes of which nobody can say whether they were made."""

    def __init__(self, first: ProviderError, unsure: Sequence[Change]) -> None:
        super().__init__(first.provider, first.doing, first.why, first.kind, first.transient, first.hint)
        self.args = first.args
        self.result = {"unsure": [change.describe() for change in unsure]}


def raise_first(failures: Sequence[BaseException], jobs: int, noun: str, unsure: Sequence[Change]) -> None:
    """Raise the first failure; one of ours first, since its text is made for the operator."""
    if not failures:
        return
    first = next((item for item in failures if isinstance(item, ServiceStoreError)), failures[0])
    if len(failures) > 1 and isinstance(first, ServiceStoreError):
        first.args = (f"{first} ({len(failures)} of {jobs} {noun} failed; this is the first.)",)
    if unsure and isinstance(first, ProviderError):
        raise Unfinished(first, unsure) from first
    raise first
