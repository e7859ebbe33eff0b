# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services whose configuration is tried before it is installed, and what makes them take it up."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Iterator, Sequence

from ..model.baseline_fix_dropin import SSHD_MAIN, SUDO_MAIN
from ..model.baseline_plan import FileEdit
from . import sshd
from .host import Host

#: Set before sshd's files change and taken away after the reload: a run that was killed in between is
#: finished by the next one. It lives in /run because a reboot takes the configuration up as well.
RELOAD_MARK = "/run/service-store-baseline.reload-ssh"
VISUDO = "/usr/sbin/visudo"
ANSWER_TIMEOUT_S = 15.0


def is_sshd(path: str) -> bool:
    return path.startswith("/etc/ssh/sshd_config")


def is_sudo(path: str) -> bool:
    return path == SUDO_MAIN or path.startswith("/etc/sudoers.d/")


def try_sshd(host: Host, edits: Sequence[FileEdit]) -> str:
    """What `sshd -t` says against the configuration as it would be; empty when it is content."""
    paths = {SSHD_MAIN, *host.glob("/etc/ssh/sshd_config.d/*")}
    rewrite = re.compile(r"^(\s*Include[\s=]+)(.*)$", re.IGNORECASE | re.MULTILINE)
    with _staged(host, edits, paths) as stage:
        for path in _files(stage):
            _rewrite(path, rewrite, lambda found: found.group(1) + _sshd_include(found.group(2), stage))
        key = sshd.throwaway_key(host, stage)
        return _complaint(host, sshd.command(host, "-t", "-h", key, "-f", stage + SSHD_MAIN), stage)


def try_sudo(host: Host, edits: Sequence[FileEdit]) -> str:
    """The same with `visudo -c`."""
    paths = {SUDO_MAIN, *host.glob("/etc/sudoers.d/*")}
    rewrite = re.compile(r"^([@#]include(?:dir)?\s+)(/etc/sudoers)", re.MULTILINE)
    with _staged(host, edits, paths) as stage:
        for path in _files(stage):
            _rewrite(path, rewrite, lambda found: found.group(1) + stage + found.group(2))
        return _complaint(host, [VISUDO, "-c", "-q", "-f", stage + SUDO_MAIN], stage)


def _sshd_include(patterns: str, stage: str) -> str:
    words = [word if word.startswith("/") else "/etc/ssh/" + word for word in patterns.split()]
    return " ".join(stage + word if word.startswith("/etc/ssh/") else word for word in words)


@contextlib.contextmanager
def _staged(host: Host, edits: Sequence[FileEdit], paths: set[str]) -> Iterator[str]:
    """A folder, root's alone, that holds the files as they would be."""
    texts = {path: host.read(path) for path in paths}
    texts.update({edit.path: edit.after.content if edit.after else None for edit in edits if _written(edit)})
    with host.scratch() as stage:
        for path, content in texts.items():
            if content is not None:
                os.makedirs(os.path.dirname(stage + path), mode=0o700, exist_ok=True)
                with open(os.open(stage + path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440), "wb") as stream:
                    stream.write(content)
        yield stage


def _written(edit: FileEdit) -> bool:
    return edit.after is None or edit.after.content is not None


def _files(stage: str) -> list[str]:
    return [os.path.join(folder, name) for folder, _folders, names in os.walk(stage) for name in names]


def _rewrite(path: str, pattern: re.Pattern[str], change: object) -> None:
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        text = stream.read()
    os.chmod(path, 0o600)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(pattern.sub(change, text))  # type: ignore[call-overload]
    os.chmod(path, 0o440)


def _complaint(host: Host, argv: Sequence[str], stage: str) -> str:
    code, out, err = host.run(argv)
    if code == 0:
        return ""
    said = (err.strip() or out.strip() or "exit status %d" % code).replace(stage, "")
    return "%s: %s" % (os.path.basename(argv[0]), "; ".join(said.splitlines()[-3:]))


def reload_sshd(host: Host) -> str:
    """Make sshd read its files again; returns what went wrong. Sessions that are open stay open."""
    if not os.path.isdir(host.path("/run/systemd/system")):
        code, _out, err = host.run(["/bin/sh", "-c", "kill -HUP $(cat /run/sshd.pid)"])
        return err.strip() if code else ""
    if host.run(["systemctl", "is-active", "--quiet", "ssh.service"])[0]:
        # Socket activated or stopped: the next sshd to start reads the new files anyway.
        return ""
    code, _out, err = host.run(["systemctl", "reload", "ssh.service"])
    if code:
        return "systemctl reload ssh: %s" % err.strip()
    return _answers(host)


def _answers(host: Host) -> str:
    """sshd starts itself anew on a reload and may fail to: ask it for its banner."""
    address = _listens(host)
    if address is None:
        return ""
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while True:
        try:
            with socket.create_connection(address, timeout=ANSWER_TIMEOUT_S / 3) as connection:
                if connection.recv(4) == b"SSH-":
                    return ""
        except OSError:
            pass
        if time.monotonic() > deadline:
            return "sshd does not answer on %s port %d after the reload" % address
        time.sleep(0.05)


def _listens(host: Host) -> tuple[str, int] | None:
    code, out, _err = sshd.dump(host)
    found = re.search(r"^listenaddress \[?([0-9a-f.:]+?)\]?:(\d+)$", out, re.MULTILINE) if code == 0 else None
    if found is None:
        return None
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    return local.get(found.group(1), found.group(1)), int(found.group(2))
