# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a write that failed: whether it may have been made all the same, and how often it is made again."""

from __future__ import annotations

#: Failures after which the write may have been made all the same.
UNSURE = frozenset({"timeout", "server", "unreachable"})
#: Likewise where a write is bound to what was read: somebody else was quicker, or it was ourselves.
RACED = UNSURE | {"conflict"}
#: How often a write goes out for what a reread shows to be open still.
ROUNDS = 3
#: How often a write of the whole is made anew after somebody else's.
RACES = 5
