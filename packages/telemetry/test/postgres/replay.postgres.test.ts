import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { InvalidOptionsError } from '../../src/index.ts';
import {
  type CopyPool,
  postgresSink,
  ReplayInterruptedError,
  type ReplayRecord,
  type ReplayReport,
  replay,
} from '../../src/postgres/index.ts';
import { readLines } from '../../src/postgres/replay/lines.ts';
import { uuid7 } from '../../src/uuid.ts';
import { count, createAppEvents, createPartitioned, event } from './app-events.ts';

const db = useDatabase();
const START = Date.parse('2026-03-01T00:00:00Z');

function record(n: number, fields: Partial<ReplayRecord> = {}): ReplayRecord {
  const time = START + n * 1_000;
  return {
    id: uuid7(time),
    name: 'ping',
    timestamp: new Date(time).toISOString(),
    props: { n, text: 'ä😀\\N\t\n"' },
    context: { userId: `u${n}`, path: '/a\\b' },
    ...fields,
  };
}

function records(length: number): ReplayRecord[] {
  return Array.from({ length }, (_, n) => record(n));
}

function ndjson(list: readonly unknown[]): string {
  return list.map((each) => `${JSON.stringify(each)}\n`).join('');
}

/** As a file comes: in pieces that end anywhere. */
function inPieces(text: string, size: number): Readable {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
  return Readable.from(pieces, { objectMode: false });
}

describe.each([
  ['a plain table', (): Promise<void> => createAppEvents(db.pool(), 'text')],
  ['a partitioned table', (): Promise<void> => createPartitioned(db.pool(), db.schema)],
])('into %s', (_kind, create) => {
  it('brings each event in once, from a stream, however often', async () => {
    const pool = db.pool();
    await create();
    const list = records(1_200);
    const progress: ReplayReport[] = [];
    const options = {
      chunkRows: 500,
      onProgress: (report: ReplayReport) => void progress.push(report),
    };
    const first = await replay(pool, inPieces(ndjson(list), 777), options);
    expect(first).toEqual({
      line: 1_200,
      read: 1_200,
      inserted: 1_200,
      duplicates: 0,
      rejected: 0,
      rejections: [],
    });
    expect(progress.map(({ line, inserted }) => [line, inserted])).toEqual([
      [500, 500],
      [1_000, 1_000],
      [1_200, 1_200],
    ]);
    const again = await replay(pool, Readable.from(list), options);
    expect(again).toMatchObject({ read: 1_200, inserted: 0, duplicates: 1_200 });
    expect(await count(pool)).toBe(1_200);
    const { rows } = await pool.query(
      `select event_type, user_id, path, meta, created_at from app_events where id = $1`,
      [list[7]?.id],
    );
    expect(rows).toEqual([
      {
        event_type: 'ping',
        user_id: 'u7',
        path: '/a\\b',
        meta: list[7]?.props,
        created_at: new Date(START + 7_000),
      },
    ]);
  });

  it('tells bad lines by their number, and stores the rest', async () => {
    const pool = db.pool();
    await create();
    await pool.query(`alter table app_events add check (event_type <> 'forbidden')`);
    const good = (n: number) => JSON.stringify(record(n));
    const lines = [
      `\uFEFF${good(1)}\r`,
      '',
      '{"id":',
      '[]',
      JSON.stringify(record(5, { id: 'no uuid' })),
      JSON.stringify({ ...record(6), timestamp: '2026-03-01 00:00' }),
      JSON.stringify(record(7, { name: 'forbidden' })),
      `"${'x'.repeat(5_000)}"`,
      JSON.stringify(record(9, { sampleRate: 2 })),
      JSON.stringify({ ...record(10), timestamp: undefined }),
      good(11),
    ];
    const bytes = Buffer.concat([
      Buffer.from(`${lines.join('\n')}\n`),
      Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a]),
      Buffer.from(good(13)),
    ]);
    const told: number[] = [];
    const report = await replay(pool, Readable.from([bytes], { objectMode: false }), {
      maxLineBytes: 4_000,
      onReject: ({ line }) => void told.push(line),
    });
    expect(report).toMatchObject({ line: 13, read: 12, inserted: 3, duplicates: 0, rejected: 9 });
    expect(report.rejections.map(({ line, details }) => [line, details])).toEqual([
      [3, 'not JSON'],
      [4, 'not an object'],
      [5, 'id: expected a UUID'],
      [6, 'timestamp: expected an ISO 8601 time with its zone'],
      [7, 'the table refuses this event (SQLSTATE 23514)'],
      [8, 'longer than 4000 bytes'],
      [9, 'sampleRate: expected a number above 0, at most 1'],
      [10, 'timestamp: missing'],
      [12, 'not UTF-8'],
    ]);
    expect(told).toEqual(report.rejections.map(({ line }) => line));
    expect(await count(pool)).toBe(3);
  });

  it('counts the repeats within a file, in one transaction and in two', async () => {
    const pool = db.pool();
    await create();
    const [first, second] = [record(1), record(2)];
    const away = { ...second, timestamp: '2026-02-27T00:00:00Z' };
    const list = [first, first, second, away, first, away, record(3)];
    for (const chunkRows of [100, 2]) {
      await pool.query('delete from app_events');
      const report = await replay(pool, Readable.from(list), { chunkRows });
      expect(report).toMatchObject({ read: 7, inserted: 3, duplicates: 4, rejected: 0 });
      expect(await count(pool)).toBe(3);
    }
  });

  it('finds what was written live, and writes it only once when both come at a time', async () => {
    const pool = db.pool({ max: 4 });
    await create();
    const list = records(400);
    const live = list.map(({ id, timestamp, props, context }, n) =>
      event({
        id,
        props,
        // As the server moved it, for some into the month before.
        timestamp: new Date(Date.parse(String(timestamp)) - (n % 10 === 0 ? 86_400_000 : 0)),
        clientTimestamp: new Date(timestamp),
        context: context ?? {},
      }),
    );
    const sink = postgresSink(pool, { clock: { now: () => START } });
    const [report, again, outcomes] = await Promise.all([
      replay(pool, Readable.from(list), { chunkRows: 50 }),
      replay(pool, Readable.from(list.toReversed()), { chunkRows: 70 }),
      sink.write(live),
    ]);
    const stored = outcomes.filter((each) => each.result === 'ok' && !('duplicate' in each));
    expect(report.inserted + again.inserted + stored.length).toBe(400);
    expect(await count(pool)).toBe(400);
  });
});

