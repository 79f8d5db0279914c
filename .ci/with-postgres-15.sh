#!/usr/bin/env bash
# Runs a command with TEST_DATABASE_URL set to a temporary PostgreSQL 15, the oldest that is
# supported: .ci/with-postgres-15.sh <command> [arguments]. Says so and does nothing where no
# PostgreSQL 15 is installed (PG15_BIN names its bin folder if it is in an unusual place).
set -euo pipefail
cd "$(dirname "$0")/.."
binaries=${PG15_BIN:-/usr/lib/postgresql/15/bin}
if [ ! -x "$binaries/postgres" ]; then
  echo "NOT RUN on PostgreSQL 15: none in $binaries"
  exit 0
fi
exec node .ci/with-postgres.ts "$binaries" "$@"
