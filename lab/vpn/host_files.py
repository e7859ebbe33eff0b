# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host of the lab a cloud's gateway, before any tunnel: files that it sees as /etc/lab/vpn. Pure.

Behind the gateway is one address on the host itself, at which a web server answers. Packets to it that did not come out
of a tunnel are refused and logged, as a cloud's network takes none from outside.
"""

from __future__ import annotations

from ..topology import WORKLOAD_PORT, CloudEnd

UNIT, WORKLOAD, LOG_UNIT = "lab-vpn-end.service", "lab-vpn-workload.service", "lab-vpn-log.service"
UNITS = (LOG_UNIT, UNIT, WORKLOAD)
LOG_FILE = "/var/log/lab-vpn-refused.log"
_FOLDER = "/etc/lab/vpn"
#: The lab's kernel has no ESP. Strongswan gives a lost peer up after some 8 s here, in place of 165 s.
_CHARON = """\
charon {
    retransmit_tries = 3
    retransmit_timeout = 1.0
    retransmit_base = 1.5
    plugins {
        kernel-libipsec {
            load = yes
        }
        dhcp {
            load = no
        }
        farp {
            load = no
        }
    }
}
"""
_ULOGD = f"""\
[global]
logfile="stdout"
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,emu1:LOGEMU
[log1]
group=41
[emu1]
file="{LOG_FILE}"
sync=1
"""


def files(end: CloudEnd) -> dict[str, str]:
    """Text by file name."""
    return {
        "setup": _setup(end),
        "refuse.nft": _filter(end),
        "charon.conf": _CHARON,
        "ulogd.conf": _ULOGD,
        "nginx.conf": _nginx(end),
        UNIT: _unit("Addresses and packet filter", f"/bin/sh {_FOLDER}/setup", "oneshot"),
        WORKLOAD: _unit("What is behind the gateway", f"/usr/sbin/nginx -c {_FOLDER}/nginx.conf", "simple"),
        LOG_UNIT: _unit("Log of refusals", f"/usr/sbin/ulogd --configfile {_FOLDER}/ulogd.conf", "simple"),
    }


def _setup(end: CloudEnd) -> str:
    more = "".join(f"ip address replace {address}/24 dev eth0\n" for address in end.outer[1:])
    return (
        f"set -eu\n{more}ip address replace {end.workload}/32 dev lo\nnft --file {_FOLDER}/refuse.nft\n"
        f"install -m 0644 {_FOLDER}/charon.conf /etc/strongswan.d/zz-lab.conf\n"
    )


def _filter(end: CloudEnd) -> str:
    return f"""\
table inet lab_vpn_end
delete table inet lab_vpn_end
table inet lab_vpn_end {{
    chain input {{
        type filter hook input priority -20; policy accept;
        iifname "eth0" ip daddr {end.network} limit rate 10/second log group 41 prefix "lab refused "
        iifname "eth0" ip daddr {end.network} counter drop
    }}
}}
"""


def _nginx(end: CloudEnd) -> str:
    return f"""\
daemon off;
worker_processes 1;
pid /run/lab-workload.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    server {{
        listen {end.workload}:{WORKLOAD_PORT} ssl;
        ssl_certificate {_FOLDER}/server.pem;
        ssl_certificate_key {_FOLDER}/server.key;
        location / {{ return 200 "{end.cloud} sees $remote_addr\\n"; }}
    }}
}}
"""


def _unit(description: str, command: str, kind: str) -> str:
    stays = "RemainAfterExit=yes\n" if kind == "oneshot" else "Restart=on-failure\nRestartSec=1s\n"
    return (
        f"[Unit]\nDescription={description} (the lab's)\n"
        + ("Before=strongswan.service\n" if kind == "oneshot" else f"After={UNIT}\n")
        + f"\n[Service]\nType={kind}\nExecStart={command}\n{stays}\n[Install]\nWantedBy=multi-user.target\n"
    )
