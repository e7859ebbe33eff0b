# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches what: the graph, where its parts stand, and the picture."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.plugin_utils.report import files, html, svg
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.declared import declared
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.layout import Picture, layout, spread
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.model import Report
from ansible_collections.strategic.service_store.plugins.plugin_utils.report.topology import Topology, topology
from ansible_collections.strategic.service_store.tests.unit.plugins.plugin_utils.report.sample import collector, proof

SITE = {
    "method": "site_to_site_vpn",
    "gateway": "store-gw",
    "store_servers": ["store-1", "store-2"],
    "api": [{"address": "10.9.0.10", "port": 5000}],
    "peer": {"name": "os-gw", "address": "192.0.2.20", "psk": "name-of-the-key"},
}
CLIENT = {
    "method": "ipsec_proxy",
    "proxy_host": "proxy-1",
    "api": [{"address": "10.8.0.10", "port": 443}],
    "server": {"name": "cs-gw", "address": "192.0.2.30", "pool": "10.8.9.0/28", "psk": "name-of-the-key"},
}
PUBLIC = {
    "method": "allowlist",
    "scopes": [
        {
            "scope": {"kind": "security_group", "name": "store-api"},
            "entries": [{"store_servers": ["store-1"]}, {"cidr": "203.0.113.9"}],
        }
    ],
}
KINDS: tuple[dict[str, Any], ...] = (
    {
        "provider": "aws",
        "egress": "store-1",
        "endpoints": {"sts": "https://user:pass@sts.example"},
        "access": [PUBLIC, {"method": "api_source_restriction", "store_servers": ["store-1"]}],
    },
    {
        "provider": "openstack",
        "egress": "store-1",
        "endpoints": {"identity": "https://10.9.0.10:5000/v3"},
        "access": [SITE],
    },
    {"provider": "cloudstack", "egress": "proxy-1", "access": [CLIENT]},
    {"provider": "azure", "access": [PUBLIC]},
)


def accounts(count: int, customers: int = 3) -> dict[str, dict[str, Any]]:
    return {
        f"account-{number}": {"customer": f"customer-{number % customers}", **KINDS[number % len(KINDS)]}
        for number in range(count)
    }


def report(declared_accounts: dict[str, dict[str, Any]], *records: dict[str, Any]) -> Report:
    run = collector()
    run.playbook_started("rollout.yml")
    run.stage_started("Audit")
    for name, account in declared_accounts.items():
        run.account_seen(name, account)
    run.machine_seen("app-1", "app_hosts", "account-0")
    run.task_started("localhost", "1")
    run.task_done("localhost", "1", "a task", "ok", {"report": list(records)})
    return run.report(title="Rollout", check_mode=False, versions={})


def tunnel(account: str, up: bool | None, name: str = "") -> dict[str, Any]:
    return {"kind": "tunnel", "subject": account, "name": name or account, "esp_bytes_in": 2048, "up": up}


def edges(graph: Topology, *kinds: str) -> list[tuple[str, str, str]]:
    return [(edge.source, edge.target, edge.state) for edge in graph.between(*kinds)]


def test_the_ways_are_those_that_the_register_declares() -> None:
    graph = topology(report(accounts(4)))
    assert edges(graph, "proxy") == [("host:store-1", "account:account-0", "unknown")]
    assert edges(graph, "direct") == [("controller", "account:account-3", "unknown")]
    assert edges(graph, "route") == [
        ("host:store-1", "host:store-gw", ""),
        ("host:store-2", "host:store-gw", ""),
    ]
    assert edges(graph, "tunnel") == [
        ("host:store-gw", "account:account-1", "unknown"),
        ("host:proxy-1", "account:account-2", "unknown"),
    ]
    assert edges(graph, "connect") == [("controller", "host:store-1", ""), ("controller", "host:proxy-1", "")]
    assert edges(graph, "host") == [("host:app-1", "account:account-0", "")]
    kinds = {node.name: node.kind for node in graph.nodes}
    assert (kinds["store-gw"], kinds["proxy-1"], kinds["store-2"]) == ("store_gateway", "proxy_host", "store_server")


