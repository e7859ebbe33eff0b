# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits and notices as loud as Ansible can be: no key, mail password or webhook address is shown or left anywhere.

One key is overdue and one the provider refuses; the mail server and the webhook refuse first and take it then. What is
told to whom is in test_notify_playbook.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.aged import SECRET, Site
from tests.support.leaks import assert_kept, assert_nothing_leaked
from tests.support.mail import Hook, PostOffice, post_office, webhook
from tests.support.playbook import Run
from tests.support.servers import StartServer

pytestmark = [
    pytest.mark.slow,
    # The password goes over loopback alone.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]
REFUSED = {**SECRET, "secret_key": "canary-refused-zyxwvutsrqponmlkjihgfedcba9876543210"}
PASSWORD, WRONG = "canary+mail/password 1?&=%", "canary+mail/password 2?&=%"
TOKEN = "canary-header-token-5b1e7c"
KEYS = {SECRET["secret_key"], REFUSED["secret_key"]}
#: The modules by which notices go out are others' and get secrets as arguments. To keep modules' files, Ansible writes
#: them, also where pipelining is on so that there are none.
NOT_KEPT = {"ANSIBLE_KEEP_REMOTE_FILES": "0"}
CONFIG = {
    "job_delay_s": 0,
    "accounts": [
        {"name": "acme", "users": [{"username": "s", "apikey": SECRET["api_key"], "secretkey": SECRET["secret_key"]}]}
    ],
}


@pytest.fixture(scope="module")
def site(module_lab_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Site:
    server = module_lab_server("cloudstack", CONFIG)
    api = f'endpoints: {{api: "{server.url}/client/api"}}\n    ca_file: {server.ca_file}'
    made = Site(tmp_path_factory.mktemp("notices") / "site", {"acme-late": 61, "globex-refused": 55}, api)
    made.age("globex-refused", 55, REFUSED)
    return made


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office(PASSWORD) as running:
        yield running


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as running:
        yield running


def failed(run: Run) -> set[str]:
    return {name for name, number in re.findall(r"^(\S+)\s+: ok=.*failed=(\d+)", run.output, re.M) if int(number)}


def notify(site: Site, office: PostOffice, hook: Hook, password: str, **more: Any) -> Run:
    """Send notices; what is secret of the channels comes from a file of the operator's own."""
    server = {"host": "127.0.0.1", "port": office.port, "secure": "never", "from": "store@store.example"}
    channels = {
        "service_store_notify_mail": {**server, "username": "store"},
        "service_store_notify_mail_password": password,
        "service_store_notify_webhook": {"url": hook.url, "headers": {"Authorization": f"Bearer {TOKEN}"}},
    }
    file = site.keep("channels.json", json.dumps(channels))
    return site.run_loudly("notify", "-e", f"@{file}", env=NOT_KEPT, **more)


def secrets(site: Site, hook: Hook) -> set[str]:
    return {*KEYS, PASSWORD, WRONG, TOKEN, hook.url, hook.url.rpartition("/")[2], site.store_key}


def test_an_audit_of_a_key_that_is_late_and_one_that_is_refused_leaves_no_secret(site: Site) -> None:
    run = site.run_loudly("audit")
    assert failed(run) == {"acme-late", "globex-refused"}, run.output[-3000:]
    assert "The key acme-late-key is overdue since" in run.output and "bad_key" in run.output
    assert_nothing_leaked(site.folder, [run], {*KEYS, site.store_key})
    assert_kept(site.folder)


@pytest.mark.long
def test_notices_that_are_refused_and_sent_leave_no_secret(site: Site, office: PostOffice, hook: Hook) -> None:
    hook.status = 500
    refused = notify(site, office, hook, WRONG)
    assert failed(refused) == {"acme-late", "globex-refused"} and not office.letters, refused.output[-3000:]
    hook.status = 200
    sent = notify(site, office, hook, PASSWORD)
    assert sent.status == 0 and (len(office.letters), len(hook.calls)) == (2, 2), sent.output[-3000:]
    assert {headers["Authorization"] for headers, _body in hook.calls} == {f"Bearer {TOKEN}"}
    assert_nothing_leaked(site.folder, [refused, sent], secrets(site, hook))


@pytest.mark.long
def test_a_run_that_is_killed_while_it_sends_leaves_no_secret(site: Site, office: PostOffice, hook: Hook) -> None:
    for name in [name for name in site.store.names() if name.endswith(".notice")]:
        site.store.delete(name)
    office.slow = True
    killed = notify(site, office, hook, PASSWORD, kill_when=office.busy.is_set)
    office.slow = False
    assert killed.status == -9 and not office.letters, killed.output[-3000:]
    assert_nothing_leaked(site.folder, [killed], secrets(site, hook))
