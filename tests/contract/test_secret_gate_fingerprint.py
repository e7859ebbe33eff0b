# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fingerprint tells secrets apart and is of no use to guess a weak one by."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core import redact
from ansible_collections.strategic.service_store.plugins.module_utils.core.handover import secret_fingerprint
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import FIELDS, Fields

USER = {"username": "store", "user_domain_name": "Default", "project_name": "acme"}
PASSWORD = "mE7!qT2#vB9&xK4p"


def user(password: str = PASSWORD, **public: str) -> dict[str, Any]:
    return {"provider": "openstack", "public": {**USER, **public}, "secrets": {"password": password}}


def test_a_password_has_no_fast_fingerprint() -> None:
    shown = secret_fingerprint(user())
    fast = [hashlib.sha256(text.encode()).hexdigest() for text in (PASSWORD, f"password={PASSWORD}")]
    assert shown.startswith("pbkdf2:") and shown.partition(":")[2] not in json.dumps(fast)


def test_a_guess_takes_as_long_as_is_asked_of_stored_passwords() -> None:
    redact.slow_fingerprint.cache_clear()
    begun = time.process_time()
    secret_fingerprint(user())
    # A millionth of it is what SHA-256 takes.
    assert time.process_time() - begun > 0.05


def test_the_same_password_is_told_again_and_another_one_apart() -> None:
    assert secret_fingerprint(user()) == secret_fingerprint(user(expires_at="2027-01-01T00:00:00Z"))
    assert secret_fingerprint(user()) != secret_fingerprint(user(PASSWORD[::-1]))


def test_two_users_with_one_password_do_not_show_it() -> None:
    assert secret_fingerprint(user()) != secret_fingerprint(user(username="other"))


def issued() -> list[tuple[str, Fields]]:
    forms = [(provider, form) for provider, fields in sorted(FIELDS.items()) for form in fields.forms]
    return [(provider, form) for provider, form in forms if form.secret != ("password",)]


@pytest.mark.parametrize(("provider", "form"), issued())
def test_what_a_provider_issues_keeps_the_fingerprint_it_had(provider: str, form: Fields) -> None:
    secrets = dict.fromkeys(form.secret, "x" * 40)
    text = "\n".join(f"{name}={value}" for name, value in sorted(secrets.items()))
    record = {"provider": provider, "public": dict.fromkeys(form.public, "y"), "secrets": secrets}
    assert secret_fingerprint(record) == "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:12]


def test_a_pre_shared_key_keeps_the_one_that_the_other_end_computes() -> None:
    key = "k7Vq2mXwR9tBz4LpN8sYc3HdJ6fGe5Ua"
    assert secret_fingerprint({"secrets": {"psk": key}}) == redact.fingerprint(key)


def test_a_secret_of_an_unknown_kind_may_be_weak() -> None:
    assert secret_fingerprint({"secrets": {"pin": "4711"}}).startswith("pbkdf2:")
