# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Barbican 23.0.0 under uWSGI, beside a Keystone that runs already.

    python -m lab.clouds.openstack.barbican --host 127.0.0.1 --port 0 --cert F --key F --config JSON

Prints ``ready https://HOST:PORT`` when it serves; ends on SIGTERM. Its database is SQLite, so it serves one request at
a time, and its crypto plugin is simple_crypto with a key of this run. Configuration:

    {"identity": "https://HOST:PORT/v3", "identity_ca": "path",
     "domain": ..., "project": ..., "username": ..., "password": ...}

The user asks Keystone about callers' tokens and registers the endpoint, so it needs the role admin.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.ca import write_private
from lab.clouds.openstack import environment, settings, uwsgi
from lab.clouds.openstack.front import CallLog, Front, server_tls
from lab.clouds.openstack.unix_http import Client
from lab.errors import LabError
from lab.image import cache_folder
from lab.progress import Progress
from lab.starting import attend
from tools.index import environment_for_uv

REQUIREMENTS = (environment.REQUIREMENTS, Path(__file__).with_name("barbican_requirements.txt"))
Json = dict[str, Any]


def ensure(progress: Progress) -> Path:
    """Give the folder of Barbican's own Python environment; builds it when the cache does not hold it."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {os.uname().machine} {sys.base_prefix}".encode())
    for path in REQUIREMENTS:
        digest.update(path.read_bytes())
    folder = cache_folder() / "openstack" / f"barbican-{digest.hexdigest()[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".ready").exists():
            with progress.step("barbican", "installing Barbican into its own environment"):
                _build(folder)
    return folder


def _build(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    beside = Path(sys.executable).parent
    uv = shutil.which("uv", path=os.pathsep.join((str(beside), os.environ.get("PATH", ""))))
    python = str(folder / "bin" / "python")
    files = [str(path) for path in REQUIREMENTS]
    if uv:
        env = environment_for_uv(Path(sys.executable))
        environment.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], env=env)
        command = [uv, "pip", "sync", "--quiet", "--python", python, *files]
        environment.run(command, environment.BUILD_TIMEOUT_S, env)
    else:
        environment.run([sys.executable, "-m", "venv", str(folder)])
        wanted = [word for path in files for word in ("-r", path)]
        command = [python, "-m", "pip", "install", "--quiet", "--no-deps", *wanted]
        environment.run(command, environment.BUILD_TIMEOUT_S)
    (folder / ".ready").touch()


def configuration(folder: Path, url: str, config: Mapping[str, str]) -> settings.Sections:
    """What barbican.conf holds."""
    return {
        "DEFAULT": {
            "host_href": url,
            "log_file": folder / "barbican.log",
            # Its tables are made by its own models.
            "db_auto_create": True,
            "sql_connection": f"sqlite:///{folder / 'barbican.db'}",
        },
        "database": settings.database(folder / "barbican.db"),
        "secretstore": {"enabled_secretstore_plugins": "store_crypto"},
        "crypto": {"enabled_crypto_plugins": "simple_crypto"},
        "simple_crypto_plugin": {"kek": base64.b64encode(secrets.token_bytes(32)).decode()},
        "queue": {"enable": False},
        "keystone_authtoken": {
            "www_authenticate_uri": config["identity"],
            "auth_url": config["identity"],
            "cafile": config["identity_ca"],
            "auth_type": "password",
            "username": config["username"],
            "password": config["password"],
            "project_name": config["project"],
            "user_domain_name": config["domain"],
            "project_domain_name": config["domain"],
            "region_name": settings.REGION,
            "interface": "public",
            # With it the access rules of application credentials count.
            "service_type": "key-manager",
        },
    }


class Server:
    """One Barbican in a folder of its own."""

    def __init__(self, venv: Path, folder: Path, url: str) -> None:
        self.folder = folder
        self.socket = folder / "barbican.sock"
        self._venv, self._url = venv, url

    def start(self, config: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Write its files and start it."""
        home = self.folder / ".barbican"
        home.mkdir()
        text = settings.render(configuration(self.folder, self._url, config))
        write_private(home / "barbican.conf", text.encode())
        paste = self._venv / "etc" / "barbican" / "barbican-api-paste.ini"
        wsgi = self.folder / "wsgi.py"
        # The program that comes with it looks for this file in /etc alone.
        wsgi.write_text(f"from paste.deploy import loadapp\n\napplication = loadapp('config:{paste}')\n")
        command = uwsgi.command(str(self._venv / "bin" / "uwsgi"), [str(self.socket)], f"--wsgi-file={wsgi}")
        # It reads $HOME/.barbican/barbican.conf.
        env = uwsgi.variables(HOME=str(self.folder))
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=env, cwd=self.folder)

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Return when it answers; raises LabError."""
        try:
            uwsgi.wait_for(Client(self.socket), lambda: process.poll() is None)
        except LabError as error:
            log = self.folder / "barbican.log"
            tail = log.read_text(errors="replace")[-1500:] if log.exists() else ""
            raise LabError(f"Barbican did not start\n{tail}") from error


def register(url: str, config: Mapping[str, str]) -> None:
    """Put the endpoint into Keystone's catalog."""
    identity, ca_file = config["identity"], config["identity_ca"]
    domain = {"name": config["domain"]}
    user = {"name": config["username"], "domain": domain, "password": config["password"]}
    scope = {"project": {"name": config["project"], "domain": domain}}
    method = {"methods": ["password"], "password": {"user": user}}
    headers, _body = _call("POST", f"{identity}/auth/tokens", ca_file, {"auth": {"identity": method, "scope": scope}})
    token = headers["X-Subject-Token"]
    service = {"name": "barbican", "type": "key-manager"}
    _headers, made = _call("POST", f"{identity}/services", ca_file, {"service": service}, token)
    endpoint = {"service_id": made["service"]["id"], "interface": "public", "url": url, "region_id": settings.REGION}
    _call("POST", f"{identity}/endpoints", ca_file, {"endpoint": endpoint}, token)


def _call(method: str, url: str, ca_file: str, body: Any = None, token: str = "") -> tuple[Mapping[str, str], Json]:
    context = ssl.create_default_context(cafile=ca_file)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    headers = {"Content-Type": "application/json", **({"X-Auth-Token": token} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=60) as answer:
        content = answer.read()
        return answer.headers, json.loads(content) if content else {}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.clouds.openstack.barbican")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert", required=True, help="the chain: server certificate, then the CA's")
    parser.add_argument("--key", required=True)
    parser.add_argument("--config", required=True)
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    config = json.loads(Path(arguments.config).read_text("utf-8"))
    venv = ensure(Progress(sys.stderr))
    tls = server_tls(arguments.cert, arguments.key)
    # A short path: those of unix sockets may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="lab-barbican-") as name:
        folder = Path(name)
        front = Front((arguments.host, arguments.port), "barbican", folder / "barbican.sock", CallLog(), tls)
        server = Server(venv, folder, front.url)
        process = server.start(config)

        def begin() -> str:
            server.wait(process)
            threading.Thread(target=front.serve_forever, args=(0.2,), daemon=True).start()
            register(front.url, config)
            return front.url

        return attend(process, begin, (LabError, urllib.error.URLError), "barbican")


if __name__ == "__main__":
    sys.exit(main())
