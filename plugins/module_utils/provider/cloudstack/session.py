# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One signed connection to one CloudStack account."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable
from urllib.parse import urlsplit

from ...core.deps import load
from ...core.errors import InvalidInput, ProviderError
from ...core.waiting import Wait
from ...model.credential import Credential
from ..base import Access, CallCounter, Identity
from . import credential as keys
from .translate import api_error, failure

API_PATH = "/client/api"
JOB_TIMEOUT_S = 600.0
Retrying = Callable[[Callable[[int], Any]], Any]
#: Seconds between two looks at a job: the first comes soon, later ones spare the provider.
POLL_FIRST_S, POLL_MOST_S = 0.1, 2.0


@dataclass(frozen=True)
class Submitted:
    """A job that has been taken on, and the id of what it makes (empty where CloudStack does not say)."""

    job_id: str
    made_id: str = ""


class CloudStackSession:
    """Calls commands by name. Every call is counted, retried where that helps, and its failure translated.

    ``endpoints.api`` is the API's address; /client/api is added where it has no path.
    """

    def __init__(self, credential: Credential, access: Access) -> None:
        self.provider = credential.provider
        self.calls = CallCounter()
        self.access = access
        self.credential = credential
        self.endpoint = _endpoint(access, self.provider)
        self._sdk = load("cs", "cs", "to call CloudStack's API")
        self._requests = load("requests", "requests", "to call CloudStack's API")
        self._http = self._transport()
        self._client = self.client(credential.secrets["secret_key"])
        self._refused = False

    def _transport(self) -> Any:
        """Return a requests session that no variable of the environment can send elsewhere."""
        http = self._requests.Session()
        http.trust_env = False
        http.proxies = {"https": self.access.proxy} if self.access.proxy else {}
        pool = max(10, self.access.workers)
        http.mount("https://", self._requests.adapters.HTTPAdapter(pool_connections=2, pool_maxsize=pool))
        return http

    def client(self, secret: str) -> Any:
        """Return the library's client; the library's own retries are off, ours cover every command."""
        return self._sdk.CloudStack(
            self.endpoint,
            self.credential.public["api_key"],
            secret,
            timeout=max(1, math.ceil(self.access.timeout_s)),
            method="post",
            verify=self.access.ca_file or True,
            session=self._http,
            retry=0,
            job_timeout=JOB_TIMEOUT_S,
            poll_interval=POLL_MOST_S,
            expiration=keys.EXPIRATION_S,
        )

    def probe(self, service: str = "") -> Identity:
        """Say whose the key is: one listUsers."""
        return keys.identity(self)

    def call(self, doing: str, command: str, *, retry: Retrying | None = None, **params: Any) -> Any:
        """Call one command; None values are left out. Raises ProviderError.

        It is tried again while its failure is transient, unless ``retry`` says otherwise.
        """
        return self._call(doing, command, lambda: getattr(self._client, command)(**params), retry)

    def list_all(self, doing: str, command: str, **params: Any) -> list[dict[str, Any]]:
        """Call a list command for all its pages. A page is 500 items, CloudStack's own default limit."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.call(doing, command, page=page, pagesize=500, **params)
            items = next((value for value in answer.values() if isinstance(value, list)), [])
            found.extend(items)
            if not items or len(found) >= int(answer.get("count") or 0):
                return found
            page += 1

    def list_if_any(self, doing: str, command: str, **params: Any) -> list[dict[str, Any]]:
        """Call a list command by an id or name that may stand for nothing; CloudStack refuses an unknown id."""
        try:
            return self.list_all(doing, command, **params)
        except ProviderError as exc:
            if exc.kind != "not_found":
                raise
            return []

    def submit(self, doing: str, command: str, **params: Any) -> Submitted:
        """Start an asynchronous command; several may run while the first is waited for."""
        answer = self.call(doing, command, **params)
        return Submitted(str(answer["jobid"]), str(answer.get("id") or ""))

    def finish(self, doing: str, submitted: Submitted) -> Mapping[str, Any]:
        """Wait for a job and return its result; raises ProviderError where it failed."""
        return self.wait(doing, submitted.job_id)

    def wait(self, doing: str, job_id: str) -> Mapping[str, Any]:
        """Wait for a job, given by its id."""
        wait = Wait(frozenset({"1", "2"}), every_s=POLL_MOST_S, at_most_s=JOB_TIMEOUT_S, sleep=_Pace().sleep)
        job = wait.poll(
            self.provider,
            doing,
            lambda: self.call(doing, "queryAsyncJobResult", jobid=job_id),
            lambda answer: str(answer.get("jobstatus")),
        )
        result = job.get("jobresult")
        if str(job["jobstatus"]) == "2":
            error = result if isinstance(result, Mapping) else {"errortext": result}
            raise api_error(self.provider, doing, error, in_job=True)
        return result if isinstance(result, Mapping) else {}

    def run_job(self, doing: str, command: str, **params: Any) -> Mapping[str, Any]:
        """Start an asynchronous command and wait for it."""
        return self.finish(doing, self.submit(doing, command, **params))

    def _call(self, doing: str, command: str, send: Callable[[], Any], retry: Retrying | None = None) -> Any:
        """Send with retries; a refused key is looked into once, since CloudStack does not say what it refused."""
        try:
            return (retry or self.access.retry.call)(lambda _attempt: self.send(doing, command, send))
        except ProviderError as exc:
            if exc.kind != "bad_key" or self._refused:
                raise
            self._refused = True
            raise keys.look_into(self, exc) from exc

    def send(self, doing: str, command: str, send: Callable[[], Any]) -> Any:
        """Send once, counted, and translate what goes wrong."""
        self.calls.count(command)
        try:
            return send()
        except Exception as exc:
            translated = failure(self._sdk, self._requests, self.provider, doing, exc)
            if translated is None:
                raise
            raise translated from exc


class _Pace:
    """Sleeps 0.1 s, then longer each time: CloudStack's short jobs are done within a second."""

    def __init__(self) -> None:
        self._next_s = POLL_FIRST_S

    def sleep(self, _seconds: float) -> None:
        time.sleep(self._next_s)
        self._next_s = min(POLL_MOST_S, self._next_s * 2)


def _endpoint(access: Access, provider: str) -> str:
    url = access.endpoints.get("api", "")
    if not url:
        raise InvalidInput(
            "endpoints.api", None, f"is missing; {provider} has no address of its own, write https://HOST/client/api"
        )
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}{API_PATH}"
