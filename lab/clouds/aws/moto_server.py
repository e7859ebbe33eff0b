# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto's server with a certificate, a call log, its state from a configuration, and authentication on."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterable
from typing import Any

from . import moto_gaps, moto_vpn, options
from .authority import Authority
from .options import CallLog, Config

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGI = Callable[[Environ, StartResponse], Iterable[bytes]]


def seed(config: Config) -> None:
    """Empties moto and puts in what the configuration says, through its own backends."""
    from moto.backends import get_backend
    from moto.moto_api._internal.models import moto_api_backend
    from moto.servicequotas.resources.default_quotas.vpc import VPC_DEFAULT_QUOTAS

    moto_api_backend.reset()
    moto_vpn.reset(config.vpn_addresses)
    quotas: Any = VPC_DEFAULT_QUOTAS
    for quota in quotas:
        quota["Value"] = config.quotas.get(quota["QuotaCode"], quota["Value"])
    iam: Any = get_backend("iam")[config.account]["aws"]
    for user in config.users:
        iam.create_user(config.region, user.name)
        for name, document in user.policies.items():
            iam.put_user_policy(user.name, name, json.dumps(document))
        key = iam.create_access_key(user.name)
        iam.access_keys.pop(key.access_key_id, None)
        key.access_key_id, key.secret_access_key = user.access_key_id, user.secret_access_key
        key.status = user.status
        iam.access_keys[key.access_key_id] = key
    ec2: Any = get_backend("ec2")[config.account][config.region]
    for group in config.security_groups:
        vpc = ec2.create_vpc(group.get("vpc_cidr", "10.0.0.0/16"))
        ec2.create_security_group(group["name"], group.get("description", group["name"]), vpc_id=vpc.id)
    for prefixes in config.prefix_lists:
        made = ec2.create_managed_prefix_list(prefixes.get("family", "IPv4"), [], None, prefixes["name"], {})
        made.max_entries = prefixes.get("max_entries", 20)
    for name in config.vpcs:
        ec2.create_vpc("10.60.0.0/16", tags=[{"Key": "Name", "Value": name}])
    for acl in config.network_acls:
        vpc = ec2.create_vpc(acl.get("vpc_cidr", "10.0.0.0/16"))
        ec2.create_network_acl(vpc.id, tags=[{"Key": "Name", "Value": acl["name"]}])
    s3: Any = get_backend("s3")[config.account]["aws"]
    for bucket in config.buckets:
        s3.create_bucket(bucket, config.region)


def _authentication(on: bool) -> None:
    from moto import settings
    from moto.core.authorization import ActionAuthenticatorMixin

    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0 if on else float("inf")
    ActionAuthenticatorMixin.request_count = 0


class Front:
    """WSGI: /_lab, the call log, and who decides about a call."""

    def __init__(self, app: WSGI, config: Config, host: str) -> None:
        self._app, self._config, self._host = app, config, host
        self._log = CallLog()
        self._authority = Authority(config.authority) if config.authority else None
        # moto's backends look and then change without a lock of their own, and AWS does both at once.
        self._turn = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._turn:
            seed(self._config)
            # With an authority moto itself would judge by its own IAM, which nobody changes.
            _authentication(on=self._authority is None)
            self._log.clear()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path, source = environ["PATH_INFO"], environ["REMOTE_ADDR"]
        if path.startswith("/_lab/"):
            return self._lab(environ, start_response)
        if path.startswith("/moto-api"):
            # Anybody could switch authentication off there.
            return _answer(start_response, "404 Not Found", b"")
        body = _take_body(environ)
        action = options.action_of(environ.get("QUERY_STRING", ""), body, _headers(environ))

        def logged(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self._log.add(environ["REQUEST_METHOD"], path, action, source, int(status.split(maxsplit=1)[0]))
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        refused = self._authority.refusal(environ, _headers(environ), body, action) if self._authority else None
        if refused:
            logged(f"{refused.status} Refused", list(refused.headers.items()))
            return [refused.body]
        with self._turn:
            return self._app(environ, logged)

    def _lab(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not options.may_ask_lab(environ["REMOTE_ADDR"], self._host):
            return _answer(start_response, "403 Forbidden", b"")
        asked = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if asked == ("GET", "/_lab/calls"):
            return _answer(start_response, "200 OK", self._log.as_json())
        if asked == ("POST", "/_lab/reset"):
            self.reset()
            return _answer(start_response, "200 OK", b"{}")
        if asked == ("POST", "/_lab/vpn"):
            with self._turn:
                moto_vpn.report(json.loads(_take_body(environ)))
            return _answer(start_response, "200 OK", b"{}")
        return _answer(start_response, "404 Not Found", b"")


def _answer(start_response: StartResponse, status: str, body: bytes) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _take_body(environ: Environ) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _headers(environ: Environ) -> dict[str, str]:
    headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            headers[key.replace("_", "-").lower()] = environ[key]
    return headers


def run(arguments: Namespace) -> int:
    config = options.load(arguments.config)
    os.environ["MOTO_ACCOUNT_ID"] = config.account
    # Only now: moto reads its settings at import.
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    moto_gaps.close()
    moto_vpn.close()

    class Handler(MotoRequestHandler):
        """Logs plain lines, and lets idle connections go: a thread waits on each."""

        timeout = 60
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            print(f"{self.address_string()} {self.requestline} {int(code)}", file=sys.stderr, flush=True)

    front = Front(DomainDispatcherApplication(create_backend_app), config, arguments.host)
    with options.listen(arguments.host, arguments.port) as listener:
        server = make_server(
            arguments.host,
            listener.getsockname()[1],
            front,
            threaded=True,
            request_handler=Handler,
            ssl_context=(arguments.cert, arguments.key),
            fd=listener.fileno(),
        )
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"ready https://{arguments.host}:{listener.getsockname()[1]}", flush=True)
        server.serve_forever(poll_interval=0.2)
    return 0
