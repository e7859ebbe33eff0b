# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One AWS account: clients made from explicit values only, and the seam where botocore's exceptions are translated."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any, Callable, TypeVar

from ...core.deps import load
from ...model.credential import Credential
from ..base import Access, CallCounter, Identity
from ..once import at_most_once
from .credential import probe
from .errors import translate

T = TypeVar("T")
#: Calls an attempt until it succeeds or may not be made again.
Retried = Callable[[Callable[[int], Any]], Any]
#: Where IAM and STS live when no region is given; they know no regions.
DEFAULT_REGION = "us-east-1"
MOST_TO_CONNECT_S = 10.0
_MAKING = threading.Lock()


class AwsSession:
    """Calls AWS with one access key. ``endpoints`` are keyed by botocore's service names: ec2, iam, sts, s3 ..."""

    provider = "aws"

    def __init__(self, credential: Credential, access: Access) -> None:
        self.access = access
        self.calls = CallCounter()
        self._credential = credential
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the client of a service, made once; making one is not thread-safe in botocore, using one is."""
        with _MAKING:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def call(self, doing: str, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call and return the answer; ``doing`` completes "could not ..." in an error.

        The call is counted each time it goes out, and tried again while its failure is transient.
        """
        return self.attempt(doing, lambda: getattr(self.client(service), operation)(**parameters))

    def call_once(self, doing: str, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call that must not be made twice: it is sent again after throttling alone."""
        once: Retried = at_most_once(self.access.retry)
        return self.attempt(doing, lambda: getattr(self.client(service), operation)(**parameters), once)

    def attempt(self, doing: str, action: Callable[[], T], retried: Retried | None = None) -> T:
        """Run something that uses a client, with translation of errors and retries."""

        def once(_number: int) -> T:
            try:
                return action()
            except self._failures() as exc:
                raise translate(doing, exc, self.access.proxy) from exc

        result: T = (retried or self.access.retry.call)(once)
        return result

    def probe(self, service: str = "") -> Identity:
        """Ask who this key is, at STS or at another service."""
        return probe(self, service)

    @property
    def access_key_id(self) -> str:
        """Return the public half of the key."""
        return self._credential.public["access_key_id"]

    def _failures(self) -> Any:
        errors = load("botocore.exceptions", "boto3", "to call AWS")
        parsers = load("botocore.parsers", "boto3", "to call AWS")
        # Something on the way, such as a load balancer, may answer with a page of its own.
        return (errors.BotoCoreError, errors.ClientError, parsers.ResponseParserError)

    def _make(self, service: str) -> Any:
        config = load("botocore.config", "boto3", "to call AWS").Config(
            # Retries are this collection's own, so that they are counted and the same for every cloud.
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=min(self.access.timeout_s, MOST_TO_CONNECT_S),
            read_timeout=self.access.timeout_s,
            # None would read the environment's proxy; an empty dict means a direct connection.
            proxies={"https": self.access.proxy} if self.access.proxy else {},
            max_pool_connections=max(10, self.access.workers),
            ignore_configured_endpoint_urls=True,
            user_agent_extra="strategic.service_store",
        )
        made = _isolated_session().create_client(
            service,
            region_name=self.access.region or DEFAULT_REGION,
            endpoint_url=self.access.endpoints.get(service),
            verify=self.access.ca_file or True,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self._credential.secrets["secret_access_key"],
            config=config,
        )
        made.meta.events.register("before-send", self._count)
        return made

    def _count(self, event_name: str, **_more: Any) -> None:
        """Count what goes out: the event is ``before-send.ec2.DescribeSecurityGroups``."""
        self.calls.count(event_name.partition(".")[2])


@functools.cache
def _isolated_session() -> Any:
    """Return a botocore session that no file or profile of this machine's user can change.

    It holds no credential, so all accounts of a process share it and the descriptions of services that it has read.
    """
    session = load("botocore.session", "boto3", "to call AWS").Session()
    constant = load("botocore.configprovider", "boto3", "to call AWS").ConstantProvider
    store = session.get_component("config_store")
    # AWS_PROFILE naming a profile that is not here would fail every client.
    store.set_config_provider("profile", constant(None))
    for name in ("config_file", "credentials_file"):
        store.set_config_provider(name, constant(os.devnull))
    return session
