#!/usr/bin/env bash
# Prints .env.example with random values in place of the empty ones: docker/new-env.sh > docker/.env
set -euo pipefail
umask 077

while IFS= read -r line; do
    case "$line" in
    AIRFLOW_FERNET_KEY=) echo "$line$(openssl rand -base64 32 | tr '+/' '-_')" ;;
    [A-Z]*=) echo "$line$(openssl rand -hex 32)" ;;
    *) echo "$line" ;;
    esac
done <"$(dirname "$0")/.env.example"
