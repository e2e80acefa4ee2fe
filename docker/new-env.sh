#!/usr/bin/env bash
# Writes docker/.env, which only its owner may read: .env.example with random values in place of the empty ones.
# An existing file is left alone, because PostgreSQL keeps the passwords that it was first started with.
set -euo pipefail
umask 077
cd "$(dirname "$0")"
target=${1:-.env}

if [ -e "$target" ]; then
    echo "$target exists and is left as it is. Remove it to have new values." >&2
    exit 1
fi

# Made as a whole beside its place: a run that is cut short leaves no half of a file.
new=$(mktemp "$target.XXXXXX")
trap 'rm -f "$new"' EXIT
while IFS= read -r line; do
    case "$line" in
    AIRFLOW_FERNET_KEY=) echo "$line$(openssl rand -base64 32 | tr '+/' '-_')" ;;
    [A-Z]*=) echo "$line$(openssl rand -hex 32)" ;;
    *) echo "$line" ;;
    esac
done <.env.example >"$new"
chmod 600 "$new"
mv -n "$new" "$target"
