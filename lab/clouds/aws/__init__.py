# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS for the lab: two third-party servers, each speaking TLS itself with a certificate of the lab.

    python -m lab.clouds.aws --which moto|ministack --host H --port P --cert F --key F [--config JSON]

moto serves the wide API (EC2 with its quotas and error codes). It knows nothing of `aws:SourceIp` and
takes inactive keys. ministack serves IAM, STS and S3 and judges every call by signature, status of the
key, policy and the address of the TCP peer. With `authority`, moto asks ministack about every call, so
that one IAM is in force on both.

Configuration (both servers):

    {"account": "123456789012", "region": "eu-west-2",
     "users": [{"name": "service-store", "access_key_id": "AKIA...", "secret_access_key": "...",
                "status": "Active", "policies": {"name": {policy document}}}],
     "buckets": ["name"],                                                       # ministack and moto
     "security_groups": [{"name": "store-api", "description": "...", "vpc_cidr": "10.0.0.0/16"}],   # moto
     "prefix_lists": [{"name": "store", "family": "IPv4", "max_entries": 20}],                      # moto
     "network_acls": [{"name": "store-subnets", "vpc_cidr": "10.0.0.0/16"}],                        # moto
     "quotas": {"L-0EA8095F": 200},                          # moto: what the account had raised in service vpc
     "lab_token": "...",                                  # ministack: lets POST /_lab/authorize be asked
     "authority": {"url": "https://...", "ca_file": "...", "token": "..."}}                         # moto

A user needs both halves of a key; an access key id is 20 characters and begins with AKIA. With no users
every call is refused. `GET /_lab/calls` gives [{"method", "path", "action", "source", "status"}],
`POST /_lab/reset` puts the state back to the configuration. ministack needs an environment of its own
(requirements/ministack.txt): `LAB_MINISTACK_PYTHON`, `.venv-ministack` of the checkout, or this Python.

Of ministack's own conveniences none is served: the well-known keys that it takes for an account's root
(`test`, an account's number) are refused as unknown, and so are unsigned calls and its /_ministack paths.
"""

from __future__ import annotations
