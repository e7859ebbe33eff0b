# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator of CloudStack 4.18's API, standard library only, that speaks TLS itself.

It serves a table of commands (`commands.py`) whose parameters are held against the vendor's own
`listApis` by a test, verifies HMAC-SHA1 signatures (versions 1 and 3), applies
`api.allowed.source.cidr.list` to the TCP peer's address, enforces roles and runs asynchronous jobs.

    python -m lab.clouds.cloudstack --host 127.0.0.1 --port 0 --cert F --key F [--config FILE]
    python3 -m cloudstack ...                  # the same from a copy of this folder alone

The API is at /client/api. To loopback and to the server's own network it also shows GET /_lab/calls (one
record per call: command, method, source, status, account, reason, unknown_params, at) and takes
POST /_lab/reset (back to the configuration). For the routers of the lab GET /_lab/vpn shows the
site-to-site connections with their keys, and POST /_lab/vpn/<connection's id> {"state": "Connected"}
says how a tunnel really is.

The configuration is one JSON object; everything has a default:

    job_delay_s            seconds an asynchronous job takes (0.05)
    job_polls              how often a job is said to be pending, whatever it takes (0)
    clock_offset_s         what this server's clock is ahead by (0); seen in `Date` and in expiry checks
    path                   where the API is (/client/api)
    version                4.18.2.0; from 4.23 on a user has several key pairs, with names, ends and rules
    settings               {name: value} of the global configuration, for example
                           {"api.allowed.source.cidr.list": "0.0.0.0/0,::/0"}
    roles                  {name: {"type": "User", "allow": [command or pattern], "deny": [...]}} beside
                           the built-in "Root Admin", "Domain Admin" and "User"; deny wins, then allow,
                           then what the type may do by default
    accounts               [{"name", "domain": "ROOT", "role": "User", "state": "enabled",
                             "settings": {"api.allowed.source.cidr.list": "..."},
                             "users": [{"username", "apikey", "secretkey", "state": "enabled"}],
                             "security_groups": [{"name", "description",
                                                  "ingress": [rule], "egress": [rule]}],
                             "public_ips": [{"ipaddress", "rules": [rule]}],
                             "network_acl_lists": [{"name", "items": [rule]}],
                             "vpcs": [{"name", "cidr", "publicip"}]}]
                           a rule is {"protocol": "tcp", "startport": 443, "endport": 443,
                                      "cidrlist": ["192.0.2.0/24"], "tags": {key: value}}

Every object may name its own "id"; otherwise it is derived from its name, so that it is the same after a
restart. Two ways to use it: a private cloud (its own users may do everything their role allows), and a
public one such as BT Cloud, where the source list is enforced per account and the customer's role lacks
updateConfiguration, so that the provider's staff, with a key of their own, applies it.
"""

from __future__ import annotations
