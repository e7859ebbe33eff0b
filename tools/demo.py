# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: the lab, the collection from its tarball in an empty tree, a rollout, and the proofs around it.

Every step says what it does and what it took; the first that fails ends the demo.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import tree

ROOT = tree.ROOT
DEMO = tree.BUILD / "demo"
LAB = Path(os.environ.get("LAB_DIR", ROOT / ".lab"))
BIN = ROOT / ".venv" / "bin"
_RECAP = re.compile(r"^(\S+)\s*: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


class DemoFailed(SystemExit):
    """A step did not do what it should."""


def main() -> int:
    """Run the demo from the lab to the report."""
    began = time.monotonic()
    steps: list[tuple[str, Callable[[], object]]] = [
        ("start the lab", lambda: run([str(BIN / "python"), "-m", "lab", "up"], cwd=ROOT)),
        ("build the collection and install its tarball into an empty tree", install),
        ("make the operator's secret store", make_store),
        ("roll out", lambda: rollout("first")),
        ("roll out again: nothing may change", roll_out_again),
        ("a wrong credential is refused and leaves no trace", refuse_wrong_credential),
        ("the same credential through OpenBao", use_openbao),
        ("check mode predicts what a changed allowlist does", predict_and_apply),
    ]
    took = []
    for number, (name, step) in enumerate(steps, start=1):
        print(f"\n=== {number}/{len(steps)} {name}", flush=True)
        start = time.monotonic()
        step()
        took.append((name, time.monotonic() - start))
    print("\n" + "\n".join(f"{seconds:7.1f} s  {name}" for name, seconds in took))
    print(f"{time.monotonic() - began:7.1f} s  altogether")
    print(f"\nThe report: {DEMO / 'report'}\nThe lab is still up; `make demo-down` removes it.")
    return 0


def run(command: list[str], cwd: Path, **env: str) -> None:
    """Run a command, its output on the terminal."""
    done = subprocess.run(command, cwd=cwd, env={**os.environ, "LAB_DIR": str(LAB), **env}, check=False)
    if done.returncode:
        raise DemoFailed(f"failed ({done.returncode}): {' '.join(command)}")


def install() -> None:
    """Build the tarball and install it where nothing else is."""
    tree.tarball()
    tree.install(DEMO / "collections")


def variables() -> dict[str, object]:
    """Return the operator's settings, as an operator would keep them in a file of variables."""
    facts = json.loads((LAB / "lab.json").read_text(encoding="utf-8"))["components"]
    return {
        "service_store_secret_store": {
            "type": "encrypted_file",
            "path": str(LAB / "operator" / "secrets.json"),
            "auth": {"key_file": str(LAB / "operator" / "store.key")},
        },
        "service_store_credentials_dir": str(LAB / "secrets"),
        "service_store_rendered_dir": str(LAB / "handover"),
        "service_store_handover_playbook": str(ROOT / "lab" / "customer" / "handover.yml"),
        "lab_dir": str(LAB),
        "lab_customer_dir": str(ROOT / "lab" / "customer"),
        "app_name": "board",
        "app_repo": facts["git"]["url"],
        "app_repo_ca_file": str(LAB / "ca" / "ca.pem"),
        "app_version": "v2",
        "app_command": ["/usr/bin/python3", "-m", "board"],
        "app_environment": {"BOARD_HOST": "0.0.0.0"},
    }


def make_store() -> None:
    """Make the key of the secret store; a second demo on the same lab keeps it."""
    folder = LAB / "operator"
    folder.mkdir(mode=0o700, exist_ok=True)
    (LAB / "handover").mkdir(mode=0o700, exist_ok=True)
    key = folder / "store.key"
    if not key.exists():
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(os.urandom(32)))
    (DEMO / "run").mkdir(parents=True, exist_ok=True)
    (DEMO / "vars.json").write_text(json.dumps(variables(), indent=1), encoding="utf-8")
    print(f"{folder / 'secrets.json'}, opened by {key}")


