# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application in a container can see and do, which images are taken, and where its secrets are."""

from __future__ import annotations

import json

import pytest

from tests.support.container_app import NAME, PORT, Application, changes
from tests.support.container_host import PYTHON
from tests.support.playbook import left_behind

pytestmark = pytest.mark.lab

LOOK = """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
def writes(path):
    try:
        open(path, "a").close()
        return True
    except OSError:
        return False
print(json.dumps({
    "user": os.getuid(),
    "groups": os.getgroups(),
    "capabilities": int(status["CapBnd"], 16) | int(status["CapPrm"], 16),
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "seccomp": status["Seccomp"].strip(),
    "cgroups": os.listdir("/sys/fs/cgroup"),
    "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit())[0],
    "srv": sorted(os.listdir("/srv/" + NAME)),
    "writes": [path for path in PATHS if writes(path)],
}))
"""
SECRET = "7Jq-a-secret-of-the-board"


def test_it_sees_its_release_and_may_write_to_its_shared_folders_only(application: Application) -> None:
    assert application.deploy("v1").status == 0
    paths = ["board/x", "/etc/x", "/usr/x", f"/srv/{NAME}/x", f"/srv/{NAME}/shared/x", "data/x", "/tmp/x"]
    seen = json.loads(application.inside(f"NAME, PATHS = {NAME!r}, {paths!r}\n{LOOK}"))
    uid = int(application.host.shell(f"id -u {NAME}"))
    assert seen == {
        "user": uid,
        "groups": [],
        "capabilities": 0,
        "no_new_privileges": "1",
        "seccomp": "2",
        "cgroups": [],
        "processes": 1,
        "srv": ["current", "shared"],
        "writes": ["data/x", "/tmp/x"],
    }
    # The application itself, as the host sees it, and not only what is started in its container later.
    pid = application.host.shell(f"podman container inspect --format '{{{{.State.Pid}}}}' {NAME}")
    assert application.host.shell(f"stat -c %u /proc/{pid}") == str(uid)


@pytest.mark.long
def test_a_credential_is_a_file_for_the_application_alone(application: Application) -> None:
    host = application.host
    host.shell(f"umask 077; echo {SECRET} > /etc/{NAME}.secret")
    run = application.deploy("v1", watch=True, app_credentials={"database": f"/etc/{NAME}.secret"})
    assert run.status == 0, run.output
    path = "import os; p = os.environ['CREDENTIALS_DIRECTORY'] + '/database'"
    read = f"{path}; print(open(p).read(), oct(os.stat(p).st_mode))"
    assert application.inside(read).split() == [SECRET, "0o100400"]
    folder = f"/run/{NAME}-credentials"
    assert host.shell(f"stat -c '%a %U' {folder}") == "700 root"

    environment = application.variables["app_environment"]
    assert not any(SECRET in line for line in run.command_lines)
    assert not any(f"BOARD_DATA={environment['BOARD_DATA']}" in line for line in run.command_lines)
    assert any("podman" in line and f"--name={NAME}" in line for line in run.command_lines)
    assert SECRET not in run.output
    assert not [path for path, content in left_behind(application.folder) if SECRET.encode() in content]
    shown = host.shell(f"podman container inspect {NAME}; systemctl cat {NAME}.service; journalctl --no-pager")
    assert SECRET not in shown
    places = host.shell(f"grep -rlF {SECRET} /etc /srv /var/lib /run --devices=skip || true").split()
    assert sorted(places) == sorted([f"/etc/{NAME}.secret", f"{folder}/database"])

    host.shell(f"systemctl stop {NAME}.service")
    assert host.call(f"test -e {folder}").returncode != 0


def test_an_image_that_could_be_another_one_tomorrow_is_refused(application: Application) -> None:
    tag = application.deploy("v1", app_image="registry.example.net/python:3.11", app_image_pull="missing")
    assert tag.status == 2 and "is not pinned" in tag.output and "name@sha256:" in tag.output
    never = application.deploy("v1", app_image="registry.example.net/python:3.11", app_image_pull="never")
    assert never.status == 2 and "is not on this host, and app_image_pull is never" in never.output
    none = application.deploy("v1", app_image="")
    assert none.status == 2 and "app_image: (empty) is no image" in none.output
    assert application.left() == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"app_publish": [f"{PORT}:{PORT}"]}, "cannot be published from the host's own network"),
        ({"app_environment": {"A": "b\nC=d"}}, "a value holds a line break"),
        ({"app_environment": {"A B": "c"}}, "A B is no name of an environment variable"),
    ],
    ids=["port", "line-break", "name"],
)
def test_bad_input_is_named_and_changes_nothing(
    application: Application, more: dict[str, object], message: str
) -> None:
    run = application.deploy("v1", **more)
    assert run.status == 2 and message in " ".join(run.output.split())
    assert application.left() == []


@pytest.mark.long
def test_a_tag_on_the_host_is_kept_by_its_id(application: Application) -> None:
    assert application.deploy("v1", app_image=PYTHON, app_image_pull="missing").status == 0
    before = application.host.shell(f"podman container inspect --format '{{{{.Image}}}}' {NAME}")
    # The same tag on another image: said by check mode, and taken by the next run, not by a restart.
    application.host.shell(
        f"echo 'FROM {PYTHON}' | podman build --quiet --format docker --label new=yes --tag {PYTHON} -"
    )
    application.host.shell(f"systemctl restart {NAME}.service")
    assert application.host.shell(f"podman container inspect --format '{{{{.Image}}}}' {NAME}") == before
    assert changes(application.deploy("v1", "--check", app_image=PYTHON)) >= 1
    assert application.deploy("v1", app_image=PYTHON).status == 0
    assert application.host.shell(f"podman container inspect --format '{{{{.Image}}}}' {NAME}") != before


@pytest.mark.long
def test_a_pinned_image_is_pulled_once_and_its_port_is_published_from_a_network_of_its_own(
    application: Application,
) -> None:
    reference = application.start_registry()
    pulled = {"app_image": reference, "app_image_pull": "missing"}
    published = {"app_network": "bridge", "app_publish": [f"127.0.0.1:{PORT}:{PORT}"], **pulled}
    predicted = application.deploy("v1", "--check", app_environment={}, **published)
    assert predicted.status == 0 and f"{reference} would be pulled" in predicted.output
    assert application.host.call(f"podman image exists {reference}").returncode != 0
    other = reference.rpartition(":")[0] + ":" + "0" * 64
    assert application.deploy("v1", **{**pulled, "app_image": other}).status == 2 and application.left("unit") == []

    run = application.deploy("v1", **published)
    assert run.status == 0 and application.served() == "1.0.0", run.output
    interfaces = application.inside("import socket; print(*(name for _n, name in socket.if_nameindex()))").split()
    assert interfaces == ["lo", "eth0"]
    application.stop_registry()
    application.host.shell(f"systemctl restart {NAME}.service")
    application.wait_until_served()
    assert changes(application.deploy("v2", **published)) == 1 and application.served() == "2.0.0"
