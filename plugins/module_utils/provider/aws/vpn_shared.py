# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Customer gateways and a VPC's virtual private gateway: what there is one of, and several gateways may use."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.errors import ProviderError
from ...core.waiting import Wait
from ...model.plan import Change
from ..again import UNSURE
from .vpn_read import attached_to, users_of
from .vpn_work import Work

_ATTACHED = Wait(frozenset({"attached"}), every_s=5, at_most_s=600)
_DETACHED = Wait(frozenset({"detached"}), every_s=5, at_most_s=600)


class SharedParts(Work):
    """Makes and joins them, and takes them away with the last gateway that uses them."""

    def _add_customer(self, change: Change, _along: Sequence[Change]) -> None:
        # An identical request gets what is there, so that a lost answer needs no look ("CreateCustomerGateway").
        address = change.after.name
        answer = self._call(
            f"make a customer gateway for {address}",
            "create_customer_gateway",
            Type="ipsec.1",
            IpAddress=address,
            BgpAsn=65000,
            TagSpecifications=self._tags("customer-gateway"),
        )
        self._refs[change.after.key] = answer["CustomerGateway"]["CustomerGatewayId"]

    def _join(self, change: Change, _along: Sequence[Change]) -> None:
        self._mark(change.before.ref)

    def _remove_customer(self, change: Change, _along: Sequence[Change]) -> None:
        ref = change.before.ref
        if self._used_by_others(change.before, "CustomerGatewayId"):
            self._unmark(ref)
            return
        self._wait_for_deletions("CustomerGatewayId", ref)
        self._gone(f"delete the customer gateway {ref}", "delete_customer_gateway", CustomerGatewayId=ref)

    def _add_gateway(self, change: Change, _along: Sequence[Change]) -> None:
        doing = f"make a VPN gateway for {change.after.name}"
        try:
            answer = self._session.call_once(
                doing,
                "ec2",
                "create_vpn_gateway",
                Type="ipsec.1",
                TagSpecifications=self._tags("vpn-gateway"),
            )
            ref = str(answer["VpnGateway"]["VpnGatewayId"])
        except ProviderError as exc:
            made = self._left_behind() if exc.kind in UNSURE else ""
            if not made:
                raise
            ref = made
        self._refs[change.after.key] = ref
        self._attach(ref)

    def _left_behind(self) -> str:
        """Return the gateway that a call has made whose answer was lost, "" where there is none."""
        for item in self._call("read the VPN gateways", "describe_vpn_gateways")["VpnGateways"]:
            if self._found.name in users_of(item, self._store) and item["State"] in ("pending", "available"):
                return str(item["VpnGatewayId"])
        return ""

    def _attach_and_join(self, change: Change, _along: Sequence[Change]) -> None:
        if not change.before.own:
            self._mark(change.before.ref)
        if "attached to" in change.before.differing(change.after):
            self._attach(change.before.ref)

    def _attach(self, ref: str) -> None:
        doing = f"attach {ref} to {self._found.home}"
        try:
            self._call(doing, "attach_vpn_gateway", VpnGatewayId=ref, VpcId=self._found.home)
        except ProviderError as exc:
            # A call whose answer was lost has attached it, and the next is refused.
            if not exc.retried or self._attachment(ref) not in ("attaching", "attached"):
                raise
        self._waited(_ATTACHED).poll("aws", doing, lambda: self._attachment(ref), lambda state: state)

    def _attachment(self, ref: str) -> str:
        answer = self._call(f"read {ref}", "describe_vpn_gateways", VpnGatewayIds=[ref])
        found = [item for one in answer["VpnGateways"] for item in one.get("VpcAttachments") or ()]
        states = [str(item["State"]) for item in found if item["VpcId"] == self._found.home]
        return states[0] if states else "detached"

    def _remove_gateway(self, change: Change, _along: Sequence[Change]) -> None:
        ref = change.before.ref
        if self._used_by_others(change.before, "VpnGatewayId"):
            self._unmark(ref)
            return
        self._wait_for_deletions("VpnGatewayId", ref)
        item = next(one for one in self._found.gateways if one["VpnGatewayId"] == ref)
        if attached_to(item):
            doing = f"detach {ref} from {self._found.home}"
            self._gone(doing, "detach_vpn_gateway", VpnGatewayId=ref, VpcId=self._found.home)
            self._waited(_DETACHED).poll("aws", doing, lambda: self._attachment(ref), lambda state: state)
        self._gone(f"delete the VPN gateway {ref}", "delete_vpn_gateway", VpnGatewayId=ref)