def playbook(name: str, *more: str, report: str = "", title: str = "Rollout") -> subprocess.CompletedProcess[str]:
    """Run a playbook of the installed collection by its full name, from an empty folder; returns its output."""
    command = [str(BIN / "ansible-playbook"), f"strategic.service_store.{name}"]
    command += ["-i", str(LAB / "service_store.inventory.yml"), "-e", f"@{DEMO / 'vars.json'}", *more]
    env = {
        **os.environ,
        "LAB_DIR": str(LAB),
        "ANSIBLE_COLLECTIONS_PATH": str(DEMO / "collections"),
        "ANSIBLE_HOME": str(DEMO / "ansible"),
        "ANSIBLE_FORCE_COLOR": "1" if sys.stdout.isatty() else "0",
        "ANSIBLE_FORKS": "8",
        "ANSIBLE_CALLBACKS_ENABLED": "strategic.service_store.rollout_report",
        "SERVICE_STORE_REPORT_FOLDER": str(DEMO / "report" / (report or name)),
        "SERVICE_STORE_REPORT_TITLE": title,
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    lines = []
    with subprocess.Popen(
        command, cwd=DEMO / "run", env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return subprocess.CompletedProcess(command, process.returncode, "".join(lines), "")


def changed_hosts(output: str) -> list[str]:
    """Return the hosts that the recap says were changed."""
    return [host for host, changed, _unreachable, _failed in _RECAP.findall(output) if changed != "0"]


def rollout(report: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the rollout; a failed one ends the demo."""
    done = playbook("rollout", *more, report=report)
    if done.returncode:
        raise DemoFailed(f"the rollout failed ({done.returncode})")
    return done


def roll_out_again() -> None:
    """Roll out a second time and insist that no host changed."""
    changed = changed_hosts(rollout("second").stdout)
    if changed:
        raise DemoFailed(f"the second rollout changed {', '.join(changed)}")
    print("nothing changed on any host")


def refuse_wrong_credential() -> None:
    """Try to register a wrong key for a public account; it must be refused, and the store must stay without it."""
    wrong = DEMO / "wrong"
    wrong.mkdir(parents=True, exist_ok=True)
    secret = json.loads((LAB / "secrets" / "umbrella-bt.json").read_text(encoding="utf-8"))
    path = wrong / "umbrella-bt-wrong.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        # As strong as a true one: it is the cloud that has to refuse it.
        json.dump({**secret, "secret_key": secrets.token_urlsafe(64)}, file)
    more = {"service_store_credentials_dir": str(wrong), "service_store_credential": "umbrella-bt-wrong"}
    store = LAB / "operator" / "secrets.json"
    before = store.read_bytes()
    done = playbook("onboard", "--limit", "umbrella-bt", "-e", json.dumps(more), report="wrong-credential")
    path.unlink()
    after = store.read_bytes()
    if done.returncode == 0 or "bad_key" not in done.stdout or before != after:
        raise DemoFailed("a wrong credential was not refused as bad_key, or left a trace in the secret store")
    print("refused as bad_key; the secret store is as it was")


def use_openbao() -> None:
    """Register one account again, with OpenBao's real server as the secret store; only the option changes."""
    bao = json.loads((LAB / "secrets" / "openbao.json").read_text(encoding="utf-8"))
    token = LAB / "operator" / "openbao.token"
    with os.fdopen(os.open(token, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(bao["token"])
    store: dict[str, object] = {"type": "vault", "url": bao["url"], "path": f"{bao['mount']}/demo"}
    store["auth"] = {"token_file": str(token), "ca_file": bao["ca_file"]}
    more = ["--limit", "acme-aws", "-e", json.dumps({"service_store_secret_store": store})]
    if playbook("onboard", *more, report="openbao").returncode:
        raise DemoFailed("the credential could not be registered in OpenBao")


def predict_and_apply() -> None:
    """Change one allowlist in check mode, then for real, and insist on the same diff."""
    entry = {"cidr": "198.51.100.77", "ports": "443", "owner": "demo", "reason": "added by the demo"}
    lists = [{"scope": {"kind": "security_group", "name": "store-api"}, "purge": "none", "entries": [entry]}]
    more = ["--limit", "acme-aws", "--skip-tags", "prove", "--diff"]
    more += ["-e", json.dumps({"service_store_allowlists": lists})]
    diffs = []
    for mode in (["--check"], []):
        done = playbook("access", *more, *mode, report="changed-allowlist")
        if done.returncode:
            raise DemoFailed(f"the changed allowlist failed ({done.returncode})")
        diffs.append(re.findall(r"^[+-](?![+-]{2}).*198\.51\.100\.77.*$", done.stdout, re.MULTILINE))
    if not diffs[0] or diffs[0] != diffs[1]:
        raise DemoFailed(f"check mode predicted {diffs[0]} and the run did {diffs[1]}")
    print(f"predicted and done: {diffs[0]}")
    restored = ["--limit", "acme-aws", "--skip-tags", "prove"]
    if playbook("access", *restored, report="restored-allowlist").returncode:
        raise DemoFailed("the allowlist could not be brought back")


if __name__ == "__main__":
    sys.exit(main())
