#!/bin/bash
# Runs a Docker engine on the machine's own data directory as long as one of its users lives.
# Arguments: a directory with one empty file per user, named <pid>-<start time in ticks since boot>; a file that
# whoever becomes a user locks meanwhile.
set -uo pipefail
users=$1 lock=$2

in_use() {
  local user stat fields
  for user in "$users"/*-*; do
    user=${user##*/}
    stat=$(cat "/proc/${user%-*}/stat" 2>/dev/null) || continue
    read -ra fields <<<"${stat##*) }"
    [ "${fields[19]}" = "${user#*-}" ] && return 0
  done
  return 1
}

# Without its firewall rules, those that an earlier engine left (policy DROP) would keep containers of one network
# apart. What was there before it comes back when it ends.
rules=$(mktemp)
iptables-save >"$rules"
forwarding=$(</proc/sys/net/ipv4/ip_forward)
restore() {
  iptables-restore <"$rules"
  echo "$forwarding" >/proc/sys/net/ipv4/ip_forward
  rm -f "$rules"
}
trap restore EXIT

setpriv --pdeathsig TERM dockerd --bridge none --log-level warn &
engine=$!
while kill -0 "$engine" 2>/dev/null; do
  sleep 1
  in_use && continue
  exec 9>"$lock"
  flock 9
  if ! in_use; then
    kill "$engine" 2>/dev/null
    wait "$engine"
    rm -f "$users"/*
  fi
  exec 9>&-
done
