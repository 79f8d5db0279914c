import assert from 'node:assert/strict';
import type pg from 'pg';
import { readPiece } from '../src/archive/archive-reader.ts';
import { readManifest } from '../src/archive/manifest.ts';
import type { Query } from '../src/database.ts';
import type { Contestant, Done } from './measure.ts';
import type { LoadResult } from './programs/load.ts';
import { expiredCount, STEPS_PER_ROW } from './tables.ts';

const OUT_OF_TIME = ['budget-time', 'throttled'] as const;

/**
 * Fails when anything but expired rows is gone, when one is left though none should be, or when an
 * archive does not have every row of it exactly once.
 */
export async function prove(
  client: pg.Client,
  contestant: Contestant,
  done: Done,
  load: LoadResult | undefined,
): Promise<void> {
  const expired = expiredCount(contestant);
  // What is paced or throttled may have met the end of its time.
  if (!OUT_OF_TIME.some((reason) => reason === done.clean?.stopped)) {
    assert.equal(done.deleted, expired, 'every expired row is deleted');
  }
  if (contestant.expired === 'partitions') {
    const [row] = await only(client, 'select count(*) as left from app_events');
    return assert.equal(row?.['left'], kept(contestant), 'rows left');
  }
  await proveTable(client, contestant, done, load);
  if (typeof contestant.work === 'string' || contestant.work.archive === undefined) return;
  const places = contestant.withoutSteps ? 1 : 1 + STEPS_PER_ROW;
  assert.equal(done.clean?.archived, done.deleted * places, 'archived as the report says');
  if (contestant.work.archive === 'table') await proveArchiveTable(client, contestant, done);
  else await proveArchiveFiles(client, done);
}

const DUE = { started_at: 'id <= $1::bigint / 2', expires_at: 'id % 2 = 0' } as const;

function kept({ rows, expired }: Contestant): number {
  const all = expired === 'partitions' ? 2 * expiredCount({ rows, expired }) : rows;
  return all - expiredCount({ rows, expired });
}

async function proveTable(
  client: pg.Client,
  contestant: Contestant,
  { deleted }: Done,
  load: LoadResult | undefined,
): Promise<void> {
  const { rows, expired } = contestant;
  if (expired === 'partitions') return;
  const due = expiredCount(contestant) - deleted;
  const added = Object.values(load ?? {}).reduce((sum, { write = [] }) => sum + write.length, 0);
  const [row] = await only(
    client,
    `select
       count(*) filter (where id <= $1::bigint and ${DUE[expired]}) as due,
       count(*) filter (where id <= $1::bigint and not (${DUE[expired]})) as kept,
       count(*) filter (where id > $1::bigint) as added
     from workflow_executions`,
    [rows],
  );
  assert.deepEqual(row, { due, kept: kept(contestant), added }, 'rows left');
  if (contestant.withoutSteps) return;
  const [steps] = await only(client, 'select count(*) as left from execution_steps');
  assert.equal(
    steps?.['left'],
    (due + kept(contestant) + added) * STEPS_PER_ROW,
    'child rows left',
  );
}

async function proveArchiveTable(
  client: pg.Client,
  contestant: Contestant,
  { deleted }: Done,
): Promise<void> {
  const [row] = await only(
    client,
    `select count(*) as archived, count(distinct id) as different, max(id) as last
     from archive.workflow_executions`,
  );
  assert.deepEqual(row, { archived: deleted, different: deleted, last: deleted }, 'in the archive');
  if (contestant.withoutSteps) return;
  const [steps] = await only(
    client,
    `select count(*) as archived, count(distinct id) as different
     from archive.workflow_executions_execution_steps`,
  );
  const count = deleted * STEPS_PER_ROW;
  assert.deepEqual(steps, { archived: count, different: count }, 'child rows in the archive');
}

/** Every piece is read, with its checksum, and every row in it counted by its id. */
async function proveArchiveFiles(client: pg.Client, { clean, deleted }: Done): Promise<void> {
  const query: Query = async (text, values = []) =>
    (await client.query<Record<string, string | null>>(text, [...values])).rows;
  const entries = await readManifest(query, 'ops_cleanup', clean?.runId ?? '', undefined);
  const seen = new Uint8Array(deleted + 1);
  let archived = 0;
  for (const entry of entries) {
    const piece = await readPiece(entry, {
      from: undefined,
      sinkOf: () => undefined,
      signal: undefined,
    });
    if ('problem' in piece) assert.fail(`${entry.uri}: ${piece.problem}`);
    archived += piece.rowCount;
    if (entry.place > 0) continue;
    for (const [, id] of piece.rows.toString('latin1').matchAll(/^\["(\d+)"/gm)) {
      seen[Number(id)] = (seen[Number(id)] ?? 0) + 1;
    }
  }
  assert.equal(archived, clean?.archived, 'rows in the files');
  assert.ok(
    seen.every((count, id) => count === (id === 0 ? 0 : 1)),
    'every expired row is in the files once',
  );
}

/** With its counts as numbers. */
async function only(
  client: pg.Client,
  text: string,
  values?: unknown[],
): Promise<readonly Readonly<Record<string, number>>[]> {
  const { rows } = await client.query<Record<string, string>>(text, values);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])),
  );
}
