# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each control of the shipped baseline is broken. A test holds this table and the baseline together."""

from __future__ import annotations

from .baseline_steps import Append, Folder, Gone, Mode, Owner, Package, Step, Sysctl, Write

# Read before our own drop-in, so that a repair has to silence it.
SSHD_EARLY = "/etc/ssh/sshd_config.d/00-a-broken.conf"
SSHD_LATE = "/etc/ssh/sshd_config.d/99-z-broken.conf"
# Read after our own drop-in; sudo takes the last value.
SUDO_LATE = "/etc/sudoers.d/zzz-broken"
SYSCTL_LATE = "/etc/sysctl.d/zzz-broken.conf"
# Not a hash of anything.
HASH = "$y$j9T$notarealsalt$notarealhashnotarealhashnotarealhashnota"

_SSHD = {
    "root-login": "PermitRootLogin yes",
    "password-authentication": "PasswordAuthentication yes",
    "keyboard-interactive": "KbdInteractiveAuthentication yes",
    "empty-passwords": "PermitEmptyPasswords yes",
    "hostbased-authentication": "HostbasedAuthentication yes",
    "ignore-rhosts": "IgnoreRhosts no",
    "user-environment": "PermitUserEnvironment yes",
    "user-rc": "PermitUserRC yes",
    "x11-forwarding": "X11Forwarding yes",
    "tcp-forwarding": "AllowTcpForwarding=yes",
    "stream-forwarding": "AllowStreamLocalForwarding yes",
    "agent-forwarding": "AllowAgentForwarding yes",
    "gateway-ports": "GatewayPorts clientspecified",
    "tunnel": "PermitTunnel point-to-point",
    "gssapi-authentication": "GSSAPIAuthentication yes",
    "kerberos-authentication": "KerberosAuthentication yes",
    "max-auth-tries": "MaxAuthTries 20",
    "max-sessions": "MaxSessions 99",
    "login-grace-time": "LoginGraceTime 10m",
    "client-alive-interval": "ClientAliveInterval 0",
    "client-alive-count": "ClientAliveCountMax 50",
    "log-level": "LogLevel QUIET",
    "use-pam": "UsePAM no",
    "strict-modes": "StrictModes no",
    "print-last-log": "PrintLastLog no",
    "compression": "Compression yes",
    "ciphers": "Ciphers aes256-ctr,aes128-cbc",
    "macs": "MACs hmac-sha2-256-etm@openssh.com,hmac-sha1",
    "kex": "KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha1",
    "banner": "Banner none",
}

_SUDO = {
    "use-pty": "!use_pty",
    "logfile": "!logfile",
    "env-reset": "!env_reset",
    "secure-path": 'secure_path="/tmp:/usr/bin"',
    "timestamp-timeout": "timestamp_timeout=-1",
    "passwd-tries": "passwd_tries=99",
    "authenticate": "!authenticate",
    "visiblepw": "visiblepw",
}

_FILES = {
    "sshd-config-files": ("/etc/ssh/sshd_config", 0o644),
    "sshd-private-keys": ("/etc/ssh/ssh_host_ed25519_key", 0o640),
    "sshd-public-keys": ("/etc/ssh/ssh_host_ed25519_key.pub", 0o664),
    "sudo-files": ("/etc/sudoers", 0o444),
    "sudo-folder": ("/etc/sudoers.d", 0o755),
    "file-passwd": ("/etc/passwd", 0o664),
    "file-group": ("/etc/group", 0o646),
    "file-shadow": ("/etc/shadow", 0o644),
    "file-gshadow": ("/etc/gshadow", 0o644),
    "file-shells": ("/etc/shells", 0o666),
    "file-pam": ("/etc/pam.d/login", 0o666),
    "file-profiles": ("/etc/profile", 0o777),
    "file-root-home": ("/root", 0o755),
    "file-temporary-folders": ("/var/tmp", 0o777),
    "cron-crontab": ("/etc/crontab", 0o644),
    "cron-hourly": ("/etc/cron.hourly", 0o755),
    "cron-daily": ("/etc/cron.daily", 0o755),
    "cron-weekly": ("/etc/cron.weekly", 0o755),
    "cron-monthly": ("/etc/cron.monthly", 0o755),
    "cron-d": ("/etc/cron.d", 0o755),
    "cron-spool": ("/var/spool/cron/crontabs", 0o1777),
}

