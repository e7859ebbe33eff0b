# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search of the leak scan finds a planted secret in every spelling and every place, and nothing where none is."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import yaml

from tests.support.leaks import assert_nothing_leaked
from tests.support.playbook import Run
from tests.support.spellings import Search

#: Its base64 has "+" and "/", its JSON and its URL escapes, and it is no whole number of three bytes.
CANARY = 'c4nary "one"\\two/three+four&five?ü~~~>>>'
LINES = ["MC4CAQAwBQYDK2VuBCIE" * 3, "q9Zk3LrW7cYjN1pHs6Df" * 3]
KEY = "\n".join(["-----BEGIN PRIVATE KEY-----", *LINES, "abc=", "-----END PRIVATE KEY-----", ""])
WRITE: dict[str, Callable[[str], str]] = {
    "raw": str,
    "in a sentence": lambda text: f"refused {text}, it said",
    "url-encoded": lambda text: quote(text, safe=""),
    "url-encoded, slashes left": quote,
    "url-encoded, as a form": quote_plus,
    "url-encoded in small letters": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text)),
    "JSON": json.dumps,
    "JSON, not only ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON, slashes escaped": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps({"msg": json.dumps({"key": text})}),
    "Python repr": lambda text: repr({"key": text}),
    "YAML": lambda text: yaml.safe_dump({"key": text}, width=1000, allow_unicode=True),
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "urlsafe base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64, wrapped": lambda text: base64.encodebytes(text.encode() * 4).decode(),
    "base64, wrapped in JSON": lambda text: json.dumps(base64.encodebytes(text.encode() * 4).decode()),
    "base64, url-encoded": lambda text: quote(base64.b64encode(text.encode()), safe=""),
    "base64, JSON-escaped": lambda text: base64.b64encode(text.encode()).decode().replace("/", "\\/"),
}


@pytest.mark.parametrize("write", WRITE.values(), ids=WRITE.keys())
def test_a_planted_secret_is_found_however_it_is_written(write: Callable[[str], str]) -> None:
    assert Search([CANARY]).seen_in(f"before {write(CANARY)} after".encode())


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("after", ["", "!", "!!", ":after"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("secret", [CANARY, "12345678", "eighteen-letters-x"])
def test_a_secret_is_found_in_the_base64_of_a_longer_text(
    before: str, after: str, encode: Callable[[bytes], bytes], secret: str
) -> None:
    content = b"Authorization: Basic " + encode(f"{before}{secret}{after}".encode())
    assert Search([secret]).seen_in(content)


@pytest.mark.parametrize("write", [str, json.dumps, lambda text: yaml.safe_dump({"key": text}, default_style="|")])
def test_a_key_of_several_lines_is_found_whole_and_by_each_line(write: Callable[[str], str]) -> None:
    assert Search([KEY]).seen_in(write(KEY).encode())
    for line in LINES:
        assert Search([KEY]).seen_in(f"    {line}\n".encode())


def test_what_holds_no_secret_is_found_clean() -> None:
    assert not Search([CANARY, KEY]).seen_in(f"{CANARY[:-1]} -----BEGIN PRIVATE KEY-----\nabc=\n".encode())


@pytest.mark.parametrize("secrets", [[], ["1234567"], [CANARY, ""]])
def test_a_search_for_nothing_or_next_to_nothing_is_refused(secrets: list[str]) -> None:
    with pytest.raises(ValueError):
        Search(secrets)


CLEAN = Run(0, "ok: [acme]", frozenset({"python module.py"}))


def planted_in_output(folder: Path, text: str) -> Run:
    return Run(0, f"ok: [acme] {text}", CLEAN.command_lines)


def planted_in_arguments(folder: Path, text: str) -> Run:
    return Run(0, CLEAN.output, frozenset({"python module.py", f"curl -H {text}"}))


def planted_in_a_file(folder: Path, text: str) -> Run:
    (folder / "tmp" / "deep").mkdir(parents=True)
    (folder / "tmp" / "deep" / "arguments").write_bytes(b"\0\xff" + text.encode() + b"\xff")
    return CLEAN


def planted_in_a_name(folder: Path, text: str) -> Run:
    (folder / f"fact-{text}").touch()
    return CLEAN


@pytest.mark.parametrize("plant", [planted_in_output, planted_in_arguments, planted_in_a_file, planted_in_a_name])
def test_the_scan_looks_everywhere(plant: Callable[[Path, str], Run], tmp_path: Path) -> None:
    secret = "canary-8d1f4e7a0b3c"
    assert_nothing_leaked(tmp_path, [CLEAN], [secret])
    with pytest.raises(AssertionError):
        assert_nothing_leaked(tmp_path, [CLEAN, plant(tmp_path, secret)], ["another-secret", secret])


@pytest.mark.parametrize("run", [Run(0, "", CLEAN.command_lines), Run(0, "ok", frozenset())])
def test_the_scan_of_a_run_that_was_not_watched_fails(run: Run, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="nothing to search"):
        assert_nothing_leaked(tmp_path, [run], ["canary-8d1f4e7a0b3c"])
