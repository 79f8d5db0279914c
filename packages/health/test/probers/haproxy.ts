import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { State } from './service.ts';

/** Two back ends: one as a load balancer asks, and one as something that restarts would. */
const config = (folder: string, port: number): string => `
global
  stats socket ${folder}/admin.sock mode 600
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
backend ready
  option httpchk GET /readyz
  http-check expect status 200
  server one 127.0.0.1:${port} check inter 50ms fall 1 rise 1
backend live
  option httpchk HEAD /livez
  http-check expect status 200
  server one 127.0.0.1:${port} check inter 50ms fall 1 rise 1
`;

/** How HAProxy sees a server, as `UP L7OK/200`. */
type Seen = Readonly<Record<'ready' | 'live', string>>;

export async function startHaproxy(
  binary: string,
  port: number,
): Promise<{ look(state: State): Promise<string>; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ops-haproxy-'));
  await writeFile(join(folder, 'haproxy.cfg'), config(folder, port));
  const child = spawn(binary, ['-db', '-q', '-f', join(folder, 'haproxy.cfg')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return {
    async look(state) {
      const ready = state === 'healthy' ? 'UP L7OK/200' : 'DOWN L7STS/503';
      const seen = await untilSeen(child, folder, { ready, live: 'UP L7OK/200' });
      return `/readyz ${seen.ready}, /livez ${seen.live}`;
    },
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true });
    },
  };
}

async function untilSeen(child: ChildProcess, folder: string, expected: Seen): Promise<Seen> {
  let seen: Seen = { ready: 'not yet', live: 'not yet' };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    assert.equal(child.exitCode, null, 'HAProxy has ended');
    seen = await look(folder).catch(() => seen); // its socket is not there at once
    if (seen.ready === expected.ready && seen.live === expected.live) return seen;
    await sleep(100);
  }
  assert.deepEqual(seen, expected);
  return seen;
}

/** @see https://docs.haproxy.org/2.6/management.html#9.1 */
async function look(folder: string): Promise<Seen> {
  const socket = createConnection(join(folder, 'admin.sock'));
  socket.end('show stat\n');
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
  const [header = '', ...lines] = text.replace(/^# /, '').trim().split('\n');
  const names = header.split(',');
  const rows = lines.map((line) => {
    const values = line.split(',');
    return (name: string): string => values[names.indexOf(name)] ?? '';
  });
  const of = (backend: string): string => {
    const row = rows.find((field) => field('pxname') === backend && field('svname') === 'one');
    return `${row?.('status')} ${row?.('check_status')}/${row?.('check_code')}`;
  };
  return { ready: of('ready'), live: of('live') };
}
