# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft.Network: the calls on network security groups, security rules and IP groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.clouds.azure import ip_group, nsg, operations, resources
from lab.clouds.azure.wire import Json, Response

if TYPE_CHECKING:
    from lab.clouds.azure.arm import Call

_TYPE = "Microsoft.Network/networkSecurityGroups"


def list_all(call: Call) -> Response:
    """Every group of the subscription."""
    call.allow(_TYPE + "/read")
    return resources.page(call, [n for g in call.subscription().groups.values() for n in g.nsgs.values()])


def list_group(call: Call) -> Response:
    """Every group of one resource group."""
    call.allow(_TYPE + "/read")
    return resources.page(call, list(call.group().nsgs.values()))


def one_nsg(call: Call) -> Response:
    """GET, PUT and DELETE of a whole group."""
    call.allow(f"{_TYPE}/{resources.verb(call)}")
    group, name = call.group(), call.parts["n"]
    current = group.nsgs.get(name.lower())
    if call.request.method == "GET":
        return Response(
            200, current or resources.missing(call, f"{_TYPE}/{name}"), {"ETag": current["etag"] if current else ""}
        )
    nsg.check_match(call.request, current, call.request.path)
    headers = operations.start(call.state, call.request, call.subscription().id, group.location)
    if call.request.method == "DELETE":
        if current is None:
            return Response(204)
        del group.nsgs[name.lower()]
        return Response(202, None, headers)
    new = nsg.build(call.subscription().id, group, name, call.request.json(), current)
    group.nsgs[name.lower()] = new
    return nsg.written(new, current is None, headers)


def list_rules(call: Call) -> Response:
    """The rules of a group; `which` is securityRules or defaultSecurityRules."""
    call.allow(f"{_TYPE}/{call.parts['which']}/read")
    which = "securityRules" if call.parts["which"].lower() == "securityrules" else "defaultSecurityRules"
    return resources.page(call, list(_owner(call)["properties"][which]))


def one_rule(call: Call) -> Response:
    """GET, PUT and DELETE of one rule."""
    call.allow(f"{_TYPE}/securityRules/{resources.verb(call)}")
    owner, name = _owner(call), call.parts["r"]
    current = nsg.find_rule(owner, name)
    if call.request.method == "GET":
        return Response(200, current or resources.missing(call, f"{_TYPE}/{call.parts['n']}/securityRules/{name}"))
    nsg.check_match(call.request, current, call.request.path)
    headers = operations.start(call.state, call.request, call.subscription().id, call.group().location)
    if call.request.method == "DELETE":
        if current is None:
            return Response(204)
        owner["properties"]["securityRules"].remove(current)
        nsg.stamp(owner)
        return Response(202, None, headers)
    created = nsg.put_rule(owner, name, call.request.json())
    return nsg.written(nsg.find_rule(owner, name) or {}, created, headers)


def list_all_ip_groups(call: Call) -> Response:
    """Every IP group of the subscription."""
    call.allow(ip_group.TYPE + "/read")
    return resources.page(call, [n for g in call.subscription().groups.values() for n in g.ip_groups.values()])


def list_ip_groups(call: Call) -> Response:
    """Every IP group of one resource group."""
    call.allow(ip_group.TYPE + "/read")
    return resources.page(call, list(call.group().ip_groups.values()))


def one_ip_group(call: Call) -> Response:
    """GET, PUT and DELETE of an IP group; PATCH of its tags is not offered ("Use tags ...", limitations)."""
    call.allow(f"{ip_group.TYPE}/{resources.verb(call)}")
    group, name = call.group(), call.parts["n"]
    current = group.ip_groups.get(name.lower())
    if call.request.method == "GET":
        return Response(200, current or resources.missing(call, f"{ip_group.TYPE}/{name}"))
    nsg.check_match(call.request, current, call.request.path)
    place = (call.subscription().id, current["location"] if current else group.location, operations.FIREWALL)
    headers = operations.start(call.state, call.request, *place)
    if call.request.method == "DELETE":
        if current is None:
            return Response(204)
        del group.ip_groups[name.lower()]
        return Response(202, None, headers)
    new = ip_group.build(call.subscription().id, group, name, call.request.json(), current)
    group.ip_groups[name.lower()] = new
    return nsg.written(new, current is None, headers)


def _owner(call: Call) -> Json:
    return call.group().nsgs.get(call.parts["n"].lower()) or resources.missing(call, f"{_TYPE}/{call.parts['n']}")
