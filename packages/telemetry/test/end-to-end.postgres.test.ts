import { expect, it } from 'vitest';
import * as z from 'zod';
import { useDatabase } from '../../../test/postgres.ts';
import { defineEvents } from '../src/index.ts';
import { createIngestHandler, keys, type Rejection } from '../src/ingest/index.ts';
import { createTelemetry, type TelemetryOptions } from '../src/node/index.ts';
import { postgresSink } from '../src/postgres/index.ts';
import { count, createAppEvents, USER } from './postgres/app-events.ts';
import { serve } from './serve.ts';

const db = useDatabase();
const events = defineEvents({
  workflow_executed: z.object({ workflowId: z.uuid(), ms: z.number() }),
  error: z.object({ message: z.string(), integration: z.string().optional() }),
});
const key = 'write-key';
const TOTAL = 2_000;

type Handler = (request: Request) => Promise<Response>;

/** A client, a real server and a real table; `wrap` puts faults between them. */
async function system(wrap: (handler: Handler) => Handler = (handler) => handler) {
  const pool = db.pool();
  await createAppEvents(pool);
  const rejections: Rejection[] = [];
  const handler = createIngestHandler({
    events,
    sink: postgresSink(pool),
    auth: keys([key]),
    onReject: (rejection) => void rejections.push(rejection),
  });
  const server = await serve(wrap(handler));
  const client = (options: Partial<TelemetryOptions> = {}) =>
    createTelemetry<typeof events>({
      endpoint: server.url,
      key,
      context: { userId: USER },
      retry: { initialDelay: 1, maxDelay: 5, maxRetryAfter: 5 },
      logger: { warn: () => {} },
      ...options,
    });
  return { pool, rejections, server, client };
}

function executed(n: number): { workflowId: string; ms: number } {
  return { workflowId: `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`, ms: n };
}

/** The same faults in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

it('2,000 events tracked are 2,000 rows', async () => {
  const { pool, rejections, server, client } = await system();
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  const telemetry = client();
  for (let n = 0; n < TOTAL; n += 1) telemetry.track('workflow_executed', executed(n));
  const report = await telemetry.shutdown({ timeout: '20s' });
  expect(report).toMatchObject({ delivered: TOTAL, pending: 0 });
  expect(await count(pool)).toBe(TOTAL);
  expect(rejections).toEqual([]);
  const { rows } = await pool.query(`
    select count(distinct meta->>'workflowId')::int as n, count(distinct user_id)::int as users
    from app_events
    where event_type = 'workflow_executed'`);
  expect(rows).toEqual([{ n: TOTAL, users: 1 }]);
});

it('also when the server is unavailable, cuts connections before and after the commit, or garbles its answer', async () => {
  const random = seeded(20_260_301);
  const faults = { before: 0, after: 0, unavailable: 0, garbled: 0 };
  const { pool, server, client } = await system((handler) => async (request) => {
    const dice = random();
    if (dice < 0.2) {
      faults.unavailable += 1;
      return new Response('', { status: 503, headers: { 'retry-after': '1' } });
    }
    if (dice < 0.3) {
      faults.before += 1;
      throw new Error('cut before the commit');
    }
    const response = await handler(request);
    if (dice < 0.5) {
      faults.after += 1;
      throw new Error('cut after the commit');
    }
    if (dice < 0.6) {
      faults.garbled += 1;
      return new Response((await response.text()).slice(0, 50));
    }
    return response;
  });
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  const telemetry = client();
  for (let n = 0; n < TOTAL; n += 1) telemetry.track('workflow_executed', executed(n));
  const report = await telemetry.shutdown({ timeout: '20s' });
  expect(report).toMatchObject({ delivered: TOTAL, pending: 0 });
  expect(await count(pool)).toBe(TOTAL);
  expect(Object.values(faults).every((times) => times > 0)).toBe(true);
});

it('a poisonous event in the middle is the only one missing, and is counted', async () => {
  const { pool, rejections, server, client } = await system();
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  await pool.query(`alter table app_events add check (meta->>'message' <> 'poison')`);
  const telemetry = client();
  for (let n = 0; n < TOTAL; n += 1) {
    telemetry.track('error', { message: n === 1_000 ? 'poison' : `message ${n}` });
  }
  telemetry.track('error', { message: 5 } as never);
  telemetry.with({ userId: 'guest' }).track('error', { message: 'no uuid' });
  const report = await telemetry.shutdown({ timeout: '20s' });
  expect(report).toMatchObject({ delivered: TOTAL - 1, pending: 0, dropped: { rejected: 3 } });
  expect(await count(pool)).toBe(TOTAL - 1);
  expect(rejections.map(({ reason }) => reason).toSorted()).toEqual([
    'invalid',
    'refused_by_sink',
    'refused_by_sink',
  ]);
});

it('an outage of the table costs nothing but time', async () => {
  const { pool, rejections, server, client } = await system();
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  await pool.query('alter table app_events rename to elsewhere');
  const telemetry = client();
  for (let n = 0; n < 300; n += 1) telemetry.track('workflow_executed', executed(n));
  while (rejections.length < 3) await new Promise((resolve) => setImmediate(resolve));
  expect(telemetry.stats()).toMatchObject({ delivered: 0, pending: 300 });
  await pool.query('alter table elsewhere rename to app_events');
  expect(await telemetry.shutdown({ timeout: '20s' })).toMatchObject({
    delivered: 300,
    pending: 0,
  });
  expect(await count(pool)).toBe(300);
  expect(rejections[0]).toMatchObject({ reason: 'sink_failed', status: 503 });
});

it('many clients at once, each event once', async () => {
  const { pool, server, client } = await system();
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  const clients = Array.from({ length: 12 }, () => client({ batch: { maxEvents: 25 } }));
  for (let n = 0; n < TOTAL; n += 1) clients[n % 12]?.track('workflow_executed', executed(n));
  await Promise.all(clients.map((telemetry) => telemetry.shutdown({ timeout: '20s' })));
  expect(await count(pool)).toBe(TOTAL);
});
