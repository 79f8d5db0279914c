import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';
import { expect, it } from 'vitest';

/** A built entry with its dependencies. */
function bundle(entry: string): Promise<BuildResult<{ metafile: true; write: false }>> {
  return build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
    bundle: true,
    format: 'esm',
    // With Node as the platform an import of a builtin stays, instead of failing the build.
    platform: 'node',
    write: false,
    metafile: true,
  });
}

/** What it still imports. */
async function importsOf(entry: string): Promise<string[]> {
  const { metafile } = await bundle(entry);
  const imports = [
    ...Object.values(metafile.inputs).flatMap((input) => input.imports),
    ...Object.values(metafile.outputs).flatMap((output) => output.imports),
  ];
  return imports.filter(({ external }) => external).map(({ path }) => path);
}

it.each(['index.ts', 'fetch/index.ts', 'graphql/index.ts'])(
  '%s imports nothing of Node, nor anything else that is not bundled',
  async (entry) => {
    expect(await importsOf(entry)).toEqual([]);
  },
);

it('derives signals by hand: AbortSignal.any and AbortSignal.timeout lose aborts or keep memory', async () => {
  for (const entry of ['index.ts', 'fetch/index.ts', 'graphql/index.ts']) {
    const code = await bundle(entry);
    expect(code.outputFiles[0]?.text).not.toMatch(/AbortSignal\s*\.\s*(any|timeout)\b/);
    expect(code.outputFiles[0]?.text).toContain('AbortController');
  }
});

it('would notice: the part for Node does import builtins', async () => {
  const imports = await importsOf('node/index.ts');
  expect(imports.length).toBeGreaterThan(0);
  expect(imports.every((path) => isBuiltin(path))).toBe(true);
});
