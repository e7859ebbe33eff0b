# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the lab. A new one is a module here with a COMPONENT, and one line in ALL."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import LabError
from . import (
    aws,
    azure,
    bt_cloud,
    clouds,
    cloudstack,
    git,
    hosts,
    networks,
    openbao,
    openstack,
    openstack_services,
    register,
    staff,
    vpn_ends,
)
from .base import Component

ALL: tuple[Component, ...] = tuple(
    module.COMPONENT
    for module in (
        networks,
        openstack_services,
        hosts,
        clouds,
        git,
        aws,
        azure,
        bt_cloud,
        cloudstack,
        openstack,
        openbao,
        staff,
        register,
        vpn_ends,
    )
)
BY_NAME = {component.name: component for component in ALL}


def select(names: Iterable[str]) -> list[Component]:
    """These components and all that they need, in the order of ALL; for no names everything that is not optional."""
    wanted = _known(names)
    if not wanted:
        return [component for component in ALL if not component.optional]
    chosen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in chosen:
            chosen.add(name)
            wanted += BY_NAME[name].needs
    return [component for component in ALL if component.name in chosen]


def select_dependents(names: Iterable[str]) -> list[Component]:
    """These components and all that need them, in the order of ALL; everything for no names."""
    chosen = set(_known(names))
    if not chosen:
        return list(ALL)
    # ALL is in the order of what components need.
    for component in ALL:
        if chosen & set(component.needs):
            chosen.add(component.name)
    return [component for component in ALL if component.name in chosen]


def _known(names: Iterable[str]) -> list[str]:
    found = list(names)
    unknown = [name for name in found if name not in BY_NAME]
    if unknown:
        raise LabError(f"the lab has no component {', '.join(unknown)}; it has {', '.join(BY_NAME)}")
    return found
