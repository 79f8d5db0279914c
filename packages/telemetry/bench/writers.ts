import type pg from 'pg';
import { createIngestHandler, type IngestEvent, keys } from '../src/ingest/index.ts';
import { postgresSink } from '../src/postgres/index.ts';
import { uuid7 } from '../src/uuid.ts';
import { CONTEXT, events, KEY, NAME } from './definitions.ts';
import type { Column } from './event-tables.ts';
import { propertiesOf } from './properties.ts';

/** A way to get events into the table. */
export type Way = 'row by row' | 'row by row, prepared' | 'unnest loop' | 'sink' | 'requests';

/** Stores the events `[from, to)`; what an earlier stage would do is done when it is prepared. */
export interface Writer {
  prepare(from: number, to: number): void;
  /** Resolves with how many are said to be stored. */
  write(): Promise<number>;
}

/** Of the loops and of the sink. */
const ROWS = 1_000;
/** Events in a request, as a busy client sends them, and requests at one time. */
const EVENTS = 500;
const REQUESTS = 8;

export function createWriter(way: Way, pool: pg.Pool, columns: readonly Column[]): Writer {
  if (way === 'unnest loop') return unnestLoop(pool, columns);
  if (way === 'sink') return sinkWriter(pool);
  if (way === 'requests') return requestWriter(pool);
  return rowByRow(pool, columns, way === 'row by row, prepared');
}

function eventOf(n: number): IngestEvent {
  const timestamp = new Date();
  return {
    id: uuid7(timestamp.getTime()),
    name: NAME,
    props: propertiesOf(n),
    context: CONTEXT,
    timestamp,
    clientTimestamp: timestamp,
    receivedAt: timestamp,
    source: 'bench',
    sampleRate: 1,
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function portions<Item>(items: readonly Item[], size: number): Item[][] {
  return range(0, Math.ceil(items.length / size)).map((at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

function listOf(columns: readonly Column[]): string {
  return columns.map(({ name }) => name).join(', ');
}

function rowByRow(pool: pg.Pool, columns: readonly Column[], isPrepared: boolean): Writer {
  let prepared: IngestEvent[] = [];
  const places = columns.map((_, index) => `$${index + 1}`).join(', ');
  const text = `insert into app_events (${listOf(columns)})
values (${places})
on conflict do nothing`;
  const statement = isPrepared ? { name: 'row', text } : { text };
  return {
    prepare(from, to) {
      prepared = range(from, to).map(eventOf);
    },
    async write() {
      let stored = 0;
      for (const event of prepared) {
        const values = columns.map(({ value }) => value(event));
        stored += (await pool.query({ ...statement, values })).rowCount ?? 0;
      }
      return stored;
    },
  };
}

/** What is the least there is to do: no check, no repeat told, no poison isolated, one connection. */
function unnestLoop(pool: pg.Pool, columns: readonly Column[]): Writer {
  let prepared: IngestEvent[] = [];
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`);
  const text = `insert into app_events (${listOf(columns)})
select * from unnest(${arrays.join(', ')})
on conflict do nothing`;
  return {
    prepare(from, to) {
      prepared = range(from, to).map(eventOf);
    },
    async write() {
      let stored = 0;
      for (const portion of portions(prepared, ROWS)) {
        const values = columns.map(({ value }) => portion.map(value));
        stored += (await pool.query({ name: 'unnest', text, values })).rowCount ?? 0;
      }
      return stored;
    },
  };
}

function sinkWriter(pool: pg.Pool): Writer {
  const sink = postgresSink(pool);
  let prepared: IngestEvent[] = [];
  return {
    prepare(from, to) {
      prepared = range(from, to).map(eventOf);
    },
    async write() {
      let stored = 0;
      for (const portion of portions(prepared, ROWS)) {
        const outcomes = await sink.write(portion);
        stored += outcomes.filter(({ result }) => result === 'ok').length;
      }
      return stored;
    },
  };
}

/** Bodies as clients send them, through the handler: read, parsed, validated, stored, answered. */
function requestWriter(pool: pg.Pool): Writer {
  const handler = createIngestHandler({ events, sink: postgresSink(pool), auth: keys([KEY]) });
  let bodies: string[] = [];
  const sendAll = async (mine: readonly string[]): Promise<number> => {
    let stored = 0;
    for (const body of mine) {
      const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body };
      const answer = await handler(new Request('http://bench/api/telemetry', init));
      const { results } = (await answer.json()) as { results: Record<string, { result: string }> };
      stored += Object.values(results).filter(({ result }) => result === 'ok').length;
    }
    return stored;
  };
  return {
    prepare(from, to) {
      bodies = portions(range(from, to), EVENTS).map((numbers) => bodyOf(numbers));
    },
    async write() {
      const lanes = range(0, REQUESTS).map((lane) =>
        bodies.filter((_, index) => index % REQUESTS === lane),
      );
      const counts = await Promise.all(lanes.map(sendAll));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

function bodyOf(numbers: readonly number[]): string {
  const wire = numbers.map((n) => {
    const { id, name, timestamp, props, context } = eventOf(n);
    return { id, name, timestamp: timestamp.toISOString(), props, context };
  });
  return JSON.stringify({ sentAt: new Date().toISOString(), events: wire });
}
