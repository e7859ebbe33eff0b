#!/bin/sh
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Shapes the root file system of the lab's hosts: customize-image.sh ROOT FILES
set -eu
root=$1
files=$2

install -m 0755 "$files/lab-host-setup" "$root/usr/local/sbin/lab-host-setup"
install -m 0644 "$files/lab-host.service" "$root/etc/systemd/system/lab-host.service"

# What a role manages, the role enables.
for unit in squid haproxy nginx strongswan strongswan-starter ulogd2 ulogd nftables; do
    if [ -e "$root/lib/systemd/system/$unit.service" ]; then
        chroot "$root" systemctl disable "$unit.service"
    fi
done
# Units that need the machine's devices, that would change the addresses podman gave, or that only take from
# the few inotify instances that root has on the machine for all its containers.
chroot "$root" systemctl mask --quiet \
    systemd-networkd.service systemd-networkd.socket systemd-resolved.service systemd-udevd.service \
    systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udev-trigger.service \
    systemd-modules-load.service systemd-firstboot.service systemd-logind.service \
    systemd-ask-password-console.path systemd-ask-password-wall.path \
    dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
    dev-mqueue.mount console-getty.service getty@.service getty-static.service getty.target \
    apt-daily.timer apt-daily-upgrade.timer
chroot "$root" systemctl enable lab-host.service ssh.service
chroot "$root" systemctl set-default multi-user.target

# Every host gets its own.
rm -f "$root"/etc/ssh/ssh_host_*
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
