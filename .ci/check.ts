// Everything that CI runs, in the order in which it fails soonest, with the time of each step.
import { spawn } from 'node:child_process';

const STEPS = [
  ['format', 'biome ci .'],
  ['lint', 'oxlint --type-aware'],
  ['unused code', 'knip'],
  ['types', 'tsc -p tsconfig.json'],
  ['tests', 'vitest run --project unit --project postgres'],
  ['build', 'turbo run build --output-logs=errors-only'],
  ['packages', 'bash .ci/check-packages.sh'],
  ['size', 'size-limit'],
] as const;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const begun = performance.now();
for (const [name, command] of STEPS) {
  console.log(`\n▸ ${name}: ${command}`);
  const stepBegun = performance.now();
  const code = await run(command);
  if (code !== 0) {
    console.error(`✗ ${name} failed with exit code ${code} after ${seconds(stepBegun)}`);
    process.exit(1);
  }
  console.log(`✓ ${name} (${seconds(stepBegun)})`);
}
console.log(`\n✓ everything passed (${seconds(begun)})`);

function run(command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      stdio: 'inherit',
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code ?? 1);
    });
  });
}
