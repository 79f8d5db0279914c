import { spawnSync } from 'node:child_process';
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
    text: Buffer.from(code).toString(),
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

it('leaves out what is optional where it is not imported, and all of it where nothing is', async () => {
  const { text } = await bundled('createTelemetry');
  expect(text).not.toMatch(/localStorage|Redacted|\.imul/);
  const { text: nothing } = await bundled('');
  expect(nothing).not.toMatch(/function|class|new /);
});

it('does nothing on a server that renders pages: no output, no timer, no listener', () => {
  const script = `
    const { createTelemetry, localStore } = await import(${JSON.stringify(entry)});
    createTelemetry({ endpoint: '/t', key: 'k', store: localStore() }).with({ page: '/' });
  `;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});
