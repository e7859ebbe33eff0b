# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import of optional libraries with one clear error: only the SDK of the cloud at hand is loaded."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from .errors import MissingDependency


def load(module: str, library: str, why: str) -> Any:
    """Import ``module`` (dotted) which the PyPI project ``library`` provides.

    Raises MissingDependency that names the library, the reason and the interpreter to install it for.
    A missing import *inside* an installed library is reported under that library's own name.
    """
    try:
        return importlib.import_module(module)
    except ImportError as exc:
        missing = getattr(exc, "name", None) or ""
        top = missing.partition(".")[0]
        inner = top and top != module.partition(".")[0]
        raise MissingDependency(top if inner else library, why, sys.executable) from exc
