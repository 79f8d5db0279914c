import type { Options } from 'tsup';

/**
 * How every package is bundled: ES modules only, because two module formats give two copies of each
 * error class and `instanceof` then lies. `tsc` writes the declarations (see each build script).
 */
export function library(entry: readonly string[]): Options {
  return {
    entry: [...entry],
    format: ['esm'],
    target: 'node22',
    sourcemap: true,
    clean: true,
    dts: false,
  };
}
