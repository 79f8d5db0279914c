import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { entry } from './page-server.ts';

async function bundled(exports: string) {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `export { ${exports} } from ${JSON.stringify(entry)}`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return {
    bytes: gzipSync(code, { level: 9 }).byteLength,
    imports,
    files: Object.keys(metafile.inputs),
  };
}

it('is at most 4,096 bytes, minified and gzipped, without an import left', async () => {
  const { bytes, imports, files } = await bundled('createTelemetry');
  expect(imports).toEqual([]);
  expect(files.filter((file) => file.includes('zod'))).toEqual([]);
  expect(bytes).toBeLessThanOrEqual(4_096);
});

it('costs at most 5,500 bytes with everything optional', async () => {
  const { bytes, imports } = await bundled('createTelemetry, localStore, redactKeys, sampled');
  expect(imports).toEqual([]);
  expect(bytes).toBeLessThanOrEqual(5_500);
});
