# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of a value that cannot be used; model knows no other part of the collection."""

from __future__ import annotations


class InvalidValue(ValueError):
    """Names the place (as the operator wrote it), the value, and how to mend it."""

    def __init__(self, where: str, value: object, mend: str) -> None:
        self.where = where
        self.value = value
        self.mend = mend
        super().__init__(f"{where}: {value} {mend}")
