# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible inventory of the lab's hosts as machines, for the lab's own plays and for tests of roles.

The operator's inventory comes from the register; this one knows nothing of customers' accounts.
"""

from __future__ import annotations

import json
from typing import Any

from .context import Context
from .topology import HOSTS


def inventory(ctx: Context) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {}
    for host in HOSTS:
        groups.setdefault(f"lab_{host.side}", {"hosts": {}})["hosts"][host.name] = {"ansible_host": host.address}
    common = f"-o UserKnownHostsFile={ctx.folder}/known_hosts -o StrictHostKeyChecking=yes"
    return {
        "all": {
            "vars": {
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(ctx.keys / "id_ed25519"),
                "ansible_ssh_common_args": f"{common} -o IdentitiesOnly=yes",
                "ansible_ssh_pipelining": True,
                "ansible_python_interpreter": "/usr/bin/python3",
            },
            "children": groups,
        }
    }


def write_inventory(ctx: Context) -> None:
    # JSON is YAML, and needs no YAML library.
    (ctx.folder / "inventory.yml").write_text(json.dumps(inventory(ctx), indent=2) + "\n")