def test_an_account_shows_its_endpoints_and_whom_its_lists_let_in() -> None:
    (node,) = [node for node in topology(report(accounts(4))).nodes if node.name == "account-0"]
    assert node.facts["endpoints"] == ["sts.example:443"]
    assert node.facts["guards"] == [
        {"what": "security_group store-api", "sources": ["store-1", "203.0.113.9"]},
        {"what": "source restriction", "sources": ["store-1"]},
    ]


@pytest.mark.parametrize(("up", "state"), [(True, "up"), (False, "down"), (None, "unknown")])
def test_a_tunnel_has_the_state_that_the_run_has_seen(up: bool | None, state: str) -> None:
    graph = topology(report(accounts(4), tunnel("account-1", up)))
    assert ("host:store-gw", "account:account-1", state) in edges(graph, "tunnel")


def test_a_tunnel_that_is_declared_nowhere_is_shown_as_well() -> None:
    graph = topology(report(accounts(4), tunnel("account-1", True), tunnel("account-1", False, "old")))
    shown = {edge.facts["name"]: edge.state for edge in graph.between("tunnel")}
    assert shown == {"account-1": "up", "old": "down", "account-2": "unknown"}


def test_tunnels_that_a_gateway_with_two_addresses_numbers_are_those_declared() -> None:
    both = [tunnel("account-1", True, "account-1-1"), tunnel("account-1", False, "account-1-2")]
    shown = [
        edge for edge in topology(report(accounts(4), *both)).between("tunnel") if edge.target == "account:account-1"
    ]
    assert [(edge.facts["name"], edge.state, edge.source) for edge in shown] == [
        ("account-1-1", "up", "host:store-gw"),
        ("account-1-2", "down", "host:store-gw"),
    ]


def test_the_two_tunnels_of_a_clouds_gateway_are_two() -> None:
    cloud = {"scope": {"kind": "vpc", "name": "prod"}, "pre_shared_keys": ["one", "two"]}
    method = {key: value for key, value in SITE.items() if key != "peer"} | {"cloud_gateway": cloud}
    found = declared("acme", {"access": [method]}).tunnels
    assert [(item.name, item.peer, item.through) for item in found] == [
        ("acme-1", "vpc prod", "store-gw"),
        ("acme-2", "vpc prod", "store-gw"),
    ]


def test_a_way_is_proven_by_a_call_that_came_by_it() -> None:
    held = proof("account-0", "store-1", "sts", "allowed", "AWS IAM")
    broken = proof("account-3", "controller", "login", "allowed", "Entra", actual="refused")
    graph = topology(report(accounts(4), held, broken, proof("account-0", "outsider", "sts", "refused", "AWS IAM")))
    assert edges(graph, "proxy") == [("host:store-1", "account:account-0", "holds")]
    assert edges(graph, "direct") == [("controller", "account:account-3", "broken")]
    assert ("source:outsider", "account:account-0", "holds") in edges(graph, "proof")


@pytest.mark.parametrize(
    "account",
    [
        {"access": None, "endpoints": ["https://a"]},
        {"access": [{"method": ["ipsec_proxy"]}, "allowlist", 5], "endpoints": {"a": "https://[::1", "b": 7}},
        {"access": [{"method": "site_to_site_vpn", "api": [{"port": 1}, 5], "peer": "no mapping"}]},
        {"access": [{"method": "allowlist", "scopes": [None, {"entries": {}}], "api_front": []}]},
    ],
)
def test_what_is_no_account_of_a_register_is_drawn_as_far_as_it_goes(account: dict[str, Any]) -> None:
    assert "account-0" in svg.render(topology(report({"account-0": account})))


def overlapping(picture: Picture) -> list[tuple[str, str]]:
    return [
        (one.id, two.id)
        for one, two in itertools.combinations(picture.boxes, 2)
        if one.x < two.x + two.width
        and two.x < one.x + one.width
        and one.y < two.y + two.height
        and two.y < one.y + one.height
    ]


