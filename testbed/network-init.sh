#!/bin/bash
# First process of a testbed's network namespace, which holds the bridge between the hosts and the name server.
# Says "ready <pid as the machine sees it>", waits for a line, starts the command given as arguments, lets it reload
# (SIGHUP) at each further line, and lives until its standard input closes. As PID 1 of its PID namespace it takes
# that command with it.
set -euo pipefail
read -r pid _ </proc/self/stat
echo "ready $pid"
read -r _
"$@" </dev/null >&2 &
command=$!
while read -r _; do kill -HUP "$command"; done
