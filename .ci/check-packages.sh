#!/usr/bin/env bash
# Packs every package as it would be published, lints the tarballs, and type-checks and runs a
# consumer that installs them. publint and attw both miss an import of a private workspace package
# in a .d.ts; the consumer, compiled without skipLibCheck, does not. The consumer runs on the oldest
# Node that the packages support, by import and by require.
set -euo pipefail
cd "$(dirname "$0")/.."
artifacts=$(mktemp -d)
trap 'rm -rf "$artifacts"' EXIT
pnpm --recursive --filter './packages/*' exec pnpm pack --pack-destination "$artifacts" > /dev/null
for tarball in "$artifacts"/*.tgz; do
  publint run "$tarball" --strict
  attw "$tarball" --profile esm-only --quiet
done
cp -r test/consumer/. "$artifacts"
cd "$artifacts"
# The tarballs stand in for the registry: it is not asked for a package of these names.
node -e '
  const { globSync, readFileSync, writeFileSync } = require("node:fs");
  const manifest = JSON.parse(readFileSync("package.json", "utf8"));
  manifest.dependencies = Object.fromEntries(
    globSync("ops-*.tgz").map((file) => [file.replace(/^ops-(.*)-\d+\.\d+\.\d+.*$/, "@ops/$1"), `file:${file}`]),
  );
  manifest.overrides = Object.fromEntries(
    Object.keys(manifest.dependencies).map((name) => [name, `$${name}`]),
  );
  writeFileSync("package.json", JSON.stringify(manifest));
'
npm install --no-audit --no-fund --loglevel=error --prefer-offline
oldest="$artifacts/node_modules/.bin"
"$oldest/tsc" -p tsconfig.json
"$oldest/node" --version
"$oldest/node" index.ts
"$oldest/node" require.cjs
# The command, without pg, parser and database: what needs none of them has to work.
"$oldest/ops-migrate" --version
"$oldest/ops-migrate" explain require-concurrent-index-creation > /dev/null
