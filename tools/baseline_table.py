# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the page of all controls from the shipped baselines: `python -m tools.baseline_table`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "docsite" / "rst" / "baseline_controls.rst"
HEAD = """\
..
  Copyright: (c) 2026, strategic.service_store contributors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Made by tools/baseline_table.py from baselines/; edit those.

.. _ansible_collections.strategic.service_store.docsite.baseline_controls:

Controls of the baselines
=========================

See :ref:`ansible_collections.strategic.service_store.docsite.baseline` for how to use them.
"""
_NAMES = {"cis_debian12": "CIS", "anssi_bp028": "ANSSI", "pci_dss_4": "PCI DSS", "stig": "STIG"}


def page(name: str) -> str:
    """The page of one baseline."""
    from ansible_collections.strategic.service_store.plugins.plugin_utils.baseline.load import load_baseline

    controls = load_baseline(name, []).controls
    groups = dict.fromkeys(control["id"].partition("-")[0] for control in controls)
    parts = [HEAD, f"\nBaseline ``{name}``: {len(controls)} controls.\n", *_editions(name)]
    for group in groups:
        own = [control for control in controls if control["id"].partition("-")[0] == group]
        parts += [f"\n{group}\n{'-' * len(group)}\n\n", *_controls(own), *_values(own)]
    return "".join(parts)


def _editions(name: str) -> Iterator[str]:
    text = (ROOT / "baselines" / f"{name}.yml").read_text(encoding="utf-8")
    yield "\nReferences are ids of these editions, and no claim that a host complies:\n\n"
    for key, edition in yaml.safe_load(text)["frameworks"].items():
        yield f"* {_NAMES[key]}: {edition}\n"


def _controls(controls: list[dict[str, Any]]) -> Iterator[str]:
    yield from _table("Control", "What it asks for", "Severity", "References")
    for control in controls:
        given = control["references"]
        references = "; ".join(f"{_NAMES[key]} {', '.join(ids)}" for key, ids in given.items())
        title = control["title"] + (" (disruptive)" if control.get("disruptive") else "")
        yield from _row(f"``{control['id']}``", title, control["severity"], references)


def _values(controls: list[dict[str, Any]]) -> Iterator[str]:
    rows = [item for control in controls for item in control.get("values", {}).items()]
    if rows:
        yield "\n"
        yield from _table("Value", "Default", "Meaning", "Bounds")
    for name, value in rows:
        yield from _row(f"``{name}``", _default(value), value["description"].strip(), _bounds(value))


def _default(value: dict[str, Any]) -> str:
    default = value["default"]
    return f"a list of {len(default)}" if isinstance(default, list) and len(default) > 6 else f"``{default}``"


def _bounds(value: dict[str, Any]) -> str:
    if "choices" in value:
        return ", ".join(f"``{choice}``" for choice in value["choices"])
    return ", ".join(f"{key} {value[key]}" for key in ("min", "max") if key in value)


def _table(*names: str) -> Iterator[str]:
    yield ".. list-table::\n   :header-rows: 1\n\n"
    yield from _row(*names)


def _row(*cells: str) -> Iterator[str]:
    for number, cell in enumerate(cells):
        yield f"   {'*' if number == 0 else ' '} - {cell}".rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page("debian12"), encoding="utf-8")
