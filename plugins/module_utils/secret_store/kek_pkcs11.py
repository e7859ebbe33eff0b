# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A KEK in a PKCS#11 token (HSM, smart card, SoftHSM): an AES key that never leaves it."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable

from ..core.deps import load
from ..core.errors import SecretStoreError
from .kek import NONCE_BYTES, KekId, decoded, required
from .key import find_file, read_file

WHY = "to use a key in a PKCS#11 token"
PIN_ENV = "SERVICE_STORE_PIN_FILE"
PIN_SYSTEMD = "service-store-pin"
TAG_BITS = 128
#: Login and initialisation belong to the whole process (PKCS#11 v3.0, 5.6), so one thread at a time uses a token.
_ONE_AT_A_TIME = threading.Lock()


def open_pkcs11(
    label: str, option: Mapping[str, Any], auth: Mapping[str, Any], keep_secret: Callable[..., None]
) -> Pkcs11Kek:
    """Return the KEK for ``{type: pkcs11, library, token_label, key}``; the PIN is in the file ``auth.pin_file``."""
    library = required(option, "library", "give the token's PKCS#11 library, as /usr/lib/softhsm/libsofthsm2.so")
    token = required(option, "token_label", "give the label of the token that holds the key")
    key = required(option, "key", "give the label of an AES key in the token")
    path = find_file(auth.get("pin_file"), PIN_ENV, PIN_SYSTEMD, os.environ)
    if not path:
        why = f"no file with the PIN is named in secret_store.auth.pin_file or {PIN_ENV}"
        raise SecretStoreError(label, "unlock it", why, "put the PIN into a file of mode 0600", "locked")
    pin = read_file(label, path, "unlock it")
    keep_secret(pin)
    return Pkcs11Kek(label, library, token, key, pin)


class Pkcs11Kek:
    """Wraps with CKM_AES_GCM inside the token; the key needs CKA_ENCRYPT and CKA_DECRYPT, and nothing else."""

    def __init__(self, label: str, library: str, token: str, key: str, pin: str) -> None:
        self.label = label
        self.id = KekId("pkcs11", f"{token}/{key}")
        self._library, self._token, self._key, self._pin = library, token, key, pin

    def wrap(self, data_key: bytes, file_id: str) -> str:
        """Return nonce and ciphertext in base64."""
        nonce = os.urandom(NONCE_BYTES)
        with self._session("wrap its data key") as (pkcs11, key):
            sealed: bytes = key.encrypt(data_key, **_gcm(pkcs11, nonce, file_id))
        return base64.b64encode(nonce + sealed).decode("ascii")

    def unwrap(self, wrapped: str, file_id: str) -> bytes:
        """Return the data key."""
        raw = decoded(self.label, wrapped)
        with self._session("unlock it") as (pkcs11, key):
            opened: bytes = key.decrypt(raw[NONCE_BYTES:], **_gcm(pkcs11, raw[:NONCE_BYTES], file_id))
        return opened

    def is_newest(self, wrapped: str) -> bool:
        """Return True: a token's key has no versions."""
        return True

    @contextmanager
    def _session(self, doing: str) -> Iterator[tuple[Any, Any]]:
        """Give the key in an open session, and translate what goes wrong in it."""
        pkcs11 = load("pkcs11", "python-pkcs11", WHY)
        with _ONE_AT_A_TIME:
            try:
                library = pkcs11.lib(self._library)
                try:
                    with library.get_token(token_label=self._token).open(user_pin=self._pin) as session:
                        yield pkcs11, session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, label=self._key)
                finally:
                    # A forked process may not use what its parent has initialised; Ansible forks.
                    library.finalize()
            except pkcs11.PKCS11Error as exc:
                raise self._translate(doing, exc, pkcs11) from exc

    def _translate(self, doing: str, exc: Exception, pkcs11: Any) -> SecretStoreError:
        known: tuple[tuple[tuple[Any, ...], str, str, str], ...] = (
            ((pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid), "the PIN is wrong", "mend the PIN file", ""),
            ((pkcs11.PinLocked,), "the PIN is locked after wrong ones", "let the token's officer reset it", "sealed"),
            ((pkcs11.NoSuchToken,), f"there is no token {self._token}", "check token_label and the slot", "down"),
            ((pkcs11.MultipleTokensReturned,), f"two tokens are labelled {self._token}", "rename one", ""),
            ((pkcs11.NoSuchKey,), f"the token has no secret key {self._key}", "check secret_store.kek.key", ""),
            ((pkcs11.MultipleObjectsReturned,), f"two keys are labelled {self._key}", "rename one", ""),
            ((pkcs11.DeviceError, pkcs11.DeviceRemoved, pkcs11.TokenNotPresent), "the token fails", "", "down"),
        )
        for types, why, hint, kind in known:
            if isinstance(exc, types):
                return SecretStoreError(self.label, doing, why, hint, kind or "locked")
        if "loading" in str(exc):
            return SecretStoreError(self.label, doing, str(exc), "check secret_store.kek.library", "down")
        why = f"the token refused ({type(exc).__name__}); its key does not fit, or may not encrypt and decrypt"
        return SecretStoreError(self.label, doing, why, "check secret_store.kek.key", "locked")


def _gcm(pkcs11: Any, nonce: bytes, file_id: str) -> dict[str, Any]:
    parameters = pkcs11.GCMParams(nonce, file_id.encode("ascii"), TAG_BITS)
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}
