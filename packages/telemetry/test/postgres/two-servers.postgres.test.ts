import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { useDatabase } from '../../../../test/postgres.ts';
import { defineEvents } from '../../src/index.ts';
import { createTelemetry } from '../../src/node/index.ts';
import { ensureTables } from '../../src/postgres/index.ts';

const db = useDatabase();
const PROGRAM = fileURLToPath(new URL('./programs/ingest-server.ts', import.meta.url));
const EVENTS = 2_000;
const events = defineEvents({ ping: z.object({ n: z.number() }) });

interface Server extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(): Promise<Server> {
  const child = spawn(process.execPath, [PROGRAM, db.url, db.schema], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [url] = (await once(lines, 'line')) as [string];
  lines.close();
  return { child, url, [Symbol.asyncDispose]: () => kill(child) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

it('each event is one row and adds up, although every request goes to two servers at once, answers are lost and one server is killed', async () => {
  await ensureTables(db.pool(), { schema: db.schema });
  await using first = await start();
  await using second = await start();
  const servers = [first, second];
  let requests = 0;
  let killing: Promise<void> | undefined;
  // A balancer that repeats: both servers get the request, and the client sees one answer or none.
  const everywhere = async (
    _url: string | URL | Request,
    init?: RequestInit,
  ): Promise<Response> => {
    requests += 1;
    const request = requests;
    if (request === 10) killing = kill(second.child);
    const answers = await Promise.allSettled(
      servers.map(async (server) => fetch(server.url, init)),
    );
    const heard = answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const chosen = heard[request % Math.max(1, heard.length)];
    await Promise.all(heard.map(async (each) => each === chosen || each.body?.cancel()));
    if (request % 3 === 0) await chosen?.body?.cancel();
    if (chosen === undefined || request % 3 === 0) throw new TypeError('the answer was lost');
    return chosen;
  };
  const told = { count: 0 };
  const telemetry = createTelemetry<typeof events>({
    endpoint: 'http://balancer.test/api/telemetry',
    key: 'write-key',
    fetch: everywhere,
    batch: { maxEvents: 100, interval: '10ms' },
    retry: { initialDelay: '1ms', maxDelay: '5ms' },
    onDrop: ({ count }) => void (told.count += count),
    logger: { warn() {} },
  });
  // Every hundredth is refused by the server's schema.
  for (let n = 0; n < EVENTS; n += 1) {
    telemetry.track('ping', { n: n % 100 === 0 ? Number.NaN : n });
  }
  await telemetry.flush({ timeout: '60s' });
  await telemetry.shutdown();
  await killing;
  const { accepted, delivered, dropped, pending } = telemetry.stats();
  expect(requests).toBeGreaterThan(20);
  expect({ accepted, delivered, pending }).toEqual({
    accepted: EVENTS,
    delivered: EVENTS - EVENTS / 100,
    pending: 0,
  });
  expect(dropped).toMatchObject({ rejected: EVENTS / 100 });
  expect(told.count).toBe(EVENTS / 100);
  const { rows } = await db
    .pool()
    .query('select count(*)::int as n, count(distinct id)::int as ids from app_events');
  expect(rows).toEqual([{ n: delivered, ids: delivered }]);
});
