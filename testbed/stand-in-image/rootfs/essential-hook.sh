#!/bin/sh
# mmdebstrap runs this with the new root as $1, before PostgreSQL is installed: the official image's uid, and no
# cluster made by Debian's packages.
set -eu
echo 'postgres:x:999:' >>"$1/etc/group"
echo 'postgres:x:999:999::/var/lib/postgresql:/bin/bash' >>"$1/etc/passwd"
echo 'postgres:!:20000::::::' >>"$1/etc/shadow"
mkdir -p "$1/etc/postgresql-common"
echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.conf"
