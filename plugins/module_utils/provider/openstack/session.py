# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One OpenStack project: a token by application credential or password, and the seam where failures are translated.

Only keystoneauth1 is used of what openstacksdk brings: it has the token, the catalog and the proxy, and loads in a
quarter of the time that ``import openstack`` takes in every task.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ...core.deps import load
from ...core.errors import InvalidInput, ProviderError
from ...core.retry import asked_s
from ...model.credential import Credential
from ..base import Access, CallCounter, Identity
from .access_rules import AccessRule, parse_rules, permits
from .credential import expired, probe
from .errors import Answer, no_answer, refusal

MOST_TO_CONNECT_S = 10.0
_WHY = "to call OpenStack"


class OpenStackSession:
    """Calls Neutron and Keystone as one user of one project. ``endpoints``: identity (needed), network."""

    provider = "openstack"

    def __init__(self, credential: Credential, access: Access) -> None:
        self.access = access
        self.calls = CallCounter()
        self.credential = credential
        self.identity_url = _identity_url(access.endpoints.get("identity", ""))
        self._lock = threading.Lock()
        self._made: tuple[Any, Any] | None = None
        self._token: Any = None

    def call(
        self,
        doing: str,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        service: str = "network",
        retry: Callable[[Callable[[int], Any]], Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Call Neutron or Keystone and return the answer's JSON; ``doing`` completes "could not ..." in an error.

        ``path`` begins with the version of the service's API. The call is counted each time it goes out, and tried
        again while its failure is transient, unless ``retry`` says otherwise.
        """
        url = (self.identity_url.removesuffix("/v3") if service == "identity" else self.network_url()) + path
        self.token()
        session, auth = self._client()

        def send() -> Any:
            more = {"headers": dict(headers)} if headers else {}
            return session.request(url, method, auth=auth, params=list(query), json=body, raise_exc=False, **more)

        def once(_number: int) -> dict[str, Any]:
            answer = self._send(doing, send)
            if 200 <= answer.status_code < 300:
                found: dict[str, Any] = answer.json() if answer.content else {}
                return found
            error = self._refused(doing, AccessRule(service, method, path), Answer(answer.status_code, answer.text))
            error.retry_after_s = asked_s(answer.headers.get("Retry-After"))
            raise error

        found: dict[str, Any] = (retry or self.access.retry.call)(once)
        return found

    def token(self) -> Any:
        """Return keystoneauth's view of the token, asked for once; keystoneauth itself renews it."""

        def once(_number: int) -> Any:
            session, auth = self._client()
            return self._send("get a token of Keystone", lambda: auth.get_access(session))

        if self._token is None:
            self._token = self.access.retry.call(once)
        return self._token

    def access_rules(self) -> tuple[AccessRule, ...] | None:
        """Return what the application credential may call at all; None where it has no such list.

        Keystone (since Train) puts the list into the token it gives, so that no call is needed for it.
        """
        return parse_rules(self.token().application_credential_access_rules)

    def probe(self, service: str = "") -> Identity:
        """Ask Keystone for a token; with ``network``, also make a read call at Neutron."""
        return probe(self, service)

    def network_url(self) -> str:
        """Return where Neutron is: as the account says, or as the catalog does."""
        token = self.token()
        own = self.access.endpoints.get("network")
        if own:
            return own
        found = self._send(
            "find Neutron in the catalog",
            lambda: token.service_catalog.url_for(
                service_type="network", interface="public", region_name=self.access.region
            ),
        )
        return str(found).rstrip("/")

    def _send(self, doing: str, action: Callable[[], Any]) -> Any:
        """Run something that uses keystoneauth; every failure of it becomes a ProviderError."""
        failures = load("keystoneauth1.exceptions", "openstacksdk", _WHY).ClientException
        try:
            return action()
        except failures as exc:
            response = getattr(exc, "response", None)
            if response is None:
                raise no_answer(doing, exc, self.access.proxy) from exc
            # Only a request for a token raises for its status: a call asks for the answer as it is.
            error = refusal(doing, Answer(response.status_code, response.text, login=True))
            raise expired(self.credential, error) from exc

    def _refused(self, doing: str, call: AccessRule, answer: Answer) -> ProviderError:
        """Return the error for a refusal of Neutron's.

        A call outside the access rules gets the same 401 as a bad token (keystonemiddleware); the token just came
        from Keystone, so the rules tell which one it is.
        """
        rules = self.access_rules()
        if answer.status == 401 and rules is not None and not permits(rules, call.service, call.method, call.path):
            why = "401: the application credential has access rules, and none of them allows this call"
            hint = f"make one with a rule for service {call.service}, method {call.method}, path {call.path}"
            return ProviderError("openstack", doing, why, "no_permission", hint=hint)
        return refusal(doing, answer)

    def _client(self) -> tuple[Any, Any]:
        """Return keystoneauth's session and plugin, made once."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> tuple[Any, Any]:
        v3 = load("keystoneauth1.identity.v3", "openstacksdk", _WHY)
        session = load("keystoneauth1.session", "openstacksdk", _WHY).Session(
            session=_http(self.access, self.calls),
            verify=self.access.ca_file or True,
            user_agent="strategic.service_store",
            # A redirect would carry the token to wherever it points.
            redirect=False,
        )
        return session, self._auth(v3)

    def _auth(self, v3: Any) -> Any:
        """Return how to ask for a token, by the credential's form."""
        public, secrets = self.credential.public, self.credential.secrets
        if "username" in public:
            return v3.Password(
                self.identity_url,
                username=public["username"],
                password=secrets["password"],
                user_domain_name=public["user_domain_name"],
                project_name=public["project_name"],
                project_domain_name=public.get("project_domain_name") or public["user_domain_name"],
            )
        return v3.ApplicationCredential(
            self.identity_url,
            application_credential_id=public["application_credential_id"],
            application_credential_secret=secrets["application_credential_secret"],
        )


def _identity_url(given: str) -> str:
    """Return Keystone's URL with the version of its API."""
    if not given:
        mend = "is needed: Keystone's URL, such as https://openstack.example.net:5000/v3"
        raise InvalidInput("endpoints.identity", None, mend)
    return given if given.endswith("/v3") else f"{given}/v3"


def _http(access: Access, calls: CallCounter) -> Any:
    """Return a requests session that takes nothing from the environment and counts what goes out."""
    requests = load("requests", "openstacksdk", _WHY)

    class Counted(requests.adapters.HTTPAdapter):  # type: ignore[name-defined]
        def send(self, request: Any, **options: Any) -> Any:
            path = request.path_url.partition("?")[0]
            calls.count(f"{request.method} {_template(path)}")
            # keystoneauth knows one timeout for both; a host that drops packets need not be waited for that long.
            options["timeout"] = (min(access.timeout_s, MOST_TO_CONNECT_S), access.timeout_s)
            return super().send(request, **options)

    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": access.proxy} if access.proxy else {}
    # pool_block: however many threads there are, no more than these are connections to the provider.
    session.mount("https://", Counted(pool_maxsize=access.workers, pool_block=True))
    return session


def _template(path: str) -> str:
    """Return a path without ids, so that calls of one kind count as one name."""
    parts = [
        ("*" if len(part) in (32, 36) and "-" not in part.strip("0123456789abcdef-") else part)
        for part in path.split("/")
    ]
    return "/".join(parts)
