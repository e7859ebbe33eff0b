# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles to and from files: sealed with a public key, opened in memory, never in the clear on a disk."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from typing import Any

from ..model import handover as model
from . import sealing
from .errors import InvalidInput
from .redact import secrets_fingerprint

#: A bundle holds one record; anything larger is something else.
MOST_BYTES = 1 << 20


def seal(method: str, record: Mapping[str, Any], binding: model.Binding, public_key: str, where: str) -> model.Bundle:
    """Return a bundle that only the owner of the key can open; ``where`` is the option that holds the key."""
    plaintext = model.canonical(model.content(binding, record))
    if method == "age":
        # age authenticates nothing beside what it encrypts, so the binding is inside alone.
        return model.Bundle("age", sealing.seal_age(plaintext, public_key, where))
    sealed = sealing.seal_hpke(plaintext, public_key, binding.context(method), where)
    return model.Bundle("hpke", sealed, binding)


def open_sealed(
    bundle: model.Bundle,
    private_key: str,
    wanted: model.Expected,
    now: datetime.datetime,
    where: tuple[str, str],
) -> tuple[model.Binding, dict[str, Any]]:
    """Return binding and record of a bundle; ``where`` are the options of the bundle and of the key.

    Raises InvalidInput or InvalidValue for another key, another account, customer or purpose, and an expired bundle.
    """
    if bundle.method == "age":
        plaintext = sealing.open_age(bundle.payload, private_key, *where)
    elif bundle.method == "hpke" and bundle.binding is not None:
        bundle.binding.check(wanted, now, where[0])
        plaintext = sealing.open_hpke(bundle.payload, private_key, bundle.binding.context("hpke"), *where)
    else:
        mend = "is wrapped one-time, not sealed to a key; open it with the module secret_handover"
        raise InvalidInput(where[0], None, mend)
    try:
        content = json.loads(plaintext)
    except ValueError:
        content = None
    binding, record = model.opened(content, bundle.binding, where[0])
    binding.check(wanted, now, where[0])
    return binding, record


def secret_fingerprint(record: Mapping[str, Any]) -> str:
    """Return one fingerprint for a record's secrets, the same as the modules of credentials and keys show."""
    return secrets_fingerprint(record.get("secrets") or {}, record.get("public") or {})


def read_bundle(path: str, where: str) -> tuple[model.Bundle, str]:
    """Return a bundle and the SHA-256 of its file; raises InvalidInput or InvalidValue."""
    path = os.path.expanduser(path)
    try:
        with open(path, "rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise InvalidInput(where, path, f"cannot be read ({exc.strerror})") from exc
    if len(raw) > MOST_BYTES:
        raise InvalidInput(where, path, "is no bundle: it is larger than 1 MiB")
    return model.parse_bundle(raw.decode("utf-8", errors="replace"), where), hashlib.sha256(raw).hexdigest()


def read_receipt(path: str) -> dict[str, Any]:
    """Return a receipt; empty where there is none, or something else."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def file_sha256(path: str) -> str:
    """Return the SHA-256 of a file, empty where there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read(MOST_BYTES + 1)).hexdigest()
    except OSError:
        return ""


def write(path: str, text: str, where: str) -> str:
    """Write a file that its owner alone can read, whole at every moment; return its SHA-256."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, partial = tempfile.mkstemp(prefix=".", suffix=".new", dir=folder)  # mkstemp makes it 0600
    except OSError as exc:
        raise InvalidInput(where, path, f"cannot be written ({exc.strerror})") from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as exc:
        raise InvalidInput(where, path, f"cannot be written ({exc.strerror})") from exc
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
