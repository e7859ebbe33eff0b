# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hypothesis judges: by what a function returns, never by how long the machine took, and alike in every run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady",
    # Its 200 ms for an example, and its health check of the time it takes to make one, measure the machine.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # An example that nobody has seen before must not stop a change that has nothing to do with it;
    # `--hypothesis-profile=default` looks for such ones.
    derandomize=True,
)
settings.load_profile("steady")
