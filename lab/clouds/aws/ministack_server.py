# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ministack with a certificate of the lab, its state from a configuration, and none of its back doors.

Runs in ministack's own environment: standard library, ministack and hypercorn only.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode

from . import options
from .options import CallLog, Config

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
REGISTERED_KEYS = ("AKIA", "ASIA")


def settings(config: Config, host: str, folder: str) -> dict[str, str]:
    """ministack reads its settings from the environment at import. The root key is only ours, and only
    until the process ends; files go to a folder that ends with it."""
    return {
        "AUTH": "true",
        "BIND_HOST": host,
        "MINISTACK_ACCOUNT_ID": config.account,
        "MINISTACK_REGION": config.region,
        "AWS_ACCESS_KEY_ID": secrets.token_hex(16),
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(32),
        "TMPDIR": folder,
        "S3_DATA_DIR": f"{folder}/s3",
        "STATE_DIR": f"{folder}/state",
        "LOG_LEVEL": "WARNING",
    }


class Seeder:
    """Puts the configuration in, by the emulated APIs as the account's root."""

    def __init__(self, app: App, config: Config) -> None:
        self._app, self._config = app, config

    async def _call(
        self, service: str, method: str, path: str, form: dict[str, str] | None = None, document: str = ""
    ) -> None:
        key = os.environ["AWS_ACCESS_KEY_ID"]
        credential = f"{key}/20260101/{self._config.region}/{service}/aws4_request"
        headers = [
            (b"host", b"localhost"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"authorization", f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0".encode()),
        ]
        body = (urlencode(form) if form else document).encode()
        headers.append((b"content-length", str(len(body)).encode()))
        status, answer = await call(self._app, method, path, headers, body)
        if status >= 300:
            raise RuntimeError(f"{service} {form or path}: {status} {answer[:300]!r}")

    async def seed(self) -> None:
        from ministack.core.responses import set_request_account_id
        from ministack.services import iam

        set_request_account_id(self._config.account)
        for user in self._config.users:
            common = {"Version": "2010-05-08", "UserName": user.name}
            await self._call("iam", "POST", "/", {"Action": "CreateUser", **common})
            for name, document in user.policies.items():
                await self._call(
                    "iam",
                    "POST",
                    "/",
                    {"Action": "PutUserPolicy", **common, "PolicyName": name, "PolicyDocument": json.dumps(document)},
                )
            # The API would choose the key; tests and the second server need a known one.
            iam._access_keys[user.access_key_id] = {
                "UserName": user.name,
                "AccessKeyId": user.access_key_id,
                "Status": user.status,
                "SecretAccessKey": user.secret_access_key,
                "CreateDate": iam._now(),
            }
        for bucket in self._config.buckets:
            await self._call("s3", "PUT", f"/{bucket}", document=self._location())

    def _location(self) -> str:
        # us-east-1 is S3's default and must not be named.
        if self._config.region == "us-east-1":
            return ""
        return (
            f"<CreateBucketConfiguration><LocationConstraint>{self._config.region}</LocationConstraint>"
            "</CreateBucketConfiguration>"
        )

    async def reset(self) -> None:
        await call(self._app, "POST", "/_ministack/reset", [(b"host", b"localhost")], b"")
        await self.seed()


async def call(app: App, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[int, bytes]:
    """One request to an ASGI application inside this process."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "scheme": "https",
            "client": ("127.0.0.1", 0),
            "server": ("localhost", 443),
        },
        receive,
        send,
    )
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])


class Front:
    """ASGI: /_lab, the call log, and the refusal of what AWS would not know either."""

    def __init__(self, app: App, config: Config, host: str, ready: Callable[[], None]) -> None:
        self._app, self._config, self._host, self._ready = app, config, host, ready
        self._seeder = Seeder(app, config)
        self._log = CallLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._seed_before_start(send))
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def _seed_before_start(self, send: Send) -> Send:
        async def seeded(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                try:
                    await self._seeder.seed()
                except Exception as error:
                    # hypercorn would go on without lifespan support, and without the state.
                    traceback.print_exc()
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send(message)
                self._ready()
            else:
                await send(message)

        return seeded

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, source = scope["path"], scope["client"][0]
        if path.startswith("/_lab/"):
            await self._lab(scope, receive, send)
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        body = await _read(receive) if headers.get("content-type", "").startswith("application/x-www-form") else None
        action = options.action_of(query, body or b"", headers)

        async def logged(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._log.add(scope["method"], path, action, source, message["status"])
            await send(message)

        if path.startswith("/_ministack") or path.startswith("/_localstack"):
            await _answer(logged, 404, b"")
        elif not _presents_known_kind_of_key(headers, query):
            await _refuse_key(logged, headers)
        else:
            await self._app(scope, receive if body is None else _again(body, receive), logged)

    async def _lab(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["method"], scope["path"]
        if not options.may_ask_lab(scope["client"][0], self._host):
            await _answer(send, 403, b"")
        elif asked == ("GET", "/_lab/calls"):
            await _answer(send, 200, self._log.as_json())
        elif asked == ("POST", "/_lab/reset"):
            await self._seeder.reset()
            self._log.clear()
            await _answer(send, 200, b"{}")
        elif asked == ("POST", "/_lab/authorize") and self._knows_token(scope):
            verdict = judge(json.loads(await _read(receive)))
            await _answer(send, 200, json.dumps(verdict).encode())
        else:
            await _answer(send, 404, b"")

    def _knows_token(self, scope: Scope) -> bool:
        given = dict(scope["headers"]).get(b"x-lab-token", b"")
        wanted = self._config.lab_token.encode()
        return bool(wanted) and hmac.compare_digest(given, wanted)


def judge(question: dict[str, Any]) -> dict[str, Any]:
    """ministack's own judgement about a call that another server received."""
    from ministack import app
    from ministack.core import iam_evaluator, responses, router

    headers, query = question["headers"], parse_qs(question["query"], keep_blank_values=True)
    raw = [(k.encode(), v.encode("latin-1", "replace")) for k, v in headers.items()]
    if not _presents_known_kind_of_key(headers, question["query"]):
        denied: Any = iam_evaluator.AuthError(
            "InvalidClientTokenId", "The security token included in the request is invalid"
        )
        answer = app._credential_failure(question["service"], question["action"], "lab", denied, headers)
    else:
        key = router.extract_access_key_id(headers, query)
        responses.set_request_client_ip(question["source"])
        iam_evaluator.pin_request_origin(question["source"], True)
        responses.set_request_account_id(app._request_account_scope(key))
        responses.set_request_region(router.extract_region(headers, query))
        iam_evaluator.pin_signed_request(question["method"], question["path"], query, raw)
        iam_evaluator.pin_signed_body(base64.b64decode(question["body"]))
        answer = app._enforce_data_plane(question["service"], question["action"], headers, query, "lab")
    if answer is None:
        return {"allowed": True}
    status, fields, body = answer
    text = body if isinstance(body, bytes) else str(body).encode()
    return {"allowed": False, "status": status, "headers": dict(fields), "body": base64.b64encode(text).decode()}


def _presents_known_kind_of_key(headers: dict[str, str], query: str) -> bool:
    """ministack takes some made-up keys, and no key at all, for an account's root; AWS knows none of them.
    Calls with temporary credentials get them from STS, whose calls are signed too."""
    key = options.scope_of(headers.get("authorization", ""))[0]
    if not key:
        parameters = parse_qs(query)
        key = parameters.get("X-Amz-Credential", [""])[0].partition("/")[0]
    return key.startswith(REGISTERED_KEYS)


async def _refuse_key(send: Send, headers: dict[str, str]) -> None:
    key, _region, service = options.scope_of(headers.get("authorization", ""))
    code = "InvalidAccessKeyId" if service == "s3" else "InvalidClientTokenId" if key else "MissingAuthenticationToken"
    text = (
        "The AWS access key ID you provided does not exist in our records."
        if key
        else "Request is missing Authentication Token"
    )
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>"
    if service != "s3":
        error = f"<ErrorResponse>{error}<RequestId>lab</RequestId></ErrorResponse>"
    await _answer(send, 403, error.encode(), b"text/xml")


async def _answer(send: Send, status: int, body: bytes, kind: bytes = b"application/json") -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read already, and then whatever else comes (a disconnect)."""
    first: Iterator[dict[str, Any]] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> dict[str, Any]:
        for message in first:
            return message
        return await receive()

    return replay


async def _serve(front: Front, listener: socket.socket, arguments: Namespace) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config as Hypercorn

    config = Hypercorn()
    config.bind = [f"fd://{listener.detach()}"]
    config.certfile, config.keyfile = arguments.cert, arguments.key
    config.keep_alive_timeout, config.graceful_timeout = 60, 1
    # Whoever started this server knows how long to wait for it; of its own accord it would give up after 60 s.
    config.startup_timeout = 300
    config.loglevel = "WARNING"
    await serve(front, config, shutdown_trigger=asyncio.Event().wait)


def main() -> int:
    arguments = options.parse()
    config = options.load(arguments.config)
    folder = tempfile.mkdtemp(prefix="lab-ministack-")

    def stop(*_: Any) -> None:
        # hypercorn's own way out waits for clients' idle connections; the state ends with the process anyway.
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    os.environ.update(settings(config, arguments.host, folder))
    tempfile.tempdir = folder
    listener = options.listen(arguments.host, arguments.port)
    port = listener.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)
    from ministack.app import app

    def ready() -> None:
        print(f"ready https://{arguments.host}:{port}", flush=True)

    asyncio.run(_serve(Front(app, config, arguments.host, ready), listener, arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