# Files that a host may not have yet.
_NEW_FILES = {
    "file-banners": ("/etc/motd", 0o666),
    "file-account-backups": ("/etc/passwd-", 0o666),
    "file-shadow-backups": ("/etc/shadow-", 0o644),
    "file-opasswd": ("/etc/security/opasswd", 0o644),
    "file-grub": ("/boot/grub/grub.cfg", 0o644),
    "file-login-records": ("/var/log/btmp", 0o666),
    "file-sudo-log": ("/var/log/sudo.log", 0o644),
    "cron-files": ("/etc/cron.daily/bl-job", 0o777),
}

_LOGIN_DEFS = {
    "pass-max-days": "PASS_MAX_DAYS 99999",
    "pass-min-days": "PASS_MIN_DAYS\t0",
    "pass-warn-age": "PASS_WARN_AGE 1",
    "encrypt-method": "ENCRYPT_METHOD MD5",
    "umask": "UMASK 022",
    "home-mode": "HOME_MODE 0755",
    "retries": "LOGIN_RETRIES 100",
    "timeout": "LOGIN_TIMEOUT 0",
    "log-su": "SYSLOG_SU_ENAB no",
}

_PACKAGES = {
    "telnet": "inetutils-telnet",
    "rsh": "rsh-server",
    "nis": "nis",
    "talk": "talkd",
    "ftp": "vsftpd",
    "tftp": "tftpd-hpa",
    "inetd": "xinetd",
    "avahi": "avahi-daemon",
    "prelink": "prelink",
}

_SYSCTL = {
    "ip-forward": ("net.ipv4.ip_forward", "1"),
    "ipv6-forwarding": ("net.ipv6.conf.all.forwarding", "1"),
    "send-redirects": ("net.ipv4.conf.all.send_redirects", "1"),
    "accept-redirects": ("net.ipv4.conf.default.accept_redirects", "1"),
    "ipv6-accept-redirects": ("net.ipv6.conf.all.accept_redirects", "1"),
    "secure-redirects": ("net.ipv4.conf.all.secure_redirects", "1"),
    "source-route": ("net.ipv4.conf.all.accept_source_route", "1"),
    "ipv6-source-route": ("net.ipv6.conf.default.accept_source_route", "1"),
    "rp-filter": ("net.ipv4.conf.all.rp_filter", "0"),
    "log-martians": ("net.ipv4.conf.default.log_martians", "0"),
    "icmp-broadcasts": ("net.ipv4.icmp_echo_ignore_broadcasts", "0"),
    "icmp-bogus": ("net.ipv4.icmp_ignore_bogus_error_responses", "0"),
    "syncookies": ("net.ipv4.tcp_syncookies", "0"),
    "rfc1337": ("net.ipv4.tcp_rfc1337", "0"),
    "ipv6-router-advertisements": ("net.ipv6.conf.all.accept_ra", "1"),
    "proxy-arp": ("net.ipv4.conf.all.proxy_arp", "1"),
    "aslr": ("kernel.randomize_va_space", "0"),
    "ptrace": ("kernel.yama.ptrace_scope", "0"),
    "kptr": ("kernel.kptr_restrict", "0"),
    "dmesg": ("kernel.dmesg_restrict", "0"),
    "bpf": ("kernel.unprivileged_bpf_disabled", "0"),
    "perf": ("kernel.perf_event_paranoid", "1"),
    "links": ("fs.protected_symlinks", "0"),
    "fifos": ("fs.protected_fifos", "0"),
    "suid-dumpable": ("fs.suid_dumpable", "2"),
}


def _user(name: str, uid: int, shadow: str, shell: str = "/bin/bash", home: str = "/nonexistent") -> list[Step]:
    return [
        Append("/etc/passwd", f"{name}:x:{uid}:{uid}::{home}:{shell}\n"),
        Append("/etc/group", f"{name}:x:{uid}:\n"),
        Append("/etc/shadow", f"{name}:{shadow}\n"),
    ]


def _home(name: str, uid: int, *wrong: tuple[str, int, int]) -> list[Step]:
    """A person with a folder of SSH keys; each `wrong` is a path below the home, its mode and its owner."""
    home = f"/home/{name}"
    steps = [
        *_user(name, uid, "!:20000:1:365:7:45::", home=home),
        Folder(home + "/.ssh", 0o700),
        Mode(home, 0o700),
        Write(home + "/.ssh/authorized_keys", "", 0o600),
        *[Owner(home + part, uid, uid) for part in ("", "/.ssh", "/.ssh/authorized_keys")],
    ]
    for path, mode, owner in wrong:
        steps += [Mode(home + path, mode), Owner(home + path, owner, owner)]
    return steps


