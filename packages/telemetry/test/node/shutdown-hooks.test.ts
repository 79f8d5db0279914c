import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { InvalidOptionsError } from '../../src/index.ts';
import { createTelemetry, installShutdownHooks } from '../../src/node/index.ts';
import { collector, ok } from '../collector.ts';
import { serve } from '../serve.ts';

const node = new URL('../../src/node/index.ts', import.meta.url).href;

/** A server, and a program that tracks 1,000 events with hooks installed and then goes on with `rest`. */
async function run(
  rest: string,
  during: (child: ReturnType<typeof spawn>) => void = () => {},
  answer: (request: Request) => Promise<Response> | undefined = () => undefined,
) {
  const ids = new Set<string>();
  await using server = await serve(async (request) => {
    const given = answer(request);
    if (given !== undefined) return given;
    const body = await request.arrayBuffer();
    const sink = collector();
    const headers = [...request.headers];
    const response = await sink.fetch(request.url, { method: 'POST', headers, body });
    for (const { id } of sink.received[0]?.events ?? []) ids.add(id);
    return response;
  });
  const program = `
    import { createTelemetry, installShutdownHooks } from ${JSON.stringify(node)};
    const create = (options) => createTelemetry({
      endpoint: '${server.url}', key: 'k', batch: { interval: '1h', maxEvents: 2_000 }, ...options,
    });
    const telemetry = create();
    const track = (count) => { for (let n = 0; n < count; n += 1) telemetry.track('ping', { n }); };
    const remove = installShutdownHooks(telemetry, { timeout: '20s' });
    track(1_000);
    ${rest}
  `;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (text.includes('ready')) during(child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const end = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  return { ...end, output, errors, delivered: ids.size };
}

const STAY = "setInterval(() => {}, 1_000); console.log('ready');";

it('loses none of 1,000 events when the process ends by itself, and leaves its code alone', async () => {
  const end = await run('process.exitCode = 3;');
  expect(end).toEqual({ code: 3, signal: null, output: '', errors: '', delivered: 1_000 });
});

it.each(['SIGTERM', 'SIGINT'] as const)('loses none at %s, and ends by it', async (signal) => {
  const end = await run(STAY, (child) => child.kill(signal));
  expect(end).toEqual({ code: null, signal, output: 'ready\n', errors: '', delivered: 1_000 });
});

it('a signal that comes again while it flushes loses none', async () => {
  let count = 0;
  let again = (): void => {};
  const slow = (): undefined => {
    count += 1;
    again();
  };
  const end = await run(
    STAY,
    (child) => {
      again = () => void child.kill('SIGINT');
      child.kill('SIGINT');
    },
    slow,
  );
  expect(end).toMatchObject({ signal: 'SIGINT', delivered: 1_000 });
  expect(count).toBe(1);
});

it('leaves the end to other listeners, once and always, and delivers what they track', async () => {
  const end = await run(
    `process.once('SIGTERM', () => {
      track(1);
      setTimeout(() => { track(1); clearInterval(staying); console.log('drained'); }, 50);
    });
    const staying = setInterval(() => {}, 1_000);
    console.log('ready');`,
    (child) => child.kill('SIGTERM'),
  );
  expect(end).toEqual({
    code: 0,
    signal: null,
    output: 'ready\ndrained\n',
    errors: '',
    delivered: 1_002,
  });
});

it('several clients with hooks all deliver before the signal ends the process', async () => {
  const end = await run(
    `const other = create();
    installShutdownHooks(other);
    for (let n = 0; n < 500; n += 1) other.track('ping', { n });
    ${STAY}`,
    (child) => child.kill('SIGTERM'),
  );
  expect(end).toMatchObject({ code: null, signal: 'SIGTERM', errors: '', delivered: 1_500 });
});

it('keeps to its deadline, tells of the loss, and ends by the signal', async () => {
  const end = await run(
    `remove();
    installShutdownHooks(telemetry, { timeout: 50 });
    ${STAY}`,
    (child) => child.kill('SIGTERM'),
    () => Promise.resolve(new Response('', { status: 503, headers: { 'retry-after': '60' } })),
  );
  expect(end).toMatchObject({ signal: 'SIGTERM', delivered: 0 });
  expect(end.errors).toContain('telemetry: 1000 events lost (shutdown)');
});

it('process.exit() loses them, and says so', async () => {
  const end = await run('process.exit(4);');
  expect(end).toMatchObject({ code: 4, delivered: 0 });
  expect(end.errors).toContain('telemetry: 1000 events lost (shutdown)');
});

it('does not keep the process alive, and can be removed', async () => {
  const end = await run('remove();');
  expect(end).toEqual({ code: 0, signal: null, output: '', errors: '', delivered: 0 });
});

it('leaves no listener behind', () => {
  const sink = collector();
  sink.script(ok);
  const telemetry = createTelemetry({
    endpoint: 'http://127.0.0.1:9/',
    key: 'k',
    fetch: sink.fetch,
  });
  const names = ['SIGTERM', 'SIGHUP', 'beforeExit', 'exit'] as const;
  const counts = () => names.map((name) => process.listenerCount(name));
  const before = counts();
  const remove = installShutdownHooks(telemetry, { signals: ['SIGTERM', 'SIGHUP', 'SIGHUP'] });
  expect(counts()).toEqual(before.map((count) => count + 1));
  remove();
  remove();
  expect(counts()).toEqual(before);
});

it.each([
  ['a signal that cannot be caught', { signals: ['SIGKILL'] }, /signals.*can be caught/],
  ['no signal', { signals: ['SIGNAL'] }, /signals.*can be caught/],
  ['a misspelt key', { signal: [] }, /signal: there is no such option/],
  ['no duration', { timeout: 'soon' }, /timeout: expected a duration/],
])('refuses %s', (_name, options, message) => {
  const telemetry = createTelemetry({ endpoint: 'http://127.0.0.1:9/', key: 'k' });
  expect(() => installShutdownHooks(telemetry, options as never)).toThrow(InvalidOptionsError);
  expect(() => installShutdownHooks(telemetry, options as never)).toThrow(message);
  expect(() => installShutdownHooks({} as never)).toThrow(InvalidOptionsError);
});
