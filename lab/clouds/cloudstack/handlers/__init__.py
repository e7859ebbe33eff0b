# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each command does. A handler gets (Context, Params) and gives the answer's body.

CREATORS are commands that make something at once, before their job runs: they give the new id and the rest of
the work, and refuse a conflict in the first answer instead of in the job's result. CHECKS are what an
asynchronous command refuses in its first answer: ids that do not exist.
"""

from __future__ import annotations

from collections.abc import Callable

from ..context import Answer, Context
from ..params import Params
from . import accounts, acls, configuration, discovery, firewall, groups, tags, vpcs, vpn_connections, vpn_gateways

Handler = Callable[[Context, Params], Answer]
Creator = Callable[[Context, Params], "tuple[str, Callable[[], Answer]]"]

HANDLERS: dict[str, Handler] = {
    **discovery.HANDLERS,
    **accounts.HANDLERS,
    **groups.HANDLERS,
    **firewall.HANDLERS,
    **acls.HANDLERS,
    **tags.HANDLERS,
    **configuration.HANDLERS,
    **vpcs.HANDLERS,
    **vpn_gateways.HANDLERS,
    **vpn_connections.HANDLERS,
}
#: Of newer versions than the one that HANDLERS describes.
NEWER: dict[str, Handler] = {**accounts.SINCE_4_23}
CHECKS: dict[str, Callable[[Context, Params], None]] = {
    **accounts.CHECKS,
    **groups.CHECKS,
    **firewall.CHECKS,
    **acls.CHECKS,
    **vpn_gateways.CHECKS,
    **vpn_connections.CHECKS,
}
CREATORS: dict[str, Creator] = {
    **firewall.CREATORS,
    **acls.CREATORS,
    **vpn_gateways.CREATORS,
    **vpn_connections.CREATORS,
}
