# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy on os-api: the customer's API front, which ends TLS and passes on to the services' unix sockets.

Nothing here restricts who may come: that is what the customer's staff applies with the role api_acl.
"""

from __future__ import annotations

import time

from lab.ca import write_private
from lab.context import Context
from lab.errors import LabError
from lab.topology import KEYSTONE, NEUTRON, PREFIX

HOST = "os-api"
READY_TIMEOUT_S = 180.0
SERVERS = (KEYSTONE, NEUTRON)
# No chroot: the sockets are outside of it. One connection at a time reaches a service that serves one at a
# time; the others wait here, where nothing is refused.
_HEAD = """\
global
    log /dev/log local0
    user haproxy
    group haproxy
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    log global
    option httplog
    option forwardfor
    option http-server-close
    option http-buffer-request
    timeout http-request 15s
    timeout connect 5s
    timeout queue 60s
    timeout client 60s
    timeout server 120s
"""
_SECTION = """\
frontend {name}
    bind {ip}:{port} ssl crt /etc/haproxy/server.pem alpn http/1.1
    http-request set-header X-Forwarded-Proto https
    default_backend {name}
backend {name}
    server {name} unix@/run/os-sockets/{name}.sock maxconn 1
"""


def configuration() -> str:
    return _HEAD + "".join(_SECTION.format(name=s.name, ip=s.ip, port=s.port) for s in SERVERS)


def up(ctx: Context) -> None:
    folder = ctx.host_folder(HOST) / "haproxy"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cert, key = ctx.certificate([KEYSTONE.dns_name], [KEYSTONE.ip])
    wanted = {"haproxy.cfg": configuration().encode(), "server.pem": cert.read_bytes() + key.read_bytes()}
    changed = [n for n, content in wanted.items() if not (folder / n).exists() or (folder / n).read_bytes() != content]
    for name in changed:
        write_private(folder / name, wanted[name])
    if changed or not answers(ctx):
        for name in wanted:
            ctx.exec(HOST, "install", "-m", "0600", f"/etc/lab/haproxy/{name}", f"/etc/haproxy/{name}")
        ctx.exec(HOST, "haproxy", "-c", "-q", "-f", "/etc/haproxy/haproxy.cfg")
        ctx.exec(HOST, "systemctl", "enable", "--quiet", "haproxy.service")
        # After failed starts systemd would refuse another one.
        ctx.exec(HOST, "systemctl", "reset-failed", "haproxy.service")
        ctx.exec(HOST, "systemctl", "restart", "haproxy.service")
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not answers(ctx):
        if time.monotonic() > deadline:
            journal = ctx.exec(HOST, "journalctl", "-u", "haproxy", "-n", "20", "--no-pager", "-o", "cat")
            raise LabError(f"HAProxy on {HOST} does not answer; its journal ends with:\n{journal}")
        time.sleep(0.3)


def answers(ctx: Context) -> bool:
    """Both services through the front, from the host itself: its packet filter keeps this machine out."""
    urls = [f"https://{KEYSTONE.ip}:{KEYSTONE.port}/v3", f"https://{NEUTRON.ip}:{NEUTRON.port}/"]
    command = ["curl", "-sSfk", "--noproxy", "*", "-m", "10", "-o", "/dev/null", *urls[:1], "-o", "/dev/null", urls[1]]
    return ctx.podman.ok("exec", PREFIX + HOST, *command)
