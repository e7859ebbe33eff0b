# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that looks like a small Debian 12 host, and an sshd and visudo for it."""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.strategic.service_store.plugins.module_utils.baseline.host import Host

from .baseline_breaks import _SYSCTL
from .baseline_steps import Folder, Step, Write

# What `sshd -T` of Debian 12 prints while nothing is set (OpenSSH 9.2), as far as a control asks for it.
SSHD_DEFAULTS = Path(__file__).with_name("sshd_defaults.txt")

_ACCOUNTS = """\
root:x:{uid}:{gid}:root:/root:/bin/bash
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
sync:x:4:65534::/bin:/bin/sync
nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin
"""

_SUDOERS = """\
Defaults\tenv_reset
Defaults secure_path="/usr/sbin:/usr/bin"
@includedir /etc/sudoers.d
"""

STEPS: list[Step] = [
    Folder("/root", 0o700),
    Folder("/tmp", 0o1777),
    Folder("/var/tmp", 0o1777),
    Folder("/home"),
    Folder("/opt"),
    Folder("/var/spool/cron/crontabs", 0o1730),
    Folder("/var/log"),
    Folder("/run"),
    *[Folder(f"/etc/cron.{name}") for name in ("d", "hourly", "daily", "weekly", "monthly")],
    *[Folder(f"/etc/{name}") for name in ("pam.d", "security/limits.d", "profile.d", "sysctl.d", "sudoers.d")],
    Folder("/etc/ssh/sshd_config.d"),
    Write("/etc/os-release", 'ID=debian\nVERSION_ID="12"\n'),
    Write("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nX11Forwarding yes\nUsePAM yes\n"),
    Write("/etc/ssh/ssh_host_ed25519_key", "a key\n", 0o600),
    Write("/etc/ssh/ssh_host_ed25519_key.pub", "a key\n"),
    Write("/usr/sbin/sshd", ""),
    Write("/etc/sudoers", _SUDOERS, 0o440),
    Write("/etc/sudoers.d/README", "# read me\n", 0o440),
    Write("/etc/shadow", "root:*:20000:0:99999:7:::\n", 0o640),
    Write("/etc/gshadow", "root:*::\n", 0o640),
    Write("/etc/login.defs", "# a comment\nUID_MIN 1000\nPASS_MAX_DAYS\t99999\nENCRYPT_METHOD SHA512\nUMASK 022\n"),
    Write("/etc/default/useradd", "SHELL=/bin/sh\n# INACTIVE=-1\n"),
    Write("/etc/issue", "Debian GNU/Linux 12 \\n \\l\n"),
    Write("/etc/issue.net", "Debian GNU/Linux 12\n"),
    Write("/etc/shells", "/bin/bash\n"),
    Write("/etc/pam.d/login", "auth required pam_unix.so\n"),
    Write("/etc/profile", "# profile\n"),
    Write("/etc/crontab", "17 * * * * root cd / && run-parts --report /etc/cron.hourly\n"),
    Write("/var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\nVersion: 5.2\n\n"),
]


def make_root(root: Path) -> Path:
    """Build the tree; whoever runs the tests plays root in it."""
    for step in STEPS:
        step.do(root)
    uid, gid = os.getuid(), os.getgid()
    Write("/etc/passwd", _ACCOUNTS.format(uid=uid, gid=gid)).do(root)
    names = ("daemon:x:1:", "shadow:x:42:", "adm:x:3:", "utmp:x:43:", "crontab:x:104:", "nogroup:x:65534:")
    Write("/etc/group", f"root:x:{gid}:\n" + "".join(name + "\n" for name in names)).do(root)
    for key, _wrong in _SYSCTL.values():
        Write("/proc/sys/" + key.replace(".", "/"), "1\n").do(root)
    for path in ("/etc/crontab", "/etc/profile"):
        (root / path.lstrip("/")).chmod(0o644)
    return root


def host(root: Path) -> Host:
    """The tree as the engine sees it. Programs are played by the functions below."""
    return Host(str(root), _Programs(root))


class _Programs:
    """Answers `sshd -T`, `sshd -t` and `visudo -c` for a tree, by a reading of the files of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, argv: Sequence[str], timeout_s: float = 0) -> tuple[int, str, str]:
        name = os.path.basename(argv[0])
        if name == "sshd":
            main = argv[argv.index("-f") + 1] if "-f" in argv else str(self.root / "etc/ssh/sshd_config")
            values = self._sshd(main)
            if "garbage" in values:
                return 255, "", "Bad configuration option: garbage"
            return 0, "".join(f"{key} {value}\n" for key, value in values.items()), ""
        if name == "visudo":
            text = Path(argv[-1]).read_text() if Path(argv[-1]).is_absolute() else ""
            return (1, "", "syntax error") if "garbage" in text else (0, "", "")
        return 0, "", ""

    def _sshd(self, main: str) -> dict[str, str]:
        values: dict[str, str] = {}
        for line in self._lines(main):
            key, value = re.split(r"[\s=]+", line, maxsplit=1)
            if key.lower() == "match":
                break
            if key.lower() == "maxstartups":
                values[key.lower()] = value
            values.setdefault(key.lower(), value.replace("10m", "600"))
        defaults = dict(line.split(" ", 1) for line in SSHD_DEFAULTS.read_text().splitlines())
        return {**defaults, **values}

    def _lines(self, path: str) -> list[str]:
        found: list[str] = []
        for line in Path(path).read_text().splitlines():
            if line.startswith("Include "):
                pattern = line.split()[1]
                prefix = "" if pattern.startswith(tempfile.gettempdir()) else str(self.root)
                for part in sorted(glob.glob(prefix + pattern)):
                    found += self._lines(part)
            elif line.strip() and not line.startswith("#"):
                found.append(line.strip())
        return found
