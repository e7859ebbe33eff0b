# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the lab's hosts: Debian with systemd, made by mmdebstrap from the machine's own apt sources.

No image registry is needed. The tar is kept in the developer's cache under a name that is the hash of
everything that goes into it, so that a changed package list makes a new one.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from .errors import LabError
from .podman import Podman
from .progress import Progress

FILES = Path(__file__).parent / "files"
REPOSITORY = "localhost/service-store-lab"
SUITES = ("bookworm", "trixie")
DEFAULT_SUITE = "bookworm"
# Not libpam-systemd: a user manager per login would use up the inotify instances that root has on the machine.
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "libpam-pwquality", "openssh-server", "sudo"),
    *("login", "passwd", "tzdata", "python3", "python3-apt", "ca-certificates", "openssl", "curl", "git"),
    *("procps", "cron", "rsyslog", "logrotate", "linux-base", "iproute2", "iputils-ping", "nftables"),
    *("ulogd2", "tcpdump", "strongswan-swanctl", "charon-systemd", "strongswan-pki"),
    *("libstrongswan-standard-plugins", "libstrongswan-extra-plugins", "libcharon-extra-plugins"),
    *("squid", "haproxy", "nginx-light"),
)
BUILD_TIMEOUT_S = 1800
_one_at_a_time = threading.Lock()


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The developer's cache: never needed for correctness, safe to delete."""
    env = os.environ if environ is None else environ
    if env.get("SERVICE_STORE_CACHE"):
        return Path(env["SERVICE_STORE_CACHE"])
    base = env.get("XDG_CACHE_HOME") or Path(env.get("HOME", "/root")) / ".cache"
    return Path(base) / "service-store-dev"


def key(suite: str) -> str:
    """Hash of the suite, the package list and the files that shape the image."""
    digest = hashlib.sha256("\n".join((suite, *sorted(PACKAGES))).encode())
    for path in sorted(FILES.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def tag(suite: str = DEFAULT_SUITE) -> str:
    return f"{REPOSITORY}:{suite}-{key(suite)}"


def debian_sources(suite: str, texts: Iterable[str]) -> str:
    """One-line apt sources for suite, from the machine's own sources (either format).

    Only archives that carry a Debian suite are taken, and a machine of one release gives the
    sources of another by the same archives.
    """
    found: dict[str, None] = {}
    for text in texts:
        for uri, name in _stanzas(text):
            match = re.fullmatch(r"(?:%s)(-updates|-security)?" % "|".join(SUITES), name)
            if match:
                found[f"deb {uri} {suite}{match[1] or ''} main"] = None
    if not found:
        raise LabError(
            "no Debian archive found in /etc/apt/sources.list or /etc/apt/sources.list.d; the lab's image is made "
            f"from the machine's own apt sources: add one for Debian ({', '.join(SUITES)}) and try again"
        )
    return "\n".join(found) + "\n"


def _stanzas(text: str) -> Iterable[tuple[str, str]]:
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s", line + " ")
        if match:
            yield match[1], match[2]
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^(\w[\w-]*):[ \t]*(.*)$", stanza, re.M))
        if "deb" in fields.get("Types", "").split() and fields.get("Enabled", "yes") != "no":
            for uri in fields.get("URIs", "").split():
                for name in fields.get("Suites", "").split():
                    yield uri.rstrip("/"), name


def _machine_sources() -> list[str]:
    apt = Path("/etc/apt")
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    return [f.read_text(errors="replace") for f in files if f.suffix in (".list", ".sources") and f.is_file()]


def _apt_options() -> list[str]:
    """The machine's own apt settings for reaching its archive (proxies, snapshots with old dates)."""
    dump = subprocess.run(["apt-config", "dump", "--format", '%F "%v";%n'], capture_output=True, text=True, check=True)
    wanted = re.compile(r"Acquire::(https?::|Check-Valid-Until|Check-Date|Retries)")
    return [f"--aptopt={line}" for line in dump.stdout.splitlines() if wanted.match(line) and not line.endswith(' "";')]


def _build(suite: str, target: Path, log: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # mmdebstrap takes the format from the name's end.
    partial = target.with_name(f".{os.getpid()}-{target.name}")
    command = [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(PACKAGES)}",
        *_apt_options(),
        f'--customize-hook=sh {FILES}/customize-image.sh "$1" {FILES}',
        suite,
        str(partial),
        "-",
    ]
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("ab") as output:
            done = subprocess.run(
                command,
                input=debian_sources(suite, _machine_sources()).encode(),
                stdout=output,
                stderr=output,
                timeout=BUILD_TIMEOUT_S,
                check=False,
            )
        if done.returncode != 0:
            tail = log.read_text(errors="replace")[-1500:]
            raise LabError(f"mmdebstrap could not make the image (exit {done.returncode}); {log} ends with:\n{tail}")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def ensure(podman: Podman, progress: Progress, log: Path, suite: str = DEFAULT_SUITE) -> str:
    """Makes sure that podman has the image; gives its tag."""
    if suite not in SUITES:
        raise LabError(f"no image for {suite!r}; the lab knows {', '.join(SUITES)}")
    with _one_at_a_time:
        return _ensure(podman, progress, log, suite)


def _ensure(podman: Podman, progress: Progress, log: Path, suite: str) -> str:
    name = tag(suite)
    if podman.ok("image", "exists", name):
        return name
    tar = cache_folder() / "images" / f"{suite}-{key(suite)}.tar"
    if not tar.exists():
        with progress.step("image", f"building the image of the hosts (Debian {suite}, {len(PACKAGES)} packages)"):
            _build(suite, tar, log)
    with progress.step("image", f"importing {tar.name}"):
        podman.run(
            "import",
            "--quiet",
            "--change",
            'CMD ["/sbin/init"]',
            "--change",
            "STOPSIGNAL SIGRTMIN+3",
            str(tar),
            name,
            timeout_s=600,
        )
    return name
