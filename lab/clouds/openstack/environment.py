# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python environment of Keystone and Neutron, and their empty databases, in the developer's cache.

Both are keyed on what goes into them and are never needed for correctness: removing the cache costs the
time of making them again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab.ca import write_private
from lab.clouds.openstack import settings
from lab.clouds.openstack.keys import make_keys
from lab.errors import LabError
from lab.image import cache_folder
from lab.progress import Progress
from tools.index import environment_for_uv

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
NEUTRON_SCHEMA = HERE / "neutron_schema.py"
BUILD_TIMEOUT_S = 1200
STEP_TIMEOUT_S = 300
DATABASES = ("keystone.db", "neutron.db")


@dataclass(frozen=True)
class Environment:
    """venv: the services' own. schema: a folder with the empty databases."""

    venv: Path
    schema: Path

    def program(self, name: str) -> str:
        return str(self.venv / "bin" / name)

    @property
    def first_password(self) -> Path:
        """The administrator's password in the empty databases."""
        return self.schema / "admin-password"

    @property
    def neutron_paste(self) -> Path:
        return self.venv / "etc" / "neutron" / "api-paste.ini"


def expected() -> Environment:
    """Where the environment is, or will be."""
    base = cache_folder() / "openstack"
    schema = _key(REQUIREMENTS, NEUTRON_SCHEMA, Path(__file__))
    return Environment(base / f"venv-{_key(REQUIREMENTS)}", base / f"schema-{schema}")


def ensure(progress: Progress) -> Environment:
    """Gives the environment; builds what the cache does not hold."""
    found = expected()
    base = found.venv.parent
    base.mkdir(parents=True, exist_ok=True)
    with _locked(base / "lock"):
        if not (found.venv / ".ready").exists():
            with progress.step("openstack", "installing Keystone and Neutron into their own environment"):
                _build_venv(found.venv)
        if not (found.schema / ".ready").exists():
            with progress.step("openstack", "making the empty databases"):
                _build_schema(found)
    return found


def _key(*files: Path) -> str:
    """Hash of the files and of the Python they are for."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {os.uname().machine} {sys.base_prefix}".encode())
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two test runs at once must not build the same thing; the second one waits."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build_venv(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    python = folder / "bin" / "python"
    if uv:
        env = environment_for_uv(Path(sys.executable))
        run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], env=env)
        run([uv, "pip", "sync", "--quiet", "--python", str(python), str(REQUIREMENTS)], BUILD_TIMEOUT_S, env)
    else:
        run([sys.executable, "-m", "venv", str(folder)])
        run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(REQUIREMENTS)], BUILD_TIMEOUT_S)
    (folder / ".ready").touch()


def _build_schema(target: Environment) -> None:
    """Runs Keystone's migrations and makes Neutron's tables, before any service has touched them."""
    shutil.rmtree(target.schema, ignore_errors=True)
    target.schema.mkdir(parents=True)
    keystone, neutron = (target.schema / name for name in DATABASES)
    keystone_conf = target.schema / "keystone.conf"
    keystone_conf.write_text(settings.render(settings.keystone(keystone, target.schema / "keys", Path(os.devnull))))
    with ThreadPoolExecutor() as lanes:
        # Importing these services takes most of the time, and one core each.
        lane = lanes.submit(_make_keystone, target, keystone_conf)
        run([target.program("python"), str(NEUTRON_SCHEMA), str(neutron)])
        lane.result()
    (target.schema / ".ready").touch()


def _make_keystone(target: Environment, conf: Path) -> None:
    """Migrations, then the first administrator and roles; every lab changes that password and those URLs."""
    manage = [target.program("keystone-manage"), "--config-file", str(conf)]
    # The keys are looked for and not used: what they encrypt is made later, with each lab's own.
    for name in ("fernet", "credential"):
        make_keys(target.schema / "keys" / name)
    run([*manage, "db_sync"])
    password = secrets.token_urlsafe(24)
    write_private(target.first_password, password.encode())
    run(
        [
            *manage,
            "bootstrap",
            "--bootstrap-region-id",
            settings.REGION,
            "--bootstrap-public-url",
            "https://keystone.invalid/v3",
            "--bootstrap-internal-url",
            "https://keystone.invalid/v3",
        ],
        env={**os.environ, "OS_BOOTSTRAP_PASSWORD": password},
    )


def quiet(env: Mapping[str, str]) -> dict[str, str]:
    """The variables for a program of this environment, without its libraries' warnings about each other.

    Byte code is kept also where the caller wants none of his own: without it every start takes 30 s.
    """
    return {**{k: v for k, v in env.items() if k != "PYTHONDONTWRITEBYTECODE"}, "PYTHONWARNINGS": "ignore"}


def run(command: Sequence[str], timeout_s: float = STEP_TIMEOUT_S, env: Mapping[str, str] | None = None) -> str:
    """Runs one step; LabError with the end of what it said when it fails."""
    name = f"{Path(command[0]).name} {' '.join(command[1:3])}"
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=quiet(os.environ if env is None else env),
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{name} did not end within {timeout_s:.0f} s") from error
    if done.returncode != 0:
        raise LabError(f"{name} failed (exit {done.returncode}):\n{done.stdout[-1500:]}")
    return done.stdout
