# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would shut the door behind the connecting user."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline import (
    Control,
    Facts,
    Finding,
    Item,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.baseline_lockout import Login, lockouts

KEY = {"over_ssh": True, "has_key": True, "with_password": False, "sudo_password": False}
PASSWORD = {**KEY, "has_key": False, "with_password": True}
SSHD = {"kind": "sshd"}
AGED = Item("alice", "99999", "/etc/shadow", 3, "last changed on day 19000")


@pytest.mark.parametrize(
    ("login", "fix", "items", "refused"),
    [
        pytest.param(Login("root", **KEY), {**SSHD, "keyword": "PermitRootLogin", "value": "no"}, (), True, id="root"),
        pytest.param(
            Login("root", **KEY),
            {**SSHD, "keyword": "PermitRootLogin", "value": "prohibit-password"},
            (),
            False,
            id="root-by-key",
        ),
        pytest.param(
            Login("root", **PASSWORD),
            {**SSHD, "keyword": "PermitRootLogin", "value": "prohibit-password"},
            (),
            True,
            id="root-by-password",
        ),
        pytest.param(
            Login("alice", **KEY), {**SSHD, "keyword": "PermitRootLogin", "value": "no"}, (), False, id="not-root"
        ),
        pytest.param(
            Login("alice", **PASSWORD),
            {**SSHD, "keyword": "PasswordAuthentication", "value": "no"},
            (),
            True,
            id="password",
        ),
        pytest.param(
            Login("alice", **{**KEY, "has_key": False}),
            {**SSHD, "keyword": "PasswordAuthentication", "value": "no"},
            (),
            True,
            id="no-key-on-the-host",
        ),
        pytest.param(
            Login("alice", **{**PASSWORD, "over_ssh": False}),
            {**SSHD, "keyword": "PasswordAuthentication", "value": "no"},
            (),
            False,
            id="not-over-ssh",
        ),
        pytest.param(
            Login("alice", **KEY), {**SSHD, "keyword": "PubkeyAuthentication", "value": "no"}, (), True, id="keys-off"
        ),
        pytest.param(
            Login("alice", **KEY), {**SSHD, "keyword": "AllowUsers", "value": "bob"}, (), True, id="allow-users"
        ),
        pytest.param(
            Login("alice", **KEY, groups=("adm",)),
            {**SSHD, "keyword": "AllowGroups", "value": "adm"},
            (),
            False,
            id="allowed-group",
        ),
        pytest.param(
            Login("alice", **KEY), {**SSHD, "keyword": "AllowGroups", "value": "adm"}, (), True, id="other-group"
        ),
        pytest.param(Login("alice", **KEY), {**SSHD, "keyword": "DenyUsers", "value": "alice"}, (), True, id="denied"),
        pytest.param(Login("alice", **KEY), {"kind": "account", "shell": "/bin/false"}, (AGED,), True, id="shell"),
        pytest.param(Login("bob", **KEY), {"kind": "account", "shell": "/bin/false"}, (AGED,), False, id="other-shell"),
        pytest.param(Login("alice", **PASSWORD), {"kind": "account", "lock": True}, (AGED,), True, id="locked"),
        pytest.param(Login("alice", **KEY), {"kind": "account", "lock": True}, (AGED,), False, id="locked-but-key"),
        pytest.param(Login("alice", **KEY), {"kind": "account", "max_days": 365}, (AGED,), True, id="expired-at-once"),
        pytest.param(Login("alice", **KEY), {"kind": "account", "max_days": 2000}, (AGED,), False, id="expires-later"),
        pytest.param(Login("alice", **KEY), {"kind": "sudo", "setting": "authenticate"}, (), True, id="sudo-password"),
        pytest.param(
            Login("root", **KEY), {"kind": "sudo", "setting": "authenticate"}, (), False, id="root-needs-no-sudo"
        ),
        pytest.param(Login("alice", **KEY), {"kind": "sudo", "setting": "use_pty"}, (), False, id="harmless"),
    ],
)
def test_lockout(login: Login, fix: dict[str, Any], items: tuple[Item, ...], refused: bool) -> None:
    one = Control("own", "own", "low", {}, {}, {}, fix, False)
    failing = Finding("own", "own", "low", "fail", "", "", (), items)
    found = lockouts(Facts("debian", "12", False, 20000), [failing], [one], login)
    assert bool(found) is refused
    assert all(one.why and one.mend for one in found)


def test_a_control_that_passes_locks_nobody_out() -> None:
    one = Control("own", "own", "low", {}, {}, {}, {**SSHD, "keyword": "PermitRootLogin", "value": "no"}, False)
    passing = Finding("own", "own", "low", "pass", "", "")
    assert not lockouts(Facts("debian", "12", False, 20000), [passing], [one], Login("root", **KEY))
