#!/usr/bin/env bash
# Lets independent probers look at a small service of @ops/health: HAProxy, check_http of the
# monitoring plugins, and promtool (Debian: haproxy, monitoring-plugins-basic, prometheus). Says which
# of them did not run. PROBERS_REQUIRED=1 makes it an error when one is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/usr/lib/nagios/plugins"
found=()
missing=0
for name in haproxy check_http promtool; do
  if binary=$(command -v "$name"); then
    found+=("$name=$binary")
  else
    echo "did not run: $name (not installed)"
    missing=1
  fi
done
if [ ${#found[@]} -gt 0 ]; then
  node packages/health/test/probers/run.ts "${found[@]}"
fi
[ "${PROBERS_REQUIRED:-0}" != 1 ] || exit "$missing"
