import { expect, it } from 'vitest';
import * as z from 'zod';
import { useDatabase } from '../../../../test/postgres.ts';
import { defineEvents } from '../../src/index.ts';
import { createIngestHandler, type EventSink, keys } from '../../src/ingest/index.ts';
import { postgresSink } from '../../src/postgres/index.ts';
import { uuid7 } from '../../src/uuid.ts';
import { count, createAppEvents } from '../postgres/app-events.ts';

const db = useDatabase();
const events = defineEvents({ ping: z.object({ n: z.number() }) });
const REQUESTS = 400;

async function system() {
  const pool = db.pool();
  await createAppEvents(pool);
  const inner = postgresSink(pool);
  const writes: number[] = [];
  const sink: EventSink = {
    write: (list) => {
      writes.push(list.length);
      return inner.write(list);
    },
  };
  const handler = createIngestHandler({ events, sink, auth: keys({ web: 'write-key' }) });
  const send = async (list: readonly { readonly id: string; readonly n: number }[]) => {
    const body = JSON.stringify({
      events: list.map(({ id, n }) => ({
        id,
        name: 'ping',
        timestamp: new Date().toISOString(),
        props: { n },
      })),
    });
    const headers = { authorization: 'Bearer write-key', 'content-type': 'application/json' };
    const response = await handler(new Request('http://x/', { method: 'POST', body, headers }));
    const { results } = (await response.json()) as { results: Record<string, { result: string }> };
    return list.map(({ id }) => results[id]?.result);
  };
  return { pool, handler, writes, send };
}

const numbered = (length: number) =>
  Array.from({ length }, (_, n) => ({ id: uuid7(Date.now()), n }));

it('stores the events of many requests in few writes, each once', async () => {
  const { pool, handler, writes, send } = await system();
  const list = numbered(REQUESTS);
  const answers = await Promise.all(list.map((event) => send([event])));
  expect(answers.flat()).toEqual(list.map(() => 'ok'));
  expect(await count(pool)).toBe(REQUESTS);
  expect(writes.length).toBeLessThan(REQUESTS / 10);
  expect(handler.stats()).toMatchObject({ stored: REQUESTS, pending: 0 });
});

it('refuses the poisonous events of some requests, and stores those of the others', async () => {
  const { pool, handler, send } = await system();
  await pool.query(`alter table app_events add check ((meta->>'n')::int % 50 <> 7)`);
  const list = numbered(REQUESTS);
  const answers = await Promise.all(list.map((event) => send([event])));
  expect(answers.flat()).toEqual(list.map(({ n }) => (n % 50 === 7 ? 'drop' : 'ok')));
  expect(await count(pool)).toBe(REQUESTS - REQUESTS / 50);
  expect(handler.stats()).toMatchObject({ dropped: { refused_by_sink: REQUESTS / 50 } });
});

it('stores an event once that many requests send at the same time, in any order', async () => {
  const { pool, handler, send } = await system();
  const list = numbered(20);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) => send(n % 2 === 0 ? list : list.toReversed())),
  );
  expect(new Set(answers.flat())).toEqual(new Set(['ok']));
  expect(await count(pool)).toBe(20);
  const { received, stored, duplicates, retried } = handler.stats();
  expect(stored + duplicates + retried).toBe(received);
});
