# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would a repair shut the door behind the connecting user? Pure, and asked before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .baseline import FAIL, Control, Facts, Finding, Item
from .baseline_fix_accounts import SHADOW_FIELDS

_OFF = "no"
_KEY_ONLY = frozenset({"prohibit-password", "without-password"})


@dataclass(frozen=True)
class Login:
    """How Ansible came in. `with_password` and `sudo_password` say what the controller would send."""

    user: str
    over_ssh: bool
    has_key: bool
    with_password: bool
    sudo_password: bool
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lockout:
    """One control that must not be applied as it stands."""

    control: str
    why: str
    mend: str


def lockouts(
    facts: Facts, findings: Sequence[Finding], controls: Sequence[Control], login: Login
) -> tuple[Lockout, ...]:
    """Find the failing controls whose repair would keep `login` out."""
    by_id = {control.id: control for control in controls}
    failing = [finding for finding in findings if finding.status == FAIL]
    found = [_lockout(facts, by_id[finding.id], finding, login) for finding in failing]
    return tuple(lockout for lockout in found if lockout)


def _lockout(facts: Facts, control: Control, finding: Finding, login: Login) -> Lockout | None:
    kind = control.fix["kind"]
    why = ""
    if kind == "sshd" and login.over_ssh:
        why = _by_sshd(str(control.fix["keyword"]).lower(), control.fix["value"], login)
    elif kind == "account":
        why = _by_account(facts, control, finding.failing, login)
    elif kind == "sudo":
        why = _by_sudo(str(control.fix["setting"]), login)
    if not why:
        return None
    return Lockout(control.id, why, "set its value to what this connection needs, or skip the control")


def _by_sshd(keyword: str, value: object, login: Login) -> str:
    text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    by_key_only = "%s logs in with a password" % login.user
    no_key = login.with_password or not login.has_key
    if keyword == "permitrootlogin" and login.user == "root":
        if text == _OFF or text == "forced-commands-only":
            return "Ansible logs in as root"
        return by_key_only if text in _KEY_ONLY and no_key else ""
    if keyword == "passwordauthentication" and text == _OFF and no_key:
        return by_key_only
    if keyword == "pubkeyauthentication" and text == _OFF and not login.with_password:
        return "%s logs in with a key" % login.user
    if keyword == "allowusers" and login.user not in text.split():
        return "%s is not among the allowed users" % login.user
    if keyword == "allowgroups" and not set(text.split()) & set(login.groups):
        return "%s is in none of the allowed groups" % login.user
    if keyword == "denyusers" and login.user in text.split():
        return "%s is among the denied users" % login.user
    if keyword == "denygroups" and set(text.split()) & set(login.groups):
        return "%s is in a denied group" % login.user
    return ""


def _by_sudo(setting: str, login: Login) -> str:
    if setting.strip() != "authenticate" or login.user == "root" or login.sudo_password:
        return ""
    return "sudo would ask %s for a password and none is given (ansible_become_password)" % login.user


def _by_account(facts: Facts, control: Control, items: Sequence[Item], login: Login) -> str:
    own = next((item for item in items if item.subject == login.user), None)
    if own is None:
        return ""
    if "shell" in control.fix:
        return "%s would get the shell %s" % (login.user, control.fix["shell"])
    if control.fix.get("lock") and login.with_password:
        return "the password of %s would be locked" % login.user
    ageing = [name for name in SHADOW_FIELDS if name in control.fix]
    if "max_days" in ageing and _expired(facts.today, own, int(control.fix["max_days"])):
        return "the password of %s would be expired at once, and logins with a key be refused too" % login.user
    return ""


def _expired(today: int, item: Item, max_days: int) -> bool:
    """`aspect` carries the day of the last change, as the accounts reader puts it."""
    digits = "".join(c for c in item.aspect if c.isdigit())
    return bool(digits) and int(digits) + max_days < today
