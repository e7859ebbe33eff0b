# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of systemd.journal that ansible-core calls; entries go to the file that HOST_JOURNAL_FILE names."""

from __future__ import annotations

import json
import os
from typing import Any


def send(**fields: Any) -> None:
    """Write down one entry."""
    with open(os.environ["HOST_JOURNAL_FILE"], "a", encoding="utf-8") as file:
        file.write(json.dumps(fields, default=str) + "\n")


def sendv(*fields: str) -> None:
    """Write down one entry; ansible-core looks whether this is there."""
    send(**dict(field.split("=", 1) for field in fields))
