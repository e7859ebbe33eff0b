# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Keystone 30.0.0 and Neutron 29.0.0 with VPNaaS 29.0.0, run by uWSGI as processes of this machine.

Real is everything behind the API: tokens, application credentials with access rules, policies, security
groups, routers, VPN services, quotas. Two things are smaller than in a real cloud. The databases are SQLite
files, so each service serves one request at a time (SQLite has one writer); Keystone's file is made by its own
migrations, Neutron's by its own models, because its migrations refuse SQLite. And Neutron has no agents:
its message bus is oslo.messaging's in-process one, no packet is filtered by these security groups, and none
goes through these tunnels (``neutron_plugins/lab_vpnaas.py`` says where their status comes from).

In the lab (``lab.components.openstack``) both listen on unix sockets, which HAProxy in the container os-api
fronts, so that the customer's private network is the only way in. As a program by itself, for tests::

    python -m lab.clouds.openstack --host 127.0.0.1 --port 0 --cert F --key F [--config JSONFILE]

``ready https://HOST:PORT`` names Keystone (clients add /v3); Neutron is on a port of its own, found in the
catalog. The configuration's one key is ``accounts``, a list of objects, each one cloud account:

    domain, project, user    names; made when they are not there (globex, globex, service-store)
    credential               name of the user's application credential (the project's)
    role                     its role on the project: member or reader (member)
    expires_in_s             life of the credential; none when left out
    unrestricted             whether the credential may make and delete others (false)
    access_rules             list of {service, method, path}; null for none; what the product needs when left out
    security_groups          names (["store-api"])
    address_groups           list of {name, description}, made without addresses (none)
    routers                  list of {name, cidr, address, outside}: a router, with a network of that CIDR behind it and
                             that address outside (a free one when left out) in that CIDR (203.0.113.0/24) (none)
    quotas                   Neutron quotas of the project, such as {"security_group_rule": 20}

GET /_lab/calls     [{service, method, path, source, status}] since the start or the last reset
POST /_lab/reset    puts both databases back to what they held after the start
POST /_lab/vpn      {id of a VPN connection: ACTIVE, DOWN or ERROR}, as its agent reports it; others wait for theirs
GET /_lab/accounts  what was made: ids, the application credential with its secret, the user's password (loopback only)
"""

from __future__ import annotations
