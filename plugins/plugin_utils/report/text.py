# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary on the terminal: tables and what went wrong, in plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import view
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import Report
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.records import Record

GAP = "  "
NARROWEST = 6
NOTHING = "-"


def render(report: Report, width: int = 120) -> str:
    """The whole summary, without colours, lines of at most `width` columns where the content allows it."""
    parts = ["\n".join(textwrap.wrap(_title(report), width)), *_failures(report, width), *_broken_proofs(report, width)]
    parts += _section(_drift(report), width)
    parts += _section(_accounts(report), width)
    parts += _section(_hosts(report), width)
    parts += _unproven(report, width)
    if report.stages:
        stages = ", ".join(f"{stage.name} {view.duration(stage.seconds)}" for stage in report.stages)
        parts.append("\n".join(textwrap.wrap("Stages: " + stages, width, subsequent_indent="        ")))
    return "\n\n".join(parts)


def _title(report: Report) -> str:
    proofs = report.of_kind("proof")
    held = sum(bool(proof.values.get("ok")) for proof in proofs)
    words = [
        f"{report.title}: {view.headline(report).upper()}",
        view.counted(len(report.accounts), "account"),
        view.counted(len(view.hosts(report)), "host"),
    ]
    if proofs:
        words.append(f"{held} of {len(proofs)} proofs hold")
    words += [
        f"{view.counted(report.changed, 'change')} {'predicted' if report.check_mode else 'made'}",
        view.duration(report.seconds),
    ]
    return " | ".join(words)


def _failures(report: Report, width: int) -> list[str]:
    lines = []
    for failure in report.failures:
        lines += textwrap.wrap(
            f"FAILED {failure.host}, {failure.stage}, {failure.task}: {failure.message}",
            width,
            subsequent_indent="       ",
        )
    return ["\n".join(lines)] if lines else []


def _broken_proofs(report: Report, width: int) -> list[str]:
    lines = []
    for proof in report.of_kind("proof"):
        if not proof.values.get("ok"):
            lines += textwrap.wrap(f"NOT PROVEN {proof_text(proof)}", width, subsequent_indent="       ")
    return ["\n".join(lines)] if lines else []


def _unproven(report: Report, width: int) -> list[str]:
    """What could not be tried, each once: from where it was not tried makes no difference."""
    told = {
        f"{item.account.name}: {record.values.get('target', '?')}, {record.values.get('evidence', 'not proven')}"
        for item in view.accounts(report)
        for record in item.unproven
    }
    lines = [line for words in sorted(told) for line in textwrap.wrap(words, width, subsequent_indent="       ")]
    return ["\n".join(lines)] if lines else []


def proof_text(proof: Record) -> str:
    values = proof.values
    return (
        f"{proof.subject}: {values.get('what', 'proof')}, {values.get('source', '?')} to "
        f"{values.get('target', '?')}: expected {values.get('expected', '?')}, "
        f"was {values.get('actual', '?')}. {values.get('evidence', '')}"
    ).rstrip()


def _drift(report: Report) -> list[Sequence[str]]:
    rows = view.drift(report)
    return [("Drift of account", "Scope", "Entry", "State"), *rows] if rows else []


def _accounts(report: Report) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for item in view.accounts(report):
        proofs = f"{item.held}/{len(item.proofs)}" if item.proofs else NOTHING
        rows.append(
            (
                item.account.name,
                item.account.provider,
                ", ".join(item.account.methods),
                ", ".join(item.reached_from),
                ", ".join(item.refused_from),
                "" if item.entries is None else str(item.entries),
                item.tunnel_state,
                proofs,
                f"{item.run.seconds:.1f}",
            )
        )
    head = (
        "Account",
        "Provider",
        "Methods",
        "Reachable from",
        "Refused from",
        "Entries",
        "Tunnel",
        "Proofs",
        "Seconds",
    )
    return [head, *rows] if rows else []


def _hosts(report: Report) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for item in view.hosts(report):
        release = ", ".join(view.release_text(release) for release in item.releases)
        state = "failed" if item.run.failed or item.run.unreachable else str(item.run.changed)
        rows.append((item.run.name, item.controls, release, state, f"{item.run.seconds:.1f}"))
    return [("Host", "Controls", "Release", "Changed", "Seconds"), *rows] if rows else []


def _section(rows: list[Sequence[str]], width: int) -> list[str]:
    return [table(rows, width)] if rows else []


def table(rows: Sequence[Sequence[str]], width: int) -> str:
    """Rows in aligned columns; the first row is the heading. Long cells wrap, the widest column gives way first."""
    cells = [[cell or NOTHING for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    while sum(widths) + len(GAP) * (len(widths) - 1) > width and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    lines = [line for row in cells for line in _lines(row, widths)]
    heading = len(_lines(cells[0], widths))
    lines.insert(heading, GAP.join("-" * size for size in widths))
    return "\n".join(lines)


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [textwrap.wrap(cell, size) for cell, size in zip(row, widths, strict=False)]
    height = max(len(cell) for cell in wrapped)
    padded = [cell + [""] * (height - len(cell)) for cell in wrapped]
    return [
        GAP.join(cell[line].ljust(size) for cell, size in zip(padded, widths, strict=False)).rstrip()
        for line in range(height)
    ]