_AGEING = _user("bl-age", 1702, f"{HASH}:20000:0:99999:1:::")

_OTHER: dict[str, list[Step]] = {
    "account-empty-passwords": _user("bl-empty", 1701, ":20000:1:365:7:45::"),
    "account-uid-0": _user("bl-toor", 0, f"{HASH}:20000:1:365:7:45::", home="/root"),
    "account-system-shells": _user("bl-sys", 701, "!:20000::::::"),
    "account-system-locked": _user("bl-sys-2", 702, f"{HASH}:20000:1:365:7:45::", "/usr/sbin/nologin"),
    "account-legacy-passwd": [Append("/etc/passwd", "+::::::\n")],
    "account-legacy-shadow": [Append("/etc/shadow", "+::::::::\n")],
    "account-legacy-group": [Append("/etc/group", "+:::\n")],
    "account-password-max-days": _AGEING,
    "account-password-min-days": _AGEING,
    "account-password-warn-days": _AGEING,
    "account-password-inactive-days": _AGEING,
    "account-home-mode": _home("bl-mode", 1711, ("", 0o755, 1711)),
    "account-home-owner": _home("bl-owner", 1712, ("", 0o700, 0)),
    "account-ssh-folder": _home("bl-folder", 1713, ("/.ssh", 0o755, 1713)),
    "account-authorized-keys": _home("bl-keys", 1714, ("/.ssh/authorized_keys", 0o666, 1714)),
    "account-rhosts": [*_home("bl-rhosts", 1715), Write("/home/bl-rhosts/.rhosts", "+ +\n")],
    "login-useradd-inactive": [Append("/etc/default/useradd", "INACTIVE=-1\n")],
    "walk-world-writable": [Write("/opt/bl-file", "x\n", 0o666)],
    "walk-open-folders": [Folder("/opt/bl-folder", 0o777)],
    "walk-unowned": [Write("/opt/bl-nobodys", "x\n", 0o755), Owner("/opt/bl-nobodys", 64242, 64242)],
    "walk-privileged": [Write("/opt/bl-suid", "#!/bin/true\n"), Mode("/opt/bl-suid", 0o4755)],
    "cron-allow": [Gone("/etc/cron.allow")],
    "cron-deny": [Write("/etc/cron.deny", "")],
    "cron-programs": [
        Write("/etc/cron.d/bl-job", "MAILTO=root\n1 2 * * * root test -x /opt/bl-job && /opt/bl-job\n"),
        Write("/opt/bl-job", "#!/bin/true\n", 0o777),
    ],
    "banner-issue": [Write("/etc/issue", "Debian GNU/Linux 12 \\n \\l\n")],
    "banner-issue-net": [Write("/etc/issue.net", "runs on \\r\n")],
    "session-timeout": [Write("/etc/profile.d/zz-broken.sh", "export TMOUT=86400\n")],
    "session-core-dumps": [Write("/etc/security/limits.d/10-broken.conf", "* hard core unlimited\n")],
    "session-hosts-equiv": [Write("/etc/hosts.equiv", "+\n")],
    "session-root-umask": [Write("/root/.bash_profile", "umask 022\n")],
}

BREAKS: dict[str, list[Step]] = {
    **{f"sshd-{name}": [Append(SSHD_EARLY, line + "\n")] for name, line in _SSHD.items()},
    # OpenSSH 9.2 keeps the last of several values of this one, and the first of all others.
    "sshd-max-startups": [Append(SSHD_LATE, "MaxStartups 100:30:200\n")],
    **{f"sudo-{name}": [Append(SUDO_LATE, f"Defaults {text}\n")] for name, text in _SUDO.items()},
    **{name: [Mode(*wrong)] for name, wrong in _FILES.items()},
    **{name: [Append(path, ""), Mode(path, mode)] for name, (path, mode) in _NEW_FILES.items()},
    "file-grub": [Write("/boot/grub/grub.cfg", "", 0o644)],
    **{f"login-{name}": [Append("/etc/login.defs", line + "\n")] for name, line in _LOGIN_DEFS.items()},
    **{f"package-{name}": [Package(package)] for name, package in _PACKAGES.items()},
    **{
        f"sysctl-{name}": [Sysctl(key, value), Append(SYSCTL_LATE, f"{key}={value}\n")]
        for name, (key, value) in _SYSCTL.items()
    },
    **_OTHER,
}
