#!/usr/bin/env bash
# Makes the place for studies: a role that owns one schema and may do nothing else. Run once, by an empty PostgreSQL server.
set -euo pipefail

psql --set=ON_ERROR_STOP=1 --set=password="$HPO_PASSWORD" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE hpo LOGIN PASSWORD :'password';
CREATE SCHEMA hpo AUTHORIZATION hpo;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL
