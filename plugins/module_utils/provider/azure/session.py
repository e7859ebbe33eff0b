# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Azure subscription: tokens by azure-identity, calls by azure-core's transport, errors translated at one seam.

azure-mgmt-network is left out on purpose: it takes seconds to import, and the bodies of a group's foreign rules have to
go back byte for byte, which its models are no help with. Every call names the api-version it was tested with.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, TypeVar
from urllib.parse import urlencode

from ...core.deps import load
from ...core.errors import ProviderError
from ...core.retry import asked_s
from ...core.waiting import Wait
from ...model.credential import Credential
from ..base import Access, CallCounter, Identity
from .credential import probe
from .errors import refusal, translate

T = TypeVar("T")
Retrying = Callable[[Callable[[int], T]], T]
#: The public cloud; sovereign clouds, Azure Stack and the lab name their own in the account's endpoints.
ENDPOINTS = {
    "arm": "https://management.azure.com",
    "entra": "https://login.microsoftonline.com",
    "graph": "https://graph.microsoft.com",
    # Whom a token for data is made for; where the data is, Resource Manager says.
    "storage": "https://storage.azure.com",
    "vault": "https://vault.azure.net",
}
NETWORK_VERSION = "2025-07-01"
MOST_TO_CONNECT_S = 10.0
#: Azure names the pause between polls; this one is for answers that do not.
POLL_S = 2.0
MOST_TO_FINISH_S = 600.0
_LIBRARY = "azure-identity"


@dataclass(frozen=True)
class Answer:
    """What came back: the JSON body (None without one) and the headers, their names in lower case."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """An answer as it came: its text, and the headers, their names in lower case."""

    status: int
    text: str
    headers: Mapping[str, str]


class AzureSession:
    """Calls Resource Manager and Graph as one application. ``endpoints`` are keyed as in ENDPOINTS."""

    provider = "azure"

    def __init__(self, credential: Credential, access: Access) -> None:
        self.access = access
        self.calls = CallCounter()
        self.public = credential.public
        self._secret = credential.secrets["client_secret"]
        self._endpoints = {**ENDPOINTS, **access.endpoints}
        self._identity: Any = None
        self._pipeline: Any = None
        self._lock = threading.RLock()

    @property
    def subscription_id(self) -> str:
        """Return the subscription of the account."""
        return self.public["subscription_id"]

    def endpoint(self, service: str) -> str:
        """Return the base address of a service, without a slash at its end."""
        return self._endpoints[service].rstrip("/")

    def probe(self, service: str = "") -> Identity:
        """Ask for a token and for the subscription, or at another service."""
        return probe(self, service)

    def token(self, service: str) -> str:
        """Return an access token for a service; azure-identity keeps it until shortly before it expires."""
        with self._lock:
            if self._identity is None:
                self._identity = self._make_identity()
            try:
                return str(self._identity.get_token(self.endpoint(service) + "/.default").token)
            except Exception:
                # MSAL repeats a failed answer of the token endpoint for some seconds instead of asking again.
                self._identity = None
                raise

    def call(self, doing: str, action: Callable[[int], T], retry: Retrying[T] | None = None) -> T:
        """Run ``action(attempt)`` with translation of errors and retries; ``doing`` completes "could not ...".

        It is tried again while its failure is transient, unless ``retry`` says otherwise.
        """
        errors = load("azure.core.exceptions", _LIBRARY, "to call Azure")

        def once(number: int) -> T:
            try:
                return action(number)
            except ProviderError:
                raise
            except errors.AzureError as exc:
                raise translate(doing, exc, self.access.proxy) from exc

        return (retry or self.access.retry.call)(once)

    def send(
        self,
        doing: str,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call, retried while its failure is transient."""
        return self.call(doing, lambda _number: self.send_once(doing, method, service, path, body, query, headers))

    def send_once(
        self,
        doing: str,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call, once. ``path`` begins at the service's base address."""
        request = load("azure.core.rest", _LIBRARY, "to call Azure").HttpRequest(
            method,
            self.endpoint(service) + path + (f"?{urlencode(query)}" if query else ""),
            headers={"Authorization": f"Bearer {self.token(service)}", "Accept": "application/json", **(headers or {})},
            **({} if body is None else {"json": body}),
        )
        self.calls.count(f"{service}.{method} {_kind(path)}")
        response = self._transport().send_request(request)
        text = response.text()
        found = _parse(text)
        if response.status_code >= 400:
            error = refusal(doing, response.status_code, found)
            error.retry_after_s = asked_s(response.headers.get("Retry-After"))
            raise error
        if text and found is None:
            raise ProviderError("azure", doing, "what answered is not Azure: the answer is no JSON", "other")
        return Answer(response.status_code, found, {name.lower(): text for name, text in response.headers.items()})

    def get_once(self, doing: str, url: str, headers: Mapping[str, str]) -> Reply:
        """Make one call of an address that is none of ``endpoints``, once, and return whatever answers.

        Throttling and a failure of the server are raised, since they say nothing.
        """
        request = load("azure.core.rest", _LIBRARY, "to call Azure").HttpRequest("GET", url, headers=dict(headers))
        self.calls.count("data.GET")
        response = self._transport().send_request(request)
        text = response.text()
        if response.status_code == 429 or response.status_code >= 500:
            raise refusal(doing, response.status_code, _parse(text))
        return Reply(response.status_code, text, {name.lower(): value for name, value in response.headers.items()})

    def pages(self, doing: str, service: str, path: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Yield the items of a list, over all its pages."""
        more: Mapping[str, str] | None = query
        while path:
            body = self.send(doing, "GET", service, path, query=more).body
            yield from body["value"]
            following = str(body.get("nextLink") or body.get("@odata.nextLink") or "")
            if following and not following.startswith(self.endpoint(service) + "/"):
                # The token goes nowhere but to the service that it was made for.
                why = f"its next page is at {following.partition('?')[0]}, which is not the service"
                raise ProviderError("azure", doing, why, "invalid")
            path, more = following[len(self.endpoint(service)) :], None

    def finish(self, doing: str, answer: Answer, at_most_s: float = MOST_TO_FINISH_S) -> None:
        """Wait for a long-running operation that an answer speaks of; return at once where there is none."""
        place = answer.headers.get("azure-asyncoperation", "")
        if not place:
            return
        base = self.endpoint("arm")
        if not place.startswith(base + "/"):
            raise ProviderError("azure", doing, f"its status is at {place.partition('?')[0]}, not at {base}", "invalid")

        def read() -> Mapping[str, Any]:
            found: Mapping[str, Any] = self.send(doing, "GET", "arm", place[len(base) :]).body
            if found["status"] in ("Failed", "Canceled"):
                raise refusal(doing, 400, found)
            return found

        pause = float(answer.headers.get("retry-after") or POLL_S)
        wait = Wait(frozenset({"Succeeded"}), every_s=pause, at_most_s=at_most_s, sleep=self.access.retry.sleep)
        wait.poll("azure", doing, read, lambda found: str(found["status"]))

    def _transport(self) -> Any:
        """Return the pipeline for Resource Manager and Graph, made once."""
        with self._lock:
            if self._pipeline is None:
                core = load("azure.core", _LIBRARY, "to call Azure")
                policies = load("azure.core.pipeline.policies", _LIBRARY, "to call Azure")
                transport = load("azure.core.pipeline.transport", _LIBRARY, "to call Azure")
                self._pipeline = core.PipelineClient(
                    "https://unused.invalid",
                    transport=transport.RequestsTransport(**self._connection()),
                    policies=[
                        policies.UserAgentPolicy(base_user_agent="strategic.service_store"),
                        policies.ProxyPolicy(proxies=self._proxies()),
                    ],
                )
            return self._pipeline

    def _make_identity(self) -> Any:
        module = load("azure.identity", _LIBRARY, "to call Azure")
        try:
            return module.ClientSecretCredential(
                self.public["tenant_id"],
                self.public["client_id"],
                self._secret,
                authority=self.endpoint("entra"),
                # Discovery would ask Microsoft's public cloud about the authority of a private one.
                disable_instance_discovery=True,
                proxies=self._proxies(),
                # Retries are this collection's own, so that they are counted and the same for every cloud.
                retry_total=0,
                raw_request_hook=self._count_token,
                **self._connection(),
            )
        except ValueError as exc:
            raise ProviderError("azure", "use the credential", str(exc).partition(". ")[0], "bad_key") from exc

    def _count_token(self, request: Any) -> None:
        """Count what azure-identity sends: the tenant's configuration once, then tokens."""
        what = "token" if request.http_request.method == "POST" else "configuration"
        self.calls.count(f"entra.{what}")

    def _connection(self) -> dict[str, Any]:
        """Return the options of azure-core's transport: nothing is taken from the environment."""
        return {
            "connection_timeout": min(self.access.timeout_s, MOST_TO_CONNECT_S),
            "read_timeout": self.access.timeout_s,
            "connection_verify": self.access.ca_file or True,
            "use_env_settings": False,
        }

    def _proxies(self) -> dict[str, str]:
        return {"https": self.access.proxy} if self.access.proxy else {}


def _kind(path: str) -> str:
    """Return the type of resource that a path is about, for the count of calls."""
    path = re.sub(r"\([^)]*\)", "", path)
    parts = path.partition("?")[0].split("/providers/")[-1].strip("/").split("/")
    if "/providers/" in path:
        return parts[1] if parts[1] != "locations" else parts[3]
    return "/".join(part for part in parts[:4] if not any(char.isdigit() for char in part)) or path


def _parse(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        # A proxy or a gateway answered in HTML.
        return None
