import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Of this package. By its name: a bundled file does not know how far away its folder is. */
export function packageVersion(): string {
  const path = fileURLToPath(import.meta.resolve('@ops/cleanup/package.json'));
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string };
  return version;
}
