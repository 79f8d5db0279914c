import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { createHealth } from '../src/index.ts';
import { closeServersAfterEach, listening } from './local-server.ts';
import { deferred } from './manual-clock.ts';

closeServersAfterEach();

/** A health behind node:http, as a program without a framework has it. */
function serve(health: { fetch(request: Request): Promise<Response> }): Promise<string> {
  return listening((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    void (async () => {
      const answer = await health.fetch(new Request(url, { method: request.method ?? 'GET' }));
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(await answer.text());
    })();
  });
}

test('GET and HEAD over the wire have the same headers, and HEAD has no body', async () => {
  await using health = createHealth({ service: { id: 'é' }, checks: { one: () => {} } });
  const origin = await serve(health);
  for (const path of ['/health', '/readyz?verbose', '/nothing']) {
    const get = await fetch(origin + path);
    const head = await fetch(origin + path, { method: 'HEAD' });
    const headers = (response: Response) =>
      [...response.headers].filter(([name]) => !/^(date|connection|keep-alive)$/.test(name));
    expect(headers(head)).toEqual(headers(get));
    expect(await head.text()).toBe('');
    expect((await get.text()).length).toBeGreaterThan(0);
  }
});

test('100 probes at once, most of which give up, cost one call of the dependency', async () => {
  const answer = deferred();
  const run = vi.fn(() => answer.promise);
  await using health = createHealth({ defaults: { timeout: '30s' }, checks: { slow: run } });
  const origin = await serve(health);
  const controller = new AbortController();
  const impatient = Array.from({ length: 90 }, () =>
    fetch(`${origin}/readyz`, { signal: controller.signal }).catch(() => 'gave up'),
  );
  const patient = Array.from({ length: 10 }, async () => (await fetch(`${origin}/readyz`)).text());
  await vi.waitFor(() => expect(run).toHaveBeenCalled());
  controller.abort();
  expect(new Set(await Promise.all(impatient))).toEqual(new Set(['gave up']));
  answer.resolve();
  expect(new Set(await Promise.all(patient))).toEqual(new Set(['ok']));
  expect(run).toHaveBeenCalledTimes(1);
});

async function outputOf(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', `import { createHealth } from '@ops/health';\n${program}`],
    { cwd: new URL('..', import.meta.url) },
  );
  return stdout;
}

test('an attempt under way does not keep the process alive', async () => {
  const output = await outputOf(`
    const stuck = { run: () => new Promise(() => {}), timeout: '1h' };
    void createHealth({ checks: { stuck } }).fetch(new Request('http://localhost/readyz'));
    console.log('end');
  `);
  expect(output).toBe('end\n');
});

test('nor do a schedule and a watcher', async () => {
  const output = await outputOf(`
    const health = createHealth({ checks: { one: { run: () => {}, every: '10ms' } } });
    health.start();
    void (async () => {
      for await (const { code } of health.watch('ready')) console.log(code);
    })();
  `);
  expect(output).toMatch(/^(not_run\n)?ok\n$/);
});

test('but check() does, until its answer', async () => {
  const output = await outputOf(`
    const stuck = { run: () => new Promise(() => {}), timeout: '10ms' };
    console.log((await createHealth({ checks: { stuck } }).check()).code);
  `);
  expect(output).toBe('timeout\n');
});
