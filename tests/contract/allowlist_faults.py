# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults of the allowlist matrix, each as the rule that makes a provider's calls go wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .accounts.base import CloudAccount

Rule = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """``spoil(account)`` is the rule without the calls it takes; ``lasts``: it takes all of a name from then on.

    ``calls`` are those at which it is put: every one, the writes, or those that add. ``passing``: a run gets over it.
    ``cut``: no call after the spoiled one gets through, so that nobody can read what came of it.
    """

    name: str
    spoil: Callable[[CloudAccount], Rule]
    lasts: bool = False
    calls: str = "every"
    passing: bool = False
    cut: bool = False


def _ec2(code: str) -> str:
    error = f"<Error><Code>{code}</Code><Message>refused by the test</Message></Error>"
    return f"<Response><Errors>{error}</Errors><RequestID>fault</RequestID></Response>"


def _cloudstack(code: int, text: str) -> str:
    return json.dumps({"errorresponse": {"uuidList": [], "errorcode": code, "cserrorcode": 4365, "errortext": text}})


def _arm(code: str) -> str:
    return json.dumps({"error": {"code": code, "message": "refused by the test"}})


def _neutron(name: str) -> str:
    return json.dumps({"NeutronError": {"type": name, "message": "refused by the test", "detail": ""}})


_FULL = {
    "security_group": "RulesPerSecurityGroupLimitExceeded",
    "network_acl": "NetworkAclEntryLimitExceeded",
    "prefix_list": "PrefixListMaxEntriesExceeded",
}


def _refused(account: CloudAccount) -> Rule:
    """How each provider says that a credential may not do this."""
    status, body = {
        "aws": (403, _ec2("UnauthorizedOperation")),
        "azure": (403, _arm("AuthorizationFailed")),
        "cloudstack": (531, _cloudstack(531, "The caller has no permission")),
        "openstack": (403, _neutron("PolicyNotAuthorized")),
    }[account.provider]
    return _answer(account, status, body)


def _quota(account: CloudAccount) -> Rule:
    """How each provider says that there is no room for one more."""
    status, body = {
        "aws": (400, _ec2(_FULL.get(account.scopes[0]["kind"], ""))),
        "azure": (400, _arm("MaxSecurityRulesPerNetworkSecurityGroupLimitReached")),
        "cloudstack": (535, _cloudstack(535, "Maximum number of resources of type rule has been exceeded")),
        "openstack": (409, _neutron("OverQuota")),
    }[account.provider]
    return _answer(account, status, body)


def _answer(account: CloudAccount, status: int, body: str) -> Rule:
    text = "text/xml;charset=UTF-8" if account.provider == "aws" else "application/json"
    return {"mode": "status", "status": status, "body": body, "headers": {"Content-Type": text}}


def _throttle(account: CloudAccount) -> Rule:
    return {"mode": "throttle", "shape": account.shape}


def _plain(mode: str) -> Callable[[CloudAccount], Rule]:
    return lambda account: {"mode": mode}


FAULTS = (
    Fault("throttled once", _throttle, passing=True),
    Fault("throttled for good", _throttle, lasts=True),
    Fault("5xx once", _plain("status"), passing=True),
    Fault("5xx for good", _plain("status"), lasts=True),
    Fault("reset once", _plain("reset"), passing=True),
    Fault("answer lost once", _plain("lost"), passing=True),
    Fault("answer lost for good", _plain("lost"), lasts=True),
    Fault("line cut", _plain("lost"), cut=True),
    Fault("step refused", _refused, lasts=True, calls="writes"),
    Fault("quota reached", _quota, lasts=True, calls="adds"),
)


def spoiled_calls(fault: Fault, account: CloudAccount, names: Sequence[str]) -> list[int]:
    """Return at which calls of a run (counted from 1) a fault is put.

    Logins are left out, and so are the reads before the first write, where a failure leaves all as it was.
    """
    first = next(number for number, name in enumerate(names, 1) if account.is_write(name))
    wanted: Mapping[str, Callable[[str], bool]] = {
        "every": lambda name: not account.is_login(name),
        "writes": account.is_write,
        "adds": lambda name: fnmatchcase(name, account.add_call),
    }
    return [number for number, name in enumerate(names, 1) if number >= first and wanted[fault.calls](name)]


def rules_at(fault: Fault, account: CloudAccount, names: Sequence[str], number: int) -> list[Rule]:
    """Return the rules that spoil a run's call of that number, and those that follow where the fault lasts."""
    if fault.lasts:
        like = pattern(names[number - 1])
        before = sum(fnmatchcase(name, like) for name in names[: number - 1])
        return [{**fault.spoil(account), "operation": like, "first": before + 1, "times": 0}]
    rules = [{**fault.spoil(account), "first": number}]
    return [*rules, {"mode": "reset", "first": number + 1, "times": 0}] if fault.cut else rules


def pattern(name: str) -> str:
    """Return the name of a call without the ids in it, which differ from run to run."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=$|\?)", "*", name)
