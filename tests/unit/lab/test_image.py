# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image's sources come from the machine, and its name from what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import image
from lab.errors import LabError
from lab.podman import make_podman
from lab.progress import Progress

DEB822 = """\
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security/
Suites: bookworm-security
Components: main

Types: deb
URIs: https://packages.example/tools
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://old.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
"""


def test_sources_are_those_of_debian_and_no_others() -> None:
    assert image.debian_sources("bookworm", [DEB822]).splitlines() == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


def test_the_old_format_is_read_too() -> None:
    assert image.debian_sources("bookworm", [ONE_LINE]) == "deb http://mirror.example/debian bookworm main\n"


def test_another_release_comes_from_the_same_archives() -> None:
    assert "deb http://mirror.example/debian-security trixie-security main" in image.debian_sources("trixie", [DEB822])


def test_a_machine_without_debian_sources_is_told() -> None:
    with pytest.raises(LabError, match="no Debian archive found in /etc/apt"):
        image.debian_sources("bookworm", ["deb http://archive.example/ubuntu noble main\n"])


def test_an_unknown_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no image for 'sid'"):
        image.ensure(make_podman(tmp_path), Progress(), tmp_path / "log", "sid")


def test_the_key_follows_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    before = image.key("bookworm")
    assert before == image.key("bookworm") != image.key("trixie")
    monkeypatch.setattr(image, "PACKAGES", (*image.PACKAGES, "cowsay"))
    assert image.key("bookworm") != before


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        pytest.param({"SERVICE_STORE_CACHE": "/c"}, "/c", id="own"),
        pytest.param({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/service-store-dev", id="xdg"),
        pytest.param({"HOME": "/h"}, "/h/.cache/service-store-dev", id="home"),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], wanted: str) -> None:
    assert image.cache_folder(environ) == Path(wanted)
