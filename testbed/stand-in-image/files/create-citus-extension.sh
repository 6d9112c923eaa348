#!/usr/bin/env bash
# First start only. Citus turns TLS on while its extension is created; the stand-in does it here, with a certificate
# of its own that says what it is, because SQL cannot write one.
set -euo pipefail

if [ ! -e "$PGDATA/server.crt" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=citus-stand-in \
    -keyout "$PGDATA/server.key" -out "$PGDATA/server.crt" 2>/dev/null
  chmod 600 "$PGDATA/server.key"
fi
psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
ALTER SYSTEM SET ssl = on;
CREATE EXTENSION citus;
SQL
