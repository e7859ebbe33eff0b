# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role app with app_runtime=container: the same releases, health check and way back, in real containers."""

from __future__ import annotations

import pytest

from tests.support.container_app import NAME, PORT, Application, changes, diff_of

pytestmark = pytest.mark.lab
HEALTH = {"type": "http", "url": f"http://127.0.0.1:{PORT}/healthz", "retries": 3}


def test_a_release_runs_a_bad_one_makes_way_for_it_and_it_outlives_a_crash(application: Application) -> None:
    first = application.deploy("v1")
    assert first.status == 0 and application.served() == "1.0.0", first.output
    again = application.deploy("v1")
    assert (again.status, changes(again)) == (0, 0), again.output

    bad = application.deploy("v-bad", app_health=HEALTH)
    assert bad.status == 2 and "healthz answered 503, not 200" in bad.output
    assert f"{application.commits['v1'][:12]} (v1) is active again and well" in bad.output, bad.output
    assert application.served() == "1.0.0"

    application.host.shell(f"podman kill --signal KILL {NAME}")
    application.wait_until_served()


@pytest.mark.long
def test_deploy_upgrade_bad_release_roll_back_crash_and_reboot(application: Application) -> None:
    fresh = application.deploy("v1", "--check")
    assert fresh.status == 0, fresh.output
    assert application.left() == []

    first = application.deploy("v1")
    assert first.status == 0 and application.served() == "1.0.0", first.output
    again = application.deploy("v1")
    assert (again.status, changes(again)) == (0, 0), again.output
    container = application.container()

    predicted = application.deploy("v2", "--check")
    assert application.served() == "1.0.0" and application.container() == container
    upgraded = application.deploy("v2")
    assert upgraded.status == 0 and application.served() == "2.0.0"
    assert application.container() != container
    assert diff_of(predicted) == diff_of(upgraded) != ""
    assert changes(predicted) == changes(upgraded) == 1

    bad = application.deploy("v-bad", app_health=HEALTH)
    assert bad.status == 2 and "healthz answered 503, not 200" in bad.output
    assert f"{application.commits['v2'][:12]} (v2) is active again and well" in bad.output, bad.output
    assert application.served() == "2.0.0"
    assert application.host.call(f"test -d /srv/{NAME}/releases/{application.commits['v-bad'][:12]}").returncode == 0

    back = application.deploy("", app_state="rolled_back")
    assert back.status == 0 and application.served() == "1.0.0"
    assert changes(application.deploy("", app_state="rolled_back")) == 0

    application.host.shell(f"kill -KILL $(systemctl show --property=MainPID --value {NAME}.service)")
    application.wait_until_served()
    application.host.restart()
    application.wait_until_served()
    assert application.served() == "1.0.0"


@pytest.mark.long
def test_a_bad_first_release_leaves_no_container(application: Application) -> None:
    bad = application.deploy("v1", app_command=["/usr/bin/python3", "-c", "raise SystemExit(3)"])
    assert bad.status == 2 and "There is no earlier healthy release" in bad.output
    assert application.host.shell("podman ps --all --quiet") == ""
    assert application.deploy("v1").status == 0 and application.served() == "1.0.0"


@pytest.mark.long
def test_a_new_environment_restarts_it_and_limits_of_the_unit_hold(application: Application) -> None:
    assert application.deploy("v1").status == 0
    container = application.container()
    environment = {**application.variables["app_environment"], "BOARD_TITLE": 'a "b" $c %d \\e #f'}
    more = {"app_environment": environment, "app_unit_options": ["TasksMax=77"]}
    changed = application.deploy("v1", **more)
    assert changed.status == 0 and changes(changed) == 3, changed.output
    assert application.container() != container
    assert application.inside("import os; print(os.environ['BOARD_TITLE'])") == environment["BOARD_TITLE"]

    cgroup = application.host.shell(f"systemctl show --property=ControlGroup --value {NAME}.service")
    pid = application.host.shell(f"podman container inspect --format '{{{{.State.Pid}}}}' {NAME}")
    assert application.host.shell(f"grep name=systemd /proc/{pid}/cgroup").endswith(cgroup)
    # As if the run had died between the new unit and the restart.
    unit = f"/etc/systemd/system/{NAME}.service"
    application.host.shell(f"echo '# later' >> {unit}; sleep 1; touch {unit}")
    assert changes(application.deploy("v1", **more)) >= 1


@pytest.mark.long
def test_from_a_service_to_a_container_and_back_release_and_data_stay(application: Application) -> None:
    assert application.deploy("v1", app_runtime="service").status == 0
    application.host.shell(f"echo kept > /srv/{NAME}/shared/data/kept; chown {NAME}: /srv/{NAME}/shared/data/kept")
    owner = application.host.shell(f"stat -c %U:%G /srv/{NAME}/shared/data/*")

    assert application.deploy("v1").status == 0 and application.container()
    assert application.inside("print(open('data/kept').read())") == "kept"
    assert application.served() == "1.0.0"
    assert application.host.shell(f"stat -c %U:%G /srv/{NAME}/shared/data/*") == owner

    back = application.deploy("v1", app_runtime="service")
    assert back.status == 0 and application.served() == "1.0.0", back.output
    assert application.host.shell("podman ps --all --quiet") == ""
    assert application.host.call(f"ls /etc/{NAME}.environment").returncode != 0
    assert changes(application.deploy("v1", app_runtime="service")) == 0
