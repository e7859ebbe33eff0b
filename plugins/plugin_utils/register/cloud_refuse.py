# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses what a tunnel with a cloud's own gateway could not be, with file and line, before any host is contacted."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .cloud_ends import OF_TUNNEL, CloudEnd
from .errors import RegisterError
from .load import Document

Place = Sequence[str | int]
Connections = Mapping[str, Sequence[Mapping[str, Any]]]
#: The services by which the module vpn_gateway makes the cloud's end.
MADE_BY = {
    "aws": ("ec2",),
    "azure": ("arm", "entra"),
    "openstack": ("identity", "network"),
    "cloudstack": ("api",),
    "bt_cloud": ("api",),
}
#: Where the register has what the module's options call otherwise.
_PLACES = {"sources": "store_servers", "targets": "api", "local": "gateway", "selectors": "selectors"}


def refuse_either(document: Document, where: Place, account: Mapping[str, Any]) -> None:
    """Refuse a site-to-site tunnel with two other ends, or with none."""
    for number, method in enumerate(account["access"]):
        named = [key for key in ("peer", "cloud_gateway") if method.get(key)]
        if method["method"] != "site_to_site_vpn" or len(named) == 1:
            continue
        line = document.line([*where, "access", number, *named[1:]])
        text = (
            "both peer and cloud_gateway; keep the one that is the other end"
            if named
            else "neither peer nor cloud_gateway; add peer where people run the other end, cloud_gateway where it is "
            "the cloud's own"
        )
        raise RegisterError(document.path, line, f"access[{number}] of {account['name']} has {text}")


def refuse(document: Document, where: Place, account: Mapping[str, Any], ends: Iterable[CloudEnd]) -> None:
    """Refuse what the module would refuse, and a gateway that only its own tunnel would lead to."""
    for end in ends:
        place = [*where, "access", end.method]
        _as_the_module(document, place, str(account["provider"]), end)
        if not end.absent:
            _beyond_itself(document, [*where, "endpoints"], account, end)


def refuse_together(placed: Sequence[tuple[Document, Place, CloudEnd]], others: Connections) -> None:
    """Refuse two connections of one gateway of ours with one name or with overlapping networks.

    ``others`` are the connections of each gateway whose other end is no cloud's.
    """
    present = [item for item in placed if not item[2].absent]
    for index, (document, where, end) in enumerate(present):
        place = [*where, "access", end.method, "cloud_gateway"]
        for account, names, networks in _neighbours([item[2] for item in present[:index]], others, end.host):
            for name in [name for name in names if name in end.keys]:
                text = f"{end.host} has a tunnel {name} already, of {account}; give cloud_gateway a name of its own"
                raise RegisterError(document.path, document.line(place), text)
            for mine, theirs in _overlapping(end.networks, networks):
                # The packets of one would go into the tunnel of the other.
                text = (
                    f"{mine} of {end.account} overlaps {theirs} of {account} on {end.host}, which could not tell whose "
                    "packets are whose; narrow networks, or end one of the two at another gateway"
                )
                raise RegisterError(document.path, document.line([*place, "networks"]), text)


def _neighbours(ends: Iterable[CloudEnd], others: Connections, host: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield account, names and networks of what ends at the same gateway of ours."""
    for connection in others.get(host, ()):
        yield connection["account"], [connection["name"]], [f"{item['address']}/32" for item in connection["targets"]]
    for end in ends:
        if end.host == host:
            yield end.account, list(end.keys), end.networks


def _overlapping(mine: Iterable[str], theirs: Iterable[str]) -> Iterator[tuple[str, str]]:
    for one, other in itertools.product(mine, theirs):
        with contextlib.suppress(ValueError):  # An address that is none is refused where it is used.
            if ipaddress.ip_network(one).overlaps(ipaddress.ip_network(other)):
                yield one, other


def _as_the_module(document: Document, place: list[str | int], provider: str, end: CloudEnd) -> None:
    # Adapters are loaded for registers that need them; none of them loads an SDK for this.
    from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
    from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
    from ansible_collections.strategic.service_store.plugins.module_utils.model.vpn_gateway import parse_wanted
    from ansible_collections.strategic.service_store.plugins.module_utils.provider import registry, vpn

    known = registry.capability(registry.provider(provider), "vpn")()
    try:
        own = vpn.own_options({**end.options, "provider": provider})
        known.check(parse_wanted(end.options, known.traits.scopes, known.traits.tunnels, own))
    except (InvalidInput, InvalidValue) as exc:
        said = str(exc)
        line = document.line([*place, *_where(said.partition(":")[0])])
        raise RegisterError(document.path, line, f"cloud_gateway of {end.account}: {said}") from None


def _where(option: str) -> list[str | int]:
    """Return where in the method an option of the module stands, such as ``tunnel.targets[0].address``."""
    steps: list[str | int] = []
    for part in option.split("."):
        name, _bracket, index = part.partition("[")
        steps.append(name)
        if index:
            steps.append(int(index.rstrip("]")))
    if steps[0] != "tunnel":
        return ["cloud_gateway", *steps]
    inner = steps[1:] or [""]
    if inner[0] in OF_TUNNEL or inner[0] == "remote":
        return ["cloud_gateway", *[step for step in inner if step != "remote"]]
    return [_PLACES.get(str(inner[0]), "cloud_gateway"), *inner[1:]]


def _beyond_itself(document: Document, place: list[str | int], account: Mapping[str, Any], end: CloudEnd) -> None:
    networks = [ipaddress.ip_network(cidr) for cidr in end.networks]
    for service in MADE_BY[str(account["provider"])]:
        host = urlsplit(account.get("endpoints", {}).get(service, "")).hostname or ""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            continue
        if any(address in network for network in networks):
            text = (
                f"the endpoint {service} of {end.account} lies behind the tunnel that has to be made through it; name "
                "one outside of it, or have the provider's staff run the other end (peer)"
            )
            raise RegisterError(document.path, document.line([*place, service]), text)
