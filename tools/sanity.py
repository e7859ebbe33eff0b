# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`ansible-test sanity` on a copy of the checkout, with nothing but a package index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools import index, pythons, tree

ROOT = Path(__file__).resolve().parent.parent
# ansible-test would download this file from Ansible's own host; it only brings pip into a new environment.
GET_PIP = '''\
"""Brings pip into an environment from Python's own ensurepip; then installs what is asked for."""

import runpy
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip", "--upgrade"])
bootstrap_only = {"--no-setuptools", "--no-wheel"}
sys.argv = ["pip", "install", *(word for word in sys.argv[1:] if word not in bootstrap_only)]
runpy.run_module("pip", run_name="__main__")
'''
GET_PIP_NAMES = ("get_pip_24_2.py", "get_pip_25_2.py", "get_pip_26_0.py")


def home(folder: Path, python: Path) -> Path:
    """Make a private HOME: ansible-test keeps its environments and downloads there, not in the user's."""
    cache = folder / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in GET_PIP_NAMES:
        (cache / name).write_text(GET_PIP, encoding="utf-8")
    config = folder / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {value}" for name, value in index.pip_config(python).items()]
    config.write_text("[global]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


def fresh_copy(target: Path) -> Path:
    """Copy the sources anew, but keep ansible-test's own environments: they take most of a cold run."""
    kept = target / "tests" / "output"
    for path in sorted(target.rglob("*"), reverse=True) if target.exists() else []:
        if path != kept and kept not in path.parents and path not in kept.parents:
            path.unlink() if path.is_file() or path.is_symlink() else path.rmdir()
    tree.copy(target)
    # A repository of its own, or ansible-test asks the one around it, which ignores build/.
    subprocess.run(["git", "init", "--quiet"], cwd=target, check=True)
    return target


def search_path(bin_folder: Path) -> str:
    """Return a PATH with real interpreters only, and the oldest one that modules have to run on."""
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder).name != "shims"]
    oldest = pythons.find((3, 9))
    return os.pathsep.join([str(bin_folder), *folders, *([str(oldest.parent)] if oldest else [])])


def main(arguments: list[str]) -> int:
    """Run the sanity tests with the ansible-test of the environment named first; more words are passed on."""
    venv, *more = arguments or [".venv"]
    bin_folder = ROOT / venv / "bin"
    work = ROOT / "build" / f"sanity{venv}"
    copy = fresh_copy(work / "ansible_collections" / "strategic" / "service_store")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    env["HOME"] = str(home(work / "home", bin_folder / "python"))
    env["PATH"] = search_path(bin_folder)
    env.setdefault("PIP_CERT", index.system_bundle())
    env["LC_ALL"] = "C.UTF-8"
    command = [str(bin_folder / "ansible-test"), "sanity", "--venv", "--color", "no", *more]
    return subprocess.run(command, cwd=copy, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
