import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';

const node = new URL('../../src/node/index.ts', import.meta.url).href;

/** Runs a program of its own and tells how it ended. */
async function run(program: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

it('does not keep a process alive that has events waiting', async () => {
  const { code, output } = await run(`
    import { createTelemetry } from ${JSON.stringify(node)};
    const telemetry = createTelemetry({ endpoint: 'http://127.0.0.1:9/', key: 'k', batch: { interval: '20d' } });
    telemetry.track('ping', { n: 1 });
    console.log(telemetry.stats().pending);
  `);
  expect({ code, output }).toEqual({ code: 0, output: '1\n' });
});

it('keeps it alive while shutdown is awaited, through a backoff, until the deadline', async () => {
  // Accepts and closes: every attempt fails at once, so only timers are left to wait for.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { code, output } = await run(`
    import { createTelemetry } from ${JSON.stringify(node)};
    const telemetry = createTelemetry({
      endpoint: 'http://127.0.0.1:${port}/', key: 'k', logger: { warn() {} }, random: () => 1,
      retry: { initialDelay: 20, maxDelay: 20 },
    });
    telemetry.track('ping', { n: 1 });
    const report = await telemetry.shutdown({ timeout: 300 });
    console.log(JSON.stringify(report.dropped.shutdown));
  `);
  await new Promise((resolve) => server.close(resolve));
  expect({ code, output }).toEqual({ code: 0, output: '1\n' });
});
