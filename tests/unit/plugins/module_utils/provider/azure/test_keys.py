# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which client secret a credential is, who may change secrets, and secrets that spread slowly."""

from __future__ import annotations

import copy
import datetime
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential
from ansible_collections.strategic.service_store.plugins.module_utils.provider.azure.keys import ClientSecrets
from lab.ca import issue, make_ca
from lab.clouds.azure import passwords
from lab.clouds.azure.server import serve
from tests.support.servers import LabServer

from .conftest import CLIENT, CONFIG, SECRET, SUBSCRIPTION, TENANT, session

PUBLIC = {"tenant_id": TENANT, "client_id": CLIENT, "subscription_id": SUBSCRIPTION}
OWN = Credential("acme-azure", "azure", PUBLIC, {"client_secret": SECRET})


def config(*secrets: str, **more: Any) -> dict[str, Any]:
    """The usual tenant; its application may change its own secrets, of which it has these."""
    made = copy.deepcopy(CONFIG)
    application = made["tenants"][0]["applications"][0]
    application["secrets"] = [{"value": value} for value in (SECRET, *secrets)]
    application["graph_permissions"] = ["Application.ReadWrite.OwnedBy"]
    return {**made, **more}


Start = Callable[..., LabServer]


def adapter(server: LabServer | InProcess, credential: Credential = OWN, **more: Any) -> ClientSecrets:
    own = session(server.url, server.ca_file, secret=credential.secrets["client_secret"], **more)
    return ClientSecrets(own, credential)


def test_a_secret_is_told_by_its_hint_where_that_is_unique(lab_server: Start) -> None:
    keys = adapter(lab_server("azure", config("other-secret")))
    first, second = keys.keys()
    assert keys.id_of(OWN) == first.id != second.id


def test_two_secrets_that_begin_alike_are_not_told_apart(lab_server: Start) -> None:
    keys = adapter(lab_server("azure", config(SECRET[:3] + "-another")))
    assert keys.id_of(OWN) == ""
    known = replace(OWN, meta={"key_id": keys.keys()[1].id})
    assert keys.id_of(known) == keys.keys()[1].id


def test_a_new_secret_carries_its_key_id_and_no_end_means_two_years(lab_server: Start) -> None:
    keys = adapter(lab_server("azure", config()))
    new = keys.create("next")
    assert new.meta["key_id"] == keys.id_of(new)
    (made,) = [key for key in keys._passwords() if key["displayName"] == "next"]
    start, end = (datetime.datetime.fromisoformat(str(made[name])) for name in ("startDateTime", "endDateTime"))
    assert end - start == datetime.timedelta(days=2 * 365)
    assert made["hint"] == new.secrets["client_secret"][:3] and not made.get("secretText")


def test_calls_of_a_rotation(lab_server: Start) -> None:
    server = lab_server("azure", config())
    keys = adapter(server)
    keys.keys()
    keys.create("next")
    keys.delete(keys.id_of(OWN))
    path = f"/graph/v1.0/applications(appId='{CLIENT}')"
    graph = [f"{call['method']} {call['path']}" for call in server.calls() if "/graph/" in call["path"]]
    assert graph == [f"GET {path}", f"POST {path}/addPassword", f"POST {path}/removePassword"]


def test_without_the_permission_the_error_names_it_and_the_rotator(server: LabServer) -> None:
    for attempt in (lambda: adapter(server).create("next"), lambda: adapter(server).delete("x")):
        with pytest.raises(ProviderError, match="Application.ReadWrite.OwnedBy") as failed:
            attempt()
        assert failed.value.kind == "no_permission" and "name a rotator" in failed.value.hint


class InProcess:
    """The emulator on threads of this process, and the clock by which its token servers hear of secrets."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
        self.clock_s = 1000.0
        monkeypatch.setattr(passwords, "time", SimpleNamespace(monotonic=lambda: self.clock_s))
        ca = make_ca(folder)
        self.ca_file = str(ca.cert_path)
        self.server = serve("127.0.0.1", 0, *map(str, issue(ca, ["localhost"], ["127.0.0.1"])), config(**more))
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> InProcess:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def takes(self, secret: Credential) -> bool:
        """Whether the token server whose turn it is takes a secret."""
        try:
            adapter(self, secret, retry=Retry(0))._session.probe("entra")
        except ProviderError as exc:
            assert exc.kind == "bad_key" and "AADSTS7000215" in exc.why
            return False
        return True


def test_a_new_secret_is_refused_for_a_while_and_not_at_every_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with InProcess(tmp_path, monkeypatch, secret_delay_s=2.0, secret_servers=2) as server:
        new = adapter(server).create("next")
        server.clock_s += 0.9
        assert [server.takes(new) for _turn in range(4)] == [False] * 4
        server.clock_s += 0.6
        outcomes = [server.takes(new) for _turn in range(4)]
        assert outcomes in ([True, False] * 2, [False, True] * 2)
        server.clock_s += 0.6
        assert [server.takes(new) for _turn in range(4)] == [True] * 4


def test_an_end_in_the_past_is_refused(lab_server: Start) -> None:
    with pytest.raises(ProviderError) as failed:
        adapter(lab_server("azure", config())).create("next", "2020-01-01T00:00:00Z")
    assert failed.value.kind == "invalid"