it('goes on after the last line that is settled', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const list = records(250);
  let isBroken = true;
  async function* source(): AsyncGenerator<ReplayRecord> {
    for (const [n, each] of list.entries()) {
      if (isBroken && n === 230) throw new Error('the disk is gone');
      yield each;
    }
  }
  const stopped = await replay(pool, source(), { chunkRows: 100 }).catch((error: unknown) => error);
  if (!(stopped instanceof ReplayInterruptedError)) throw stopped;
  expect(stopped).toMatchObject({
    code: 'ERR_OPS_TELEMETRY_REPLAY_INTERRUPTED',
    message: expect.stringMatching(/after line 200 .* run it again with startAfterLine: 200/),
    cause: new Error('the disk is gone'),
    report: { line: 200, read: 200, inserted: 200 },
  });
  isBroken = false;
  const { line: startAfterLine } = stopped.report;
  expect(await replay(pool, source(), { startAfterLine })).toMatchObject({
    line: 250,
    read: 50,
    inserted: 50,
    duplicates: 0,
  });
  expect(await count(pool)).toBe(250);
});

it('is interrupted by a lost connection, and by a table that is not there', async () => {
  const pool = db.pool();
  await expect(replay(pool, Readable.from(records(1)))).rejects.toMatchObject({
    cause: { code: 'ERR_OPS_TELEMETRY_TABLE_MISMATCH' },
  });
  await createPartitioned(pool, db.schema);
  let chunks = 0;
  const dying: CopyPool = {
    connect: async () => {
      const client = await pool.connect();
      chunks += 1;
      // Its end may be noticed before `replay` has the connection and listens.
      client.on('error', () => {});
      if (chunks === 3) await pool.query('select pg_terminate_backend($1)', [pidOf(client)]);
      return client;
    },
  };
  const list = records(30);
  await expect(replay(dying, Readable.from(list), { chunkRows: 10 })).rejects.toMatchObject({
    code: 'ERR_OPS_TELEMETRY_REPLAY_INTERRUPTED',
    report: { line: 10, inserted: 10 },
  });
  expect(await replay(pool, Readable.from(list))).toMatchObject({ inserted: 20, duplicates: 10 });
});

function pidOf(client: object): unknown {
  return Reflect.get(client, 'processID');
}

it('ends at once when it is aborted, also while the source is silent', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const reason = new Error('enough');
  const controller = new AbortController();
  async function* silent(): AsyncGenerator<ReplayRecord> {
    yield record(1);
    queueMicrotask(() => controller.abort(reason));
    await new Promise(() => {});
  }
  await expect(replay(pool, silent(), { signal: controller.signal })).rejects.toBe(reason);
  await expect(replay(pool, silent(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const later = new AbortController();
  const onProgress = () => later.abort(reason);
  const options = { chunkRows: 2, onProgress, signal: later.signal };
  await expect(replay(pool, Readable.from(records(9)), options)).rejects.toBe(reason);
  expect(await count(pool)).toBe(2);
});

it('passes on what a callback throws', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const thrown = new Error('no');
  const onReject = () => {
    throw thrown;
  };
  await expect(replay(pool, Readable.from(['x\n']), { onReject })).rejects.toBe(thrown);
  await expect(replay(pool, Readable.from([]), { chunkRows: 0 })).rejects.toThrow(
    InvalidOptionsError,
  );
  await expect(replay({} as never, Readable.from([]))).rejects.toThrow(/expected a pg\.Pool/);
});

it('reads the same lines wherever the pieces end, as bytes and as text', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 12 })),
      fc.array(fc.nat({ max: 40 }), { maxLength: 10 }),
      fc.constantFrom('\n', '\r\n'),
      async (texts, cuts, end) => {
        const lines = texts.map((text) => JSON.stringify(text));
        const whole = lines.join(end);
        const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).toSorted((a, b) => a - b)];
        const strings = at.map((from, n) => whole.slice(from, at[n + 1] ?? whole.length));
        const bytes = Buffer.from(whole);
        const pieces = at.map((from, n) => bytes.subarray(from, at[n + 1] ?? bytes.length));
        for (const source of [strings, pieces]) {
          const read: unknown[] = [];
          for await (const line of readLines(Readable.from(source), 10_000)) read.push(line);
          expect(read).toEqual(lines.map((text, n) => ({ line: n + 1, text })));
        }
      },
    ),
  );
});
