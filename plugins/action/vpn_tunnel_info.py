# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controller half of vpn_tunnel_info: asks the tunnel's host and the cloud, and sets both ends beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ServiceStoreError
from ansible_collections.strategic.service_store.plugins.module_utils.core.spec_vpn_tunnel import VPN_TUNNEL
from ansible_collections.strategic.service_store.plugins.module_utils.model import tunnel_pair
from ansible_collections.strategic.service_store.plugins.module_utils.model.tunnel_probe import (
    Attempt,
    Counted,
    table_of,
    why_silent,
)
from ansible_collections.strategic.service_store.plugins.plugin_utils.tunnel import elsewhere, options

OURS, CLOUDS = "strategic.service_store.vpn_tunnel_info", "strategic.service_store.vpn_gateway_info"
ACCOUNTS = "cloud_accounts"


class _Failed(Exception):
    """A module failed; ``result`` is what it returned."""

    def __init__(self, result: dict[str, Any], who: str) -> None:
        super().__init__(f"{who}: {result.get('msg', 'failed without a word')}")
        self.result = {key: value for key, value in result.items() if key in ("error", "exception")}


class ActionModule(ActionBase):
    """Reads both ends; where a wait ends without what is waited for, the task fails with the cause."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, self._variables)
        self._options = self._validated()
        self._place = self._tunnel_host()
        try:
            result.update(self._look())
        except _Failed as exc:
            result.update(failed=True, msg=str(exc), **exc.result)
        return {"changed": False, **result}

    def _validated(self) -> dict[str, Any]:
        known = VPN_TUNNEL.arguments()
        _result, found = self.validate_argument_spec(
            argument_spec=known["argument_spec"], required_together=known["required_together"]
        )
        try:
            options.check(found)
        except ServiceStoreError as exc:
            raise AnsibleActionFail(str(exc)) from exc
        return dict(found)

    def _tunnel_host(self) -> str:
        """Return the host of our end, empty for that of the task itself."""
        own = self._task.delegate_to or self._variables.get("inventory_hostname", "")
        for option, host in (("tunnel_host", self._options["tunnel_host"]), ("probe.host", self._probe_host())):
            if host and not elsewhere.known(host, self._variables):
                raise AnsibleActionFail(f"{option}: {host} is no host of the inventory; name one of it")
        host = self._options["tunnel_host"] or own
        if host in self._variables.get("groups", {}).get(ACCOUNTS, ()):
            raise AnsibleActionFail(
                f"tunnel_host: {host} is a cloud account and no host; name the host of our end, "
                "such as the store's gateway or a proxy host"
            )
        return "" if host == own else str(host)

    def _probe_host(self) -> str:
        return (self._options["probe"] or {}).get("host") or ""

    def _look(self) -> dict[str, Any]:
        wanted, wait_s = self._options["wait_for"], self._options["wait_s"]
        ends = self._cloud()
        found = self._ours(self._names(ends))
        if wait_s and ends is not None:
            # What the cloud said before the wait is no longer of interest.
            ends = self._cloud()
        tunnels = tunnel_pair.pairs(found["ends"], ends)
        probe = self._probed(found, tunnels)
        result: dict[str, Any] = {
            "tunnels": tunnels,
            "agree": all(one["agree"] for one in tunnels),
            "report": tunnel_pair.records(str(self._variables.get("inventory_hostname", "")), tunnels),
            **({"probe": probe} if probe else {}),
        }
        told = tunnel_pair.failure(tunnels, wanted, wait_s) or _unanswered(probe)
        if wait_s and not tunnels:
            told = f"wait_s: {wait_s} has no tunnel to wait for; name it in tunnels, or apply the role ipsec first"
        return {**result, "failed": True, "msg": told} if wait_s and told else result

    def _names(self, ends: Sequence[Mapping[str, Any]] | None) -> list[str]:
        """Return the connections of our end to look at, none for all that it has."""
        if self._options["tunnels"] or ends is None:
            return list(dict.fromkeys(self._options["tunnels"] or ()))
        return [end["name"] for end in ends] or [self._options["name"]]

    def _cloud(self) -> list[dict[str, Any]] | None:
        if not self._options["scope"]:
            return None
        found = elsewhere.here(self, CLOUDS, options.for_cloud(self._options), self._variables)
        if found.get("failed"):
            raise _Failed(found, "the cloud's end")
        return list(found["ends"])

    def _ours(self, names: Sequence[str]) -> dict[str, Any]:
        given = {name: self._options[name] for name in ("wait_s", "wait_for", "socket")}
        probe = self._options["probe"]
        own = probe and not self._probe_host()
        parts = ["tunnels", *(["probe", "filter"] if own else [])]
        more = {"probe": {key: value for key, value in probe.items() if value is not None}} if own else {}
        return self._asked(self._place, {**given, **more, "tunnels": list(names), "parts": parts})

    def _asked(self, host: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a host says, the task's own for an empty name."""
        if host:
            found = elsewhere.at_host(self, host, OURS, arguments, self._variables)
        else:
            found = self._execute_module(module_name=OURS, module_args=dict(arguments), task_vars=self._variables)
        if found.get("failed") or found.get("unreachable"):
            raise _Failed(found, host or str(self._variables.get("inventory_hostname", "")))
        return dict(found)

    def _probed(self, found: Mapping[str, Any], tunnels: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        """Return what became of the probe, None where there is none; it waits for tunnels that are up."""
        probe, host = self._options["probe"], self._probe_host()
        if not probe or tunnel_pair.unsettled(tunnels, "up") or not tunnels:
            return None
        tried, before, after = self._tried_elsewhere(probe) if host else (found["tried"], *_counted(found))
        tables = {table_of(one["name"]) for one in tunnels}
        before, after = ({name: one for name, one in counted.items() if name in tables} for counted in (before, after))
        why = why_silent(Attempt(**tried), before, after)
        asked_at = host or self._place or self._variables.get("inventory_hostname", "")
        return {"address": probe["address"], "port": probe["port"], "host": asked_at, "ok": why is None, **(why or {})}

    def _tried_elsewhere(self, probe: Mapping[str, Any]) -> tuple[Mapping[str, Any], Counted, Counted]:
        """Return what became of the probe of another host, and what the filter had counted before and after it.

        Between the two there is one attempt alone, so that few packets of others are counted along.
        """
        host, own = self._probe_host(), str(self._variables.get("inventory_hostname", ""))
        place = "" if host == own and not self._task.delegate_to else host
        to = {name: probe[name] for name in ("address", "port", "timeout_s")}
        tried = self._asked(place, {"parts": ["probe"], "probe": to, "wait_s": self._options["wait_s"]})["tried"]
        if tried["ok"]:
            return tried, {}, {}
        before = self._asked(self._place, {"parts": ["filter"]})["after"]
        tried = self._asked(place, {"parts": ["probe"], "probe": to})["tried"]
        return tried, before, self._asked(self._place, {"parts": ["filter"]})["after"]


def _counted(found: Mapping[str, Any]) -> tuple[Counted, Counted]:
    return found["before"], found["after"]


def _unanswered(probe: Mapping[str, Any] | None) -> str:
    if not probe or probe["ok"]:
        return ""
    what = f"The tunnels are up, but {probe['address']}:{probe['port']} does not answer {probe['host']}."
    mend = probe["mend"].replace("ADDRESS", probe["address"])
    return f"{what} Cause: {probe['cause']} ({probe['evidence']}). Next: {mend}."