@pytest.mark.parametrize(("count", "customers"), [(1, 1), (5, 3), (13, 1), (75, 1), (75, 6), (75, 75)])
def test_every_account_and_tunnel_stands_once_and_on_nothing_else(count: int, customers: int) -> None:
    graph = topology(report(accounts(count, customers), proof("account-0", "outsider", "sts", "refused", "IAM")))
    picture = layout(graph)
    shown = [box.id for box in picture.boxes]
    assert len(shown) == len(set(shown))
    assert len([name for name in shown if name.startswith("account:")]) == count
    assert len([box for box in picture.boxes if box.kind == "way tunnel"]) == len(graph.between("tunnel"))
    assert set(shown) >= {node.id for node in graph.kind("store_server", "store_gateway", "proxy_host", "controller")}
    assert not overlapping(picture)
    assert len(picture.frames) == min(count, customers)
    for one, two in itertools.pairwise(picture.frames):
        assert one.y + one.height < two.y
    for box in picture.boxes:
        assert box.x >= 0 and box.x + box.width <= picture.width
        assert box.y >= 0 and box.y + box.height <= picture.height, box


def test_seventy_five_accounts_stay_legible() -> None:
    few, many = (layout(topology(report(accounts(count)))) for count in (5, 75))
    assert few.width == many.width, "letters keep their size, since the page fits the width"
    lines = [len(box.label.lines) for box in many.boxes if box.kind == "account"]
    assert set(lines) == {1}
    # The accounts of a customer share what is not their own tunnel.
    assert len([box for box in many.boxes if box.kind == "way proxy"]) == 3


def test_the_same_report_makes_the_same_picture() -> None:
    first, second = (svg.render(topology(report(accounts(9), tunnel("account-1", True)))) for _time in range(2))
    assert first == second


def test_boxes_keep_their_order_and_their_distance() -> None:
    placed = spread([50, 50, 50], [20, 20, 20], 0, 100)
    assert placed == sorted(placed) and all(b - a >= 30 for a, b in itertools.pairwise(placed))
    assert placed[0] >= 0 and placed[-1] + 20 <= 100
    assert spread([10, 10], [40, 40], 0, 20) == [0, 50], "what needs more room takes it downwards"


def test_names_are_escaped_and_the_picture_is_xml() -> None:
    name = 'a<script>alert(1)</script>&"b'
    drawn = svg.render(topology(report({name: {**KINDS[1], "customer": "<&>"}}, tunnel(name, False))))
    assert "<script" not in drawn
    root = ET.fromstring(drawn)
    titles = [item.text or "" for item in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any(name in title for title in titles)


def test_the_picture_says_in_words_what_its_colours_say() -> None:
    records = [tunnel("account-1", False), tunnel("account-2", True)]
    root = ET.fromstring(svg.render(topology(report(accounts(4), *records))))
    assert root.get("role") == "img" and root.get("aria-labelledby") == "map-title map-text"
    words = [item.text or "" for item in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "ESP tunnel, DOWN" in words and "ESP tunnel, up" in words
    (text,) = [item.text or "" for item in root.iter("{http://www.w3.org/2000/svg}desc")]
    assert text.startswith("4 cloud accounts, used by way of store-1, proxy-1; 2 tunnels, 1 up, 1 down, 0 not seen")


def test_a_call_that_should_have_been_refused_is_a_line_of_its_own() -> None:
    broken = proof("account-0", "outsider", "sts", "refused", "AWS IAM", actual="allowed")
    picture = layout(topology(report(accounts(1), broken)))
    assert [line.state for line in picture.lines if line.kind == "proof"] == ["broken"]
    (box,) = [box for box in picture.boxes if box.kind == "account"]
    assert box.state == "broken"


def test_html_has_the_picture_and_json_the_graph_without_a_secrets_name() -> None:
    made = report(accounts(4), tunnel("account-1", True))
    page, document = html.render(made), json.loads(files.render(made, "json"))
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" class="map"') == 1
    found = [edge for edge in document["topology"]["edges"] if edge["kind"] == "tunnel"]
    assert found[0]["name"] == "account-1" and found[0]["state"] == "up" and found[0]["from"] == "host:store-gw"
    ids = {node["id"] for node in document["topology"]["nodes"]}
    assert {edge["from"] for edge in document["topology"]["edges"]} <= ids
    for text in (page, json.dumps(document)):
        assert "name-of-the-key" not in text and "user:pass" not in text


def test_a_run_without_accounts_has_no_picture() -> None:
    made = report({})
    assert "<svg" not in html.render(made)
    assert json.loads(files.render(made, "json"))["topology"] == {"nodes": [], "edges": []}
