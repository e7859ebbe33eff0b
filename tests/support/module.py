# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of the collection in this process, from its arguments to its JSON, as Ansible would."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Mapping
from typing import Any
from unittest import mock

from ansible.module_utils import _internal
from ansible.module_utils.testing import patch_module_args


class ModuleFailed(AssertionError):
    """The module failed; ``result`` is its JSON."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result.get("msg"))
        self.result = result


def run_module(name: str, arguments: Mapping[str, Any], *, check: bool = False, diff: bool = False) -> dict[str, Any]:
    """Return the module's result; raises ModuleFailed where it fails.

    The result is parsed from what the module printed, so that what AnsibleModule hides is hidden here too.
    """
    module = importlib.import_module(f"ansible_collections.strategic.service_store.plugins.modules.{name}")
    given = {**arguments, "_ansible_check_mode": check, "_ansible_diff": diff}
    out = io.StringIO()
    # A module's own process knows no controller; this one may have imported one for another test.
    as_module = mock.patch.object(_internal, "is_controller", False)
    with as_module, patch_module_args(given), contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        module.main()
    result: dict[str, Any] = json.loads(out.getvalue().strip().splitlines()[-1])
    if result.get("failed"):
        raise ModuleFailed(result)
    return result
