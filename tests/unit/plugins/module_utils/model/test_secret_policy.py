# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A weak secret is refused by a rule with a name; what providers issue, and what is drawn, passes."""

from __future__ import annotations

import secrets
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.strategic.service_store.plugins.module_utils.core import received
from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput
from ansible_collections.strategic.service_store.plugins.module_utils.model import credential, psk, secret_kinds
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.model.secret_history import History
from ansible_collections.strategic.service_store.plugins.module_utils.model.secret_policy import (
    Policy,
    broken_rules,
    draw,
    name_words,
    parse,
)
from ansible_collections.strategic.service_store.plugins.module_utils.model.secret_words import classes, fold, guess

PASSWORD = secret_kinds.FIELDS["password"]
RANDOM = "k7Vq2mXwR9tBz4LpN8sYc3HdJ6fGe5Ua"


def rules(secret: str, policy: Policy = PASSWORD, *names: str) -> list[str]:
    return [broken.rule for broken in broken_rules(policy, secret, names)]


@pytest.mark.parametrize(
    ("secret", "rule"),
    [
        pytest.param("k7Vq2mXw", "min_length", id="short"),
        pytest.param("k7Vq2mXwR9tBz4Lp" * 20, "max_length", id="long"),
        pytest.param("kvqmxwrtbzlpnsychdjfgeua", "classes", id="one kind of characters"),
        pytest.param("k7Vq2mXw R9tBz4Lp", "alphabet", id="a blank"),
        pytest.param("k7Vq2mXw\u00e9R9tBz4Lp", "alphabet", id="a letter that is not ASCII"),
        pytest.param("Password-2026-Welcome", "dictionary", id="words"),
        pytest.param("P4$$w0rd!W3lc0me!2026", "dictionary", id="words in leet"),
        pytest.param("Qwertyuiop1234567890!", "pattern", id="keyboard walks"),
        pytest.param("aB3!aB3!aB3!aB3!aB3!", "pattern", id="repeats"),
        pytest.param("Abcdefghijklmnop98765432", "pattern", id="sequences"),
    ],
)
def test_a_weak_secret_breaks_a_rule_with_a_name(secret: str, rule: str) -> None:
    assert rule in rules(secret)


@pytest.mark.parametrize("name", ["initech-cloudstack", "Initech Ltd.", "initech"])
@pytest.mark.parametrize("written", ["k7Vq2mXwInitech9tBz4Lp", "k7Vq2mXwIN1T3CH9tBz4Lp", "k7Vq2mXwin!tech9tBz4Lp"])
def test_the_accounts_name_is_refused_however_it_is_written(name: str, written: str) -> None:
    assert rules(written, PASSWORD, name) == ["names"]


def test_a_short_name_is_not_refused_in_a_random_secret() -> None:
    # A secret of 40 random characters holds some word of four letters once in a few thousand times.
    assert rules(RANDOM + "Acme", PASSWORD, "acme-aws") == []


def test_forbidden_words_are_refused_wherever_they_stand() -> None:
    policy = parse(PASSWORD, {"forbidden_words": ["wombat"]})
    assert rules(RANDOM + "W0mb4t", policy) == ["forbidden_words"]


def test_words_of_a_file_count_for_little() -> None:
    secret = "Zyzzogeton!Quagga7Okapi"
    assert rules(secret) == []
    assert rules(secret, parse(PASSWORD, None, ["zyzzogeton", "quagga", "okapi"])) == ["dictionary"]


@pytest.mark.parametrize(
    ("field", "secret"),
    [
        ("secret_access_key", "".join(secrets.choice(string.ascii_letters + string.digits + "+/") for n in range(40))),
        ("client_secret", "Xk28Q~" + secrets.token_urlsafe(26)[:34]),
        ("application_credential_secret", secrets.token_urlsafe(64)),
        ("secret_key", secrets.token_urlsafe(64)),
        ("password", "correct-Giraffe7-lampshade-Oboe"),
    ],
    # What is drawn anew in every process cannot be a test's name.
    ids=["aws", "azure", "openstack", "cloudstack", "a person's"],
)
def test_what_providers_issue_and_careful_people_make_up_passes(field: str, secret: str) -> None:
    assert rules(secret, secret_kinds.FIELDS[field], "acme-aws", "0f1e2d3c-1111-4222-8333-444455556666") == []


