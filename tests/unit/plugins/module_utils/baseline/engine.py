# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine on a tree, without a module around it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ansible_collections.strategic.service_store.plugins.module_utils.baseline.apply import apply
from ansible_collections.strategic.service_store.plugins.module_utils.baseline.observe import observe
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline import Control, Finding, audit
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_fix import FIXERS
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_plan import (
    Repairs,
    Workspace,
    plan,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change
from tests.support.baseline_root import host


class Engine:
    def __init__(self, root: Path, controls: list[Control]) -> None:
        self.root = root
        self.controls = controls

    def audit(self) -> dict[str, Finding]:
        facts = observe(host(self.root), self.controls)
        return {finding.id: finding for finding in audit(facts, self.controls)}

    def failing(self) -> set[str]:
        return {name for name, finding in self.audit().items() if finding.status in ("fail", "error")}

    def plan(self, *, packages: bool = False, disruptive: bool = True) -> Repairs:
        seen = host(self.root)
        findings = audit(observe(seen, self.controls), self.controls)
        work = Workspace(seen, seen.names)
        return plan(findings, self.controls, work, FIXERS, packages=packages, disruptive=disruptive)

    def repair(self, *, packages: bool = False, disruptive: bool = True) -> list[Change]:
        done: list[Change] = []
        repairs = self.plan(packages=packages, disruptive=disruptive)
        apply(host(self.root), repairs, {}, done.append)
        return done


def tree_hash(root: Path) -> str:
    """Names, kinds, modes, owners and bytes of everything below a folder."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        seen = path.lstat()
        content = path.read_bytes() if path.is_file() else os.readlink(path).encode() if path.is_symlink() else b""
        digest.update(f"{path} {seen.st_mode:o} {seen.st_uid} {seen.st_gid} {len(content)}\n".encode() + content)
    return digest.hexdigest()
