# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets uv use the package index that the machine's pip is configured with."""

from __future__ import annotations

import os
import shlex
import ssl
import subprocess
from pathlib import Path


def environment_for_uv(python: Path) -> dict[str, str]:
    """Translate pip's configuration (files, PIP_* variables) into uv's; what is set for uv already stays."""
    env = dict(os.environ)
    config = pip_config(python)
    translated = {
        "UV_DEFAULT_INDEX": config.get("index-url", ""),
        "UV_INDEX": config.get("extra-index-url", ""),
        "UV_FIND_LINKS": ",".join(config.get("find-links", "").split()),
        "UV_INSECURE_HOST": config.get("trusted-host", ""),
        "SSL_CERT_FILE": config.get("cert", ""),
        # As pip does: the best version of all indexes, not the first index that knows the name.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_NO_PROGRESS": "1",
        "UV_LINK_MODE": "copy" if _other_filesystem(python) else "hardlink",
    }
    for name, value in translated.items():
        if value and not env.get(name):
            env[name] = value
    # A selected environment of the caller is not the one to install into.
    env.pop("VIRTUAL_ENV", None)
    return env


def pip_config(python: Path) -> dict[str, str]:
    """Return pip's settings by their plain name; a variable wins over a file, as in pip."""
    done = subprocess.run([str(python), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    config: dict[str, str] = {}
    for scope in ("global.", "install.", ":env:."):
        for line in done.stdout.splitlines():
            name, equals, value = line.partition("=")
            if equals and name.startswith(scope):
                # pip prints Python literals; several URLs of one setting may stand on several lines.
                words = " ".join(shlex.split(value)).replace("\\n", " ")
                config[name[len(scope) :]] = " ".join(words.split())
    return config


def _other_filesystem(python: Path) -> bool:
    cache = Path(os.environ.get("UV_CACHE_DIR", Path.home() / ".cache"))
    return cache.exists() and cache.stat().st_dev != python.parent.stat().st_dev


def system_bundle() -> str:
    """Return the machine's own CA bundle: the one of a bundled pip may not know the index's issuer."""
    return os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().openssl_cafile
