import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Of this package. By its name: after bundling, nobody knows how far away its folder is. */
export function packageVersion(): string {
  const path = fileURLToPath(import.meta.resolve('@ops/health/package.json'));
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string };
  return version;
}
