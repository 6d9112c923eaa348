#!/bin/bash
# First process of a test host, started inside its own network, mount, PID and UTS namespace.
# Arguments: the host's data directory, its run directory, the host name, the image template or "-".
# It says "ready <pid as the machine sees it>", waits for a line (the network is connected then), starts sshd and
# dockerd, and lives until its standard input closes. As PID 1 of its namespace it takes every process of the
# host with it when it ends, so a host can't outlive the test that started it.
set -euo pipefail
data=$1 run=$2 name=$3 template=$4

read -r pid _ </proc/self/stat # /proc is still the machine's here

# The copy of the mount table would keep other engines' container file systems and namespaces alive.
mapfile -t mounts </proc/self/mountinfo
for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do
  read -r _ _ _ _ point _ <<<"${mounts[i]}"
  # It may have gone by itself: removing a mount's directory detaches it in every namespace.
  case $point in /run/* | /var/run/* | /var/lib/docker | /var/lib/docker/*)
    umount -l "$point" || ! mountpoint -q "$point"
    ;;
  esac
done

mount -t proc proc /proc
# A sysfs of this network namespace; the cgroups keep their mounts, or limits would stop working.
mount --rbind /sys/fs/cgroup "$data/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$data/cgroup" /sys/fs/cgroup
umount -l "$data/cgroup"

mount -t overlay overlay -o "lowerdir=/etc,upperdir=$data/etc-upper,workdir=$data/etc-work" /etc
rm -rf /etc/docker /etc/resolv.conf /etc/hosts
cp -a "$data/etc/." /etc/
sed -i 's/^root:!*:/root:*:/' /etc/shadow # sshd without PAM refuses a locked account even with a key
hostname "$name"

[ "$template" = - ] || { mount --bind "$template" "$template" && mount -o remount,bind,ro "$template"; }
mkdir -p /var/lib/docker
mount --bind "$data/docker" /var/lib/docker
for directory in root srv tmp; do mount --bind "$data/$directory" "/$directory"; done
mount --bind "$run" /run
[ -L /var/run ] || mount --bind "$run" /var/run
mkdir -p /run/sshd /run/lock
cd /
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

echo "ready $pid"
read -r _
dockerd </dev/null >/run/dockerd.log 2>&1 &
if [ -e /etc/ssh/testbed_host_key ]; then
  /usr/sbin/sshd -D -e </dev/null >/run/sshd.log 2>&1 &
fi
while read -r _; do :; done
