#!/usr/bin/env bash
# Runs the tests of @ops/timeout, which promises to work from Node 22.18 on, on the oldest and the
# newest Node: the pinned one in between runs them with everything else.
set -euo pipefail
cd "$(dirname "$0")/.."
for version in 22.18.0 26; do
  npx -y -p "node@$version" -c 'echo "@ops/timeout on Node $(node --version)" &&
    node node_modules/vitest/vitest.mjs run --project unit packages/timeout examples/integrations'
done
