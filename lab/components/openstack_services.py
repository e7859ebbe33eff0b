# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keystone and Neutron themselves: they need no host of the lab, so they start beside the hosts."""

from __future__ import annotations

import shutil
from typing import Any

from ..clouds.openstack import environment
from ..clouds.openstack.environment import Environment
from ..clouds.openstack.plane import Plane
from ..clouds.openstack.seed import Account, seed
from ..context import Context
from ..topology import KEYSTONE, NEUTRON
from .base import Component, Status

#: The credential's fields are in secrets/SECRET.json, ready for cloud_credential's secret_from.
SECRET = "globex-openstack"
#: The user's own password, which makes and deletes its application credentials.
ROTATOR = "globex-openstack-rotator"
ACCOUNT = Account()
_FIELDS = ("application_credential_id", "application_credential_secret")


def running_plane(ctx: Context) -> Plane:
    """The control plane of a lab that is up."""
    return _plane(ctx, environment.expected())


def _plane(ctx: Context, of: Environment) -> Plane:
    # The sockets' folder is mounted into os-api: what is in it comes and goes, the folder stays.
    return Plane(ctx.run / "openstack", ctx.run / "os-sockets", ctx.log, of, KEYSTONE.url, NEUTRON.url, ctx.progress)


def up(ctx: Context) -> dict[str, Any]:
    plane = _plane(ctx, environment.ensure(ctx.progress))
    plane.start()
    made = seed(plane, [ACCOUNT])[0]
    ctx.write_secret(SECRET, {name: made[name] for name in _FIELDS})
    if "password" in made:
        ctx.write_secret(ROTATOR, _rotator(made))
    return {name: value for name, value in made.items() if name not in (*_FIELDS, "password")}


def _rotator(made: dict[str, Any]) -> dict[str, str]:
    user = {"username": made["user"], "password": made["password"], "user_domain_name": made["domain"]}
    return {**user, "project_name": made["project"]}


def down(ctx: Context) -> None:
    _plane(ctx, environment.expected()).stop()
    shutil.rmtree(ctx.run / "openstack", ignore_errors=True)
    for name in (SECRET, ROTATOR):
        (ctx.secrets / f"{name}.json").unlink(missing_ok=True)


def status(ctx: Context) -> Status:
    plane = _plane(ctx, environment.expected())
    silent = [name for name, answers in plane.running().items() if not answers]
    if silent:
        return Status(False, f"does not answer: {', '.join(silent)}; logs are in {ctx.log}")
    return Status(True, f"Keystone and Neutron on unix sockets in {plane.sockets}")


COMPONENT = Component("openstack-services", (), up, down, status)
