# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of other collections that keep the same rules, run in this process as ours are.

They come with the package ``ansible``, which the development environment has; where one or its library is missing, its
tests are skipped. Left out is azure.azcollection: importing it takes azure-cli-core and some fifty SDKs, and its
requirements pin azure-core and azure-mgmt-network to versions other than those that this collection is tested with.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from .accounts import aws
from .accounts.base import CloudAccount

Json = dict[str, Any]
GET_IT = "install the package ansible, or the collection with ansible-galaxy collection install"


@dataclass(frozen=True, order=True)
class Rule:
    """One network open on one TCP port; ``said`` is the rule's description at the provider."""

    cidr: str
    port: int
    said: str = ""


@dataclass(frozen=True)
class Peer:
    """``tasks(account, rules, gone)`` are the arguments of its tasks that open rules and shut those that are gone.

    ``says``: a description that is not the rule's own counts as a difference to it.
    """

    module: str
    tasks: Callable[[CloudAccount, Sequence[Rule], Sequence[Rule]], list[Json]]
    says: bool = False

    def run(self, account: CloudAccount, rules: Iterable[Rule], gone: Iterable[Rule] = ()) -> Json:
        """Run its tasks up to the first that fails; ``changed`` is that of all of them, ``msg`` the failure's."""
        result: Json = {"changed": False}
        for arguments in self.tasks(account, sorted(rules), sorted(gone)):
            one = _run(self.module, arguments)
            result["changed"] = result["changed"] or bool(one.get("changed"))
            if one.get("failed"):
                return {**result, "failed": True, "msg": one["msg"]}
        return result

    def needed(self) -> None:
        """Skip the test where the module is not installed."""
        namespace, collection, name = self.module.split(".")
        try:
            found = importlib.util.find_spec(f"ansible_collections.{namespace}.{collection}.plugins.modules.{name}")
        except ModuleNotFoundError:
            found = None
        if found is None:
            pytest.skip(f"{self.module} is not installed; {GET_IT} {namespace}.{collection}")


def _run(module: str, arguments: Mapping[str, Any]) -> Json:
    namespace, collection, name = module.split(".")
    found = importlib.import_module(f"ansible_collections.{namespace}.{collection}.plugins.modules.{name}")
    out = io.StringIO()
    with patch_module_args(dict(arguments)), contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found.main()
        except SystemExit:
            pass
        except Exception as exc:
            # Ansible shows the traceback, and a result without a word of what was changed.
            return {"failed": True, "changed": False, "msg": f"{type(exc).__name__}: {exc}"}
    result: Json = json.loads(out.getvalue().strip().splitlines()[-1])
    return result


def _aws(account: CloudAccount, rules: Sequence[Rule], _gone: Sequence[Rule]) -> list[Json]:
    """One task with all rules; it purges what is not among them, whoever made it."""
    ec2 = aws.client(account.server.url, account.server.ca_file)
    wanted = [{"Name": "group-name", "Values": [account.scopes[0]["name"]]}]
    (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    rows = [
        {
            "proto": "tcp",
            "from_port": rule.port,
            "to_port": rule.port,
            "cidr_ip": [rule.cidr],
            **({"rule_desc": rule.said} if rule.said else {}),
        }
        for rule in rules
    ]
    return [
        {
            "access_key": account.secret["access_key_id"],
            "secret_key": account.secret["secret_access_key"],
            "endpoint_url": account.options["endpoints"]["ec2"],
            "region": account.options["region"],
            "aws_ca_bundle": account.options["ca_file"],
            "name": group["GroupName"],
            "description": group["Description"],
            "vpc_id": group["VpcId"],
            "rules": rows,
            "purge_rules_egress": False,
        }
    ]


def _cloudstack(account: CloudAccount, rules: Sequence[Rule], gone: Sequence[Rule]) -> list[Json]:
    """One task for each rule; it purges nothing, so that what is to go is named."""
    return [
        {
            "api_url": account.options["endpoints"]["api"],
            "api_key": account.secret["api_key"],
            "api_secret": account.secret["secret_key"],
            "api_verify_ssl_cert": account.options["ca_file"],
            "security_group": account.scopes[0]["name"],
            "protocol": "tcp",
            "cidr": rule.cidr,
            "start_port": rule.port,
            "end_port": rule.port,
            "state": state,
        }
        for state, some in (("present", rules), ("absent", gone))
        for rule in some
    ]


def _openstack(account: CloudAccount, rules: Sequence[Rule], _gone: Sequence[Rule]) -> list[Json]:
    """One task with all rules, Neutron's default ones for egress among them, which it would remove otherwise."""
    egress = [{"direction": "egress", "ether_type": family} for family in ("IPv4", "IPv6")]
    ingress = [
        {
            "protocol": "tcp",
            "port_range_min": rule.port,
            "port_range_max": rule.port,
            "remote_ip_prefix": rule.cidr,
            **({"description": rule.said} if rule.said else {}),
        }
        for rule in rules
    ]
    # It asks for more than our application credential's access rules allow, such as a group by its id.
    user = {**account.rotator, "project_domain_name": account.rotator["user_domain_name"]}
    cloud = {
        "auth_type": "password",
        "auth": {"auth_url": account.options["endpoints"]["identity"], **user},
        "region_name": account.options["region"],
        "cacert": account.options["ca_file"],
        "network_endpoint_override": account.options["endpoints"]["network"],
    }
    return [{"cloud": cloud, "name": account.scopes[0]["name"], "security_group_rules": [*ingress, *egress]}]


PEERS = {
    "aws": Peer("amazon.aws.ec2_security_group", _aws, says=True),
    "cloudstack": Peer("ngine_io.cloudstack.security_group_rule", _cloudstack),
    "openstack": Peer("openstack.cloud.security_group", _openstack),
}
