# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hypothesis judges: by what a function returns, never by how long the machine took, and alike in every run.

And which tests share a worker: those of a file, and all that need a server which takes long to start.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

#: Each takes some 20 s to start: the words in a test's id that say it needs one.
SLOW_SERVERS = ("barbican", "openstack")

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


class ByServer(LoadFileScheduling):
    """A file stays on one worker, and so does everything that a slow server is started for, whatever its file.

    Tests beside those, which need no server, go with them: they take no time.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((name for name in SLOW_SERVERS if name in nodeid), super()._split_scope(nodeid))


# Optional: a run of one test may go without xdist (-p no:xdist).
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByServer | None:
    """Refine ``--dist loadfile``, and leave any other choice alone."""
    return ByServer(config, log) if config.getvalue("dist") == "loadfile" else None
