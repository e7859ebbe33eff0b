# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of a register file."""

from __future__ import annotations


class RegisterError(Exception):
    """Says in which file, on which line, what is wrong and how to mend it."""

    def __init__(self, path: str, line: int | None, text: str) -> None:
        self.path = path
        self.line = line
        super().__init__(f"{path}:{line}: {text}" if line else f"{path}: {text}")
