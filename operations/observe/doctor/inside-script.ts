import { STARTUP_OPTIONS } from "../../cluster/connection/session-settings";

/**
 * Runs inside a node's container, for any POSIX shell (the image has Debian's dash; Alpine's is busybox). Everything that
 * it prints is lines of fields between tabs. The password comes by standard input, so that it is in no process list.
 *
 * Arguments: user, database, patience in seconds, the statements of facts.ts, that of reach-statement.ts, then host, port
 * and Citus' check of each endpoint. The node's own server is asked over loopback, which the image trusts. It asks all the
 * others in one statement; those whom it doesn't reach so are tried once more one by one, for the reason, with
 * the password, as clients and nodes do: two programs for each of them, of each node, would take a large cluster too long.
 * Only names are looked up: of an address getent would ask for the name (PTR), and where nobody answers that it waits for
 * long. Endpoints are tried eight at a time: more could use up the connections of a small server.
 *
 * PostgreSQL is the container's first process and inherits every orphan; one that ends by a signal, or with another
 * code than 0 or 1, it takes for a crashed server process, and restarts them all. When doctor's time is over Docker ends
 * the outer shell only: so all the work is in one child, which no signal but KILL ends, and which ends with 0.
 */
export const INSIDE_SCRIPT = `
trap '' PIPE HUP INT TERM
exec 3<&0
(
PGPASSWORD=$(cat) PGUSER=$1 PGDATABASE=$2 PGCONNECT_TIMEOUT=$3 PGAPPNAME='pg-dist doctor'
PGOPTIONS='${STARTUP_OPTIONS}'
export PGPASSWORD PGUSER PGDATABASE PGCONNECT_TIMEOUT PGAPPNAME PGOPTIONS
server=$4 citus=$5 registered=$6 exists=$7 record=$8 reach=$9
shift 9
# Debian's psql is a script in Perl that looks for this one, and takes longer for that than the query.
for bin in /usr/lib/postgresql/*/bin; do [ ! -x "$bin/psql" ] || PATH=$bin:$PATH; done
flat() { tr '\\n\\t' '  '; }
query() { psql -XAtqw -v ON_ERROR_STOP=1 "$@" 2>&1; }
own() { PGOPTIONS="$PGOPTIONS -c client_min_messages=error" query -h 127.0.0.1 -c "$1"; }
tell() {
  if answer=$(own "$2"); then printf '%s\\t%s\\n' "$1" "$answer"
  else printf 'no-%s\\t%s\\n' "$1" "$(printf '%s' "$answer" | flat)"; return 1; fi
}
df -Pk "$PGDATA" 2>/dev/null | awk 'NR == 2 { print "disk\\t" $2 "\\t" $4 }'
up=false reached= tab=$(printf '\\t')
if tell server "$server"; then
  up=true
  reached=$(PGOPTIONS="$PGOPTIONS -c client_min_messages=error -c statement_timeout=$((PGCONNECT_TIMEOUT * 1000))" \\
    query -h 127.0.0.1 -F "$tab" -c "$reach") && printf '%s\\n' "$reached" || reached=
  tell citus-facts "$citus"
  if [ -n "$registered" ] && tell registered "$registered" && [ "$(own "$exists")" = t ]; then
    tell record "$record"
  fi
fi
endpoint() {
  case $1 in
    *:* ) ;;
    *[!0-9.]*)
      address=$(getent hosts "$1") || address=
      printf 'name\\t%s\\t%s\\n' "$1" "\${address%% *}" ;;
  esac
  case $reached in *"both$tab$1$tab$2$tab"*) return ;; esac
  answer=$(query -h "$1" -p "$2" -c "SELECT metadata->>'server_id' FROM pg_dist_node_metadata")
  case $? in
    2) printf 'reach\\t%s\\t%s\\tfailed\\t%s\\n' "$1" "$2" "$(printf '%s' "$answer" | flat)"; return ;;
    0) printf 'reach\\t%s\\t%s\\tok\\t%s\\n' "$1" "$2" "$answer" ;;
    *) printf 'reach\\t%s\\t%s\\tok\\t\\n' "$1" "$2" ;;
  esac
  $up || return
  answer=$(query -h 127.0.0.1 -c "SET citus.node_connection_timeout = '\${PGCONNECT_TIMEOUT}s'" -c "$3")
  printf 'citus\\t%s\\t%s\\t%s\\n' "$1" "$2" "$(printf '%s' "$answer" | flat)"
}
count=0
while [ $# -ge 3 ]; do
  endpoint "$1" "$2" "$3" &
  shift 3
  count=$((count + 1))
  [ $((count % 8)) -ne 0 ] || wait
done
wait
exit 0
) <&3 &
wait
`;