def test_the_key_of_awss_own_documents_is_refused() -> None:
    shown = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
    assert rules(shown, secret_kinds.FIELDS["secret_access_key"]) == ["dictionary"]


def test_every_secret_field_of_a_credential_has_a_policy() -> None:
    fields = {name for known in credential.FIELDS.values() for form in known.forms for name in form.secret}
    assert fields == set(secret_kinds.FIELDS)


@given(st.text(max_size=60))
def test_the_estimate_is_never_more_than_the_length_allows(secret: str) -> None:
    assert 0 <= guess(secret).bits <= len(secret) * 8.0
    assert len(fold(secret).encode()) >= 0 and 0 <= classes(secret) <= 4


@given(st.text(alphabet=string.printable, min_size=1, max_size=60))
def test_no_rule_shows_the_secret(secret: str) -> None:
    told = " ".join(broken.says + broken.option for broken in broken_rules(PASSWORD, "Hidden" + secret, ["hidden"]))
    assert "Hidden" + secret not in told


@pytest.mark.parametrize("providers", [(), *((name,) for name in psk.PROVIDERS), ("azure", "openstack")])
def test_a_generated_key_passes_the_policy_of_every_provider_that_is_asked_for(providers: tuple[str, ...]) -> None:
    policy = psk.policy(providers)
    for length in (policy.min_length, policy.max_length):
        key = received.generate(policy, length, ["globex-vpn"])
        assert len(key) == length and broken_rules(policy, key) == ()
        assert all(not psk.PROVIDERS[name].alphabet.refuses(key) for name in providers or psk.PROVIDERS)


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ("aws", "0" + RANDOM),
        ("aws", RANDOM + "+/"),
        ("azure", RANDOM + "-x"),
        ("azure", RANDOM + "~x"),
        ("openstack", RANDOM + '"x'),
        ("cloudstack", RANDOM + '"x'),
        ("bt_cloud", RANDOM + "\nx"),
    ],
)
def test_a_key_that_the_provider_refuses_breaks_its_alphabet(provider: str, key: str) -> None:
    assert rules(key, psk.policy([provider])) == ["alphabet"]
    assert rules(RANDOM, psk.policy([provider])) == []


def test_a_key_never_starts_with_the_zero_that_aws_refuses() -> None:
    assert draw(psk.policy(), 32, lambda letters: letters[-1]) == "9" * 32
    assert draw(psk.policy(), 3, lambda letters: "0" if "0" in letters else "x") == "x00"


def test_a_policy_that_nothing_can_keep_says_so() -> None:
    with pytest.raises(InvalidInput, match="lets no random secret of 8 characters pass"):
        received.generate(replace(PASSWORD, min_length=1), 8)


@pytest.mark.parametrize(
    ("option", "mend"),
    [
        ({"min_length": 30, "max_length": 20}, "is more than max_length"),
        ({"min_classes": 5}, "is more than the 4 kinds"),
        ({"min_bits": -1}, "is negative"),
        ({"forbidden_words": ["ab"]}, "is too short"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(option: dict[str, object], mend: str) -> None:
    with pytest.raises(InvalidValue, match=mend):
        parse(PASSWORD, option)


def test_an_earlier_secret_is_known_again_and_is_not_in_the_record() -> None:
    kept = received.remember({}, ["first-secret", "second-secret"], keep=2)
    kept = received.remember(kept, ["third-secret"], keep=2)
    with pytest.raises(InvalidInput, match="was in use here before.*rule reuse, secret_policy.reuse"):
        received.check_reuse("secret", "third-secret", PASSWORD, kept)
    received.check_reuse("secret", "first-secret", PASSWORD, kept)
    assert "secret" not in str(kept["earlier_secrets"]["fingerprints"])
    received.check_reuse("secret", "third-secret", replace(PASSWORD, reuse=0), kept)


def test_the_same_secret_has_another_fingerprint_in_another_record() -> None:
    one, two = (History(salt * 16).with_secret("s", 1) for salt in ("00", "01"))
    assert one.fingerprints != two.fingerprints


def test_names_are_taken_apart() -> None:
    assert name_words(["acme-prod_Aws.1"]) == ("acme", "prod", "acmeprodAws1")
