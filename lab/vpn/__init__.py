# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clouds' own ends of tunnels: strongSwan hosts that are what the clouds' APIs say.

    python -m lab.vpn [--once]

The agent reads each API's state, writes it into the cloud's host as the provider's gateway would take it, and tells the
API how the tunnels really are. So a change through an API is a change of a real tunnel. ``tunnel`` and ``swanctl`` are
pure; ``aws``, ``azure``, ``cloudstack`` and ``openstack`` read one API each; ``end`` is the host; ``agent`` joins them.
"""
