// Every entry point by require(), which gives the same module as import: one copy of each class.
const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

async function main() {
  const scope = join(__dirname, 'node_modules', '@ops');
  const names = readdirSync(scope);
  assert.equal(names.length, 6);
  for (const name of names) {
    const manifest = JSON.parse(readFileSync(join(scope, name, 'package.json'), 'utf8'));
    for (const subpath of Object.keys(manifest.exports)) {
      if (subpath === './package.json') continue;
      const specifier = `@ops/${name}${subpath.slice(1)}`;
      assert.equal(require(specifier), await import(specifier), specifier);
      console.log(`require('${specifier}') ok`);
    }
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
