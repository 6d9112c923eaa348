#!/usr/bin/env bash
# STAND-IN of the pg-dist test bed: starts Debian's PostgreSQL the way the official image starts its own.
# Root prepares the data directory and gives up its rights; an empty directory is initialised first.
set -euo pipefail

fail() {
  echo "stand-in image: $*" >&2
  exit 1
}

# Docker secrets: NAME_FILE holds the path of a file with the value of NAME.
value_or_file() {
  local name=$1 default=${2:-} file_name="$1_FILE"
  if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
    fail "$name and $file_name are both set; set one of them"
  fi
  if [ -n "${!file_name:-}" ]; then
    printf -v "$name" '%s' "$(<"${!file_name}")"
    unset "$file_name"
  fi
  export "$name=${!name:-$default}"
}

# Anything that only prints (postgres --version, -C, --help ...) needs no data directory.
only_prints() {
  local argument
  for argument in "$@"; do
    case "$argument" in -'?' | --help | --describe-config | -V | --version | -C) return 0 ;; esac
  done
  return 1
}

prepare_directories() {
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 0700 "$PGDATA" || true
  chmod 3775 /var/run/postgresql || true
  if [ "$(id -u)" = 0 ]; then
    find "$PGDATA" ! -user postgres -exec chown postgres:postgres {} +
    find /var/run/postgresql ! -user postgres -exec chown postgres:postgres {} +
  fi
}

check_password() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    fail "the database is not initialised and POSTGRES_PASSWORD is empty; set it (docker run -e POSTGRES_PASSWORD=...)"
  fi
}

initialise_cluster() {
  local password_file
  password_file=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" >"$password_file"
  local -a password_option=()
  if [ -n "$POSTGRES_PASSWORD" ]; then password_option=(--pwfile="$password_file"); fi
  # The arguments come as one string, as in the official image; eval gives them shell quoting.
  eval 'initdb --username="$POSTGRES_USER" "${password_option[@]}" '"$POSTGRES_INITDB_ARGS"
  rm -f "$password_file"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
}

# Settings given on the command line hold here too, but the server listens on the socket only.
start_temporary_server() {
  if [ "${1:-}" = postgres ]; then shift; fi
  set -- "$@" -c listen_addresses= -p 5432
  PGUSER="$POSTGRES_USER" pg_ctl --pgdata="$PGDATA" --options="$(printf '%q ' "$@")" --wait start
}

create_database() {
  if [ "$POSTGRES_DB" = postgres ]; then return; fi
  psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" --dbname postgres \
    --set database="$POSTGRES_DB" <<<'CREATE DATABASE :"database"'
}

run_init_scripts() {
  local script
  local -a psql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" --dbname "$POSTGRES_DB")
  for script in /docker-entrypoint-initdb.d/*; do
    echo "stand-in image: running $script"
    case "$script" in
      *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) "${psql[@]}" --file "$script" ;;
      *.sql.gz) gunzip --stdout "$script" | "${psql[@]}" ;;
      *) echo "stand-in image: ignoring $script" ;;
    esac
  done
}

first_start() {
  check_password
  initialise_cluster
  # As in the original, whose image keeps this variable: the server of the first start has it, later ones do not.
  export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
  start_temporary_server "$@"
  create_database
  run_init_scripts
  pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
  echo "stand-in image: first start complete; this is not Citus"
}

case "${1:-}" in -*) set -- postgres "$@" ;; esac

if [ "${1:-}" = postgres ] && ! only_prints "$@"; then
  prepare_directories
  if [ "$(id -u)" = 0 ]; then
    export HOME=/var/lib/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  value_or_file POSTGRES_PASSWORD
  value_or_file POSTGRES_USER postgres
  value_or_file POSTGRES_DB "$POSTGRES_USER"
  value_or_file POSTGRES_INITDB_ARGS
  if [ ! -s "$PGDATA/PG_VERSION" ]; then first_start "$@"; fi
  citus-maintenance </dev/null &
fi

exec "$@"
