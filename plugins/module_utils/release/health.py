# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the application well? One check, tried until it passes or its tries are used up."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Callable

from ..core.errors import InvalidInput
from .command import TookTooLong, run

MAX_BODY = 65536


@dataclass(frozen=True)
class Check:
    """What to ask (`http`, `tcp`, `command` or `service`), and how patiently. Times are in seconds."""

    kind: str
    url: str = ""
    status: tuple[int, ...] = (200,)
    contains: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    command: tuple[str, ...] = ()
    service: str = ""
    ca_file: str | None = None
    retries: int = 10
    interval_s: float = 1.0
    timeout_s: float = 5.0

    def validate(self) -> None:
        """Refuse what could not be run, before anything is changed."""
        if self.kind == "http" and not self.url.startswith(("http://", "https://")):
            raise InvalidInput("health.url", self.url or "(empty)", "is no http:// or https:// address")
        if self.kind == "tcp" and not 0 < self.port < 65536:
            raise InvalidInput("health.port", self.port, "is out of range; write 1 to 65535")
        if self.kind == "command" and not self.command:
            raise InvalidInput("health.command", None, "is empty; write the command as a list")
        for name in ("retries", "interval_s", "timeout_s"):
            if getattr(self, name) < (0 if name == "interval_s" else 1):
                raise InvalidInput(f"health.{name}", getattr(self, name), "is too small")

    def describe(self) -> str:
        """The check in a few words."""
        words = {
            "http": self.url,
            "tcp": f"{self.host}:{self.port}",
            "command": " ".join(self.command),
            "service": f"{self.service} is active",
        }
        return f"{self.kind} {words[self.kind]}"


def wait_until_well(check: Check, folder: str, sleep: Callable[[float], None]) -> str | None:
    """Try until the check passes: None, or why the last try failed. Commands run in `folder`."""
    why: str | None = None
    for attempt in range(check.retries):
        if attempt:
            sleep(check.interval_s)
        why = probe(check, folder)
        if why is None:
            return None
    return why


def probe(check: Check, folder: str) -> str | None:
    """One try: None when it passes, else why not."""
    if check.kind == "http":
        return _http(check)
    if check.kind == "tcp":
        return _tcp(check)
    command = check.command if check.kind == "command" else ("systemctl", "is-active", "--quiet", check.service)
    return run_command(command, folder, check.timeout_s)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        """A redirect is an answer of its own; following it would check something else."""


def _http(check: Check) -> str | None:
    # An empty ProxyHandler: the check is about this host, whatever proxy the surroundings name.
    handlers = [urllib.request.ProxyHandler({}), _NoRedirect()]
    if check.url.startswith("https://"):
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=check.ca_file)))
    try:
        answer = urllib.request.build_opener(*handlers).open(check.url, timeout=check.timeout_s)
    except urllib.error.HTTPError as exc:
        answer = exc
    except (OSError, http.client.HTTPException, ValueError) as exc:
        return f"no answer from {check.url}: {getattr(exc, 'reason', exc)}"
    with answer:
        status = answer.status if answer.status is not None else 0
        if status not in check.status:
            wanted = " or ".join(map(str, check.status))
            return f"{check.url} answered {status}, not {wanted}"
        try:
            body = answer.read(MAX_BODY).decode("utf-8", "replace") if check.contains else ""
        except (OSError, http.client.HTTPException) as exc:
            return f"{check.url} broke off: {exc}"
    if check.contains not in body:
        return f"the answer of {check.url} does not contain {check.contains!r}"
    return None


def _tcp(check: Check) -> str | None:
    try:
        with socket.create_connection((check.host, check.port), timeout=check.timeout_s):
            return None
    except OSError as exc:
        return f"no connection to {check.host}:{check.port}: {exc.strerror or exc}"


def run_command(command: tuple[str, ...], folder: str, timeout_s: float) -> str | None:
    """Run a command to its end: None when it ends well, else why not, in its own last words."""
    try:
        done = run(command, folder=folder, timeout_s=timeout_s)
    except TookTooLong:
        return f"{command[0]} did not end within {timeout_s:g} s"
    except OSError as exc:
        return f"{command[0]} could not be run: {exc.strerror}"
    if done.status == 0:
        return None
    said = done.err.strip().splitlines()
    return f"{command[0]} ended with {done.status}" + (f": {said[-1]}" if said else "")
