# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One API request: whose it is, whether it may, and what comes of it.

The order is CloudStack's: the command exists, time, key, account and user enabled, source address, role, and
only then the signature. A wrong key, a wrong signature, an expired request and a forbidden source all get the
same answer (the reason is in the call log alone); a command that the role lacks is told apart.
"""

from __future__ import annotations

import datetime
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import params as parameters
from .commands import Command
from .config import SOURCE_LIST, Config
from .context import Answer, Context
from .errors import INTERNAL, UNAUTHORIZED, UNSUPPORTED, ApiError
from .handlers import CHECKS, CREATORS, HANDLERS, NEWER
from .jobs import submit
from .signing import expiry_refusal, signature_matches
from .sources import source_allowed

_KEPT_CALLS = 20_000


@dataclass
class Call:
    """One record of the call log."""

    command: str
    method: str
    source: str
    status: int = 200
    account: str = ""
    user: str = ""
    reason: str = ""
    unknown_params: list[str] = field(default_factory=list)
    at: float = 0.0


class Refused(ApiError):
    """A request that is not authenticated; `reason` is for the log only."""

    def __init__(self, reason: str) -> None:
        super().__init__(UNAUTHORIZED, "unable to verify user credentials and/or request signature")
        self.reason = reason


def _no_check(ctx: Context, params: parameters.Params) -> None:
    """Most commands find everything out in their job."""


class Api:
    """The emulated cloud behind any transport."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._calls_lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.store = self.config.fresh_store()
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)

    def now(self) -> datetime.datetime:
        offset = datetime.timedelta(seconds=self.config.clock_offset_s)
        return datetime.datetime.now(datetime.UTC) + offset

    def handle(self, request: Mapping[str, str], method: str, source: str) -> tuple[int, str, Answer]:
        """The status, the name of the answer's one key, and its body."""
        name = next((value for key, value in request.items() if key.lower() == "command"), "")
        call = Call(name, method, source, at=time.time())
        command = self.store.commands.get(name)
        key = command.response_key if command else "errorresponse"
        try:
            with self.store.lock:
                body = self._run(command, request, call)
        except ApiError as error:
            call.status, call.reason = error.code, getattr(error, "reason", error.text)
            # As in CloudStack, an unsupported command's answer does not name the command.
            key, body = ("errorresponse" if error.code == UNSUPPORTED else key), error.body()
        except Exception as error:
            call.status, call.reason = INTERNAL, f"{type(error).__name__}: {error}"
            body = ApiError(
                INTERNAL, "Internal error executing command, please contact your system administrator"
            ).body()
        with self._calls_lock:
            self.calls.append(call)
        return call.status, key, body

    def call_log(self) -> list[dict[str, Any]]:
        with self._calls_lock:
            return [dict(vars(call)) for call in self.calls]

    def _run(self, command: Command | None, request: Mapping[str, str], call: Call) -> Answer:
        if command is None:
            raise ApiError(
                UNSUPPORTED,
                f"The given command:{call.command} does not exist or it is not available for user",
            )
        ctx = self._authenticate(command, request, call)
        params = parameters.parse(command, request)
        call.unknown_params = params.unknown
        creator = CREATORS.get(command.name)
        if creator is not None:
            new_id, apply = creator(ctx, params)
            return {"id": new_id, "jobid": submit(ctx, apply, self.config, new_id).id}
        handler = HANDLERS.get(command.name) or NEWER[command.name]
        if command.is_async:
            CHECKS.get(command.name, _no_check)(ctx, params)
            return {"jobid": submit(ctx, lambda: handler(ctx, params), self.config).id}
        return handler(ctx, params)

    def _authenticate(self, command: Command, request: Mapping[str, str], call: Call) -> Context:
        lowered = {name.lower(): value for name, value in request.items()}
        apikey, signature = lowered.get("apikey"), lowered.get("signature")
        if not apikey or not signature:
            raise Refused("the API key or the signature is missing")
        enforced = self.store.setting("enforce.post.requests.and.timestamps") == "true"
        late = expiry_refusal(request, self.now(), enforced=enforced)
        if late:
            raise Refused(late)
        held = self.store.holder(apikey)
        if held is None:
            raise Refused("no user has this API key")
        user, pair = held
        account = self.store.accounts[user.account_id]
        call.account, call.user = account.name, user.username
        if user.state != "enabled" or account.state != "enabled":
            raise Refused("the user or the account is disabled")
        if pair.state != "ENABLED":
            raise Refused("the key pair has ended")
        if self.store.setting("api.source.cidr.checks.enabled") == "true":
            allowed = self.store.setting(SOURCE_LIST, account)
            if not source_allowed(call.source, allowed):
                raise Refused(f"{call.source} is not in {SOURCE_LIST} ({allowed})")
        if not (account.role.permits(command) and pair.permits(command)):
            raise ApiError(
                UNSUPPORTED,
                f"The API [{command.name}] does not exist or is not available for the account {account.name}.",
            )
        if not signature_matches(request, pair.secretkey, signature):
            raise Refused("the signature does not match")
        return Context(self.store, command, account, user)
