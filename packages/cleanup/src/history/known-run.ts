import { InvalidOptionsError } from '@ops/timeout';
import type { Query } from '../database.ts';
import { CleanupTablesMissingError, UnknownRunError } from '../errors.ts';
import { quoteIdentifier } from '../identifier.ts';
import { look } from './ensure-tables.ts';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** @throws InvalidOptionsError when it is no id of a run. */
export function checkRunId(verb: 'undo' | 'restore', runId: unknown): void {
  if (typeof runId === 'string' && UUID.test(runId)) return;
  throw new InvalidOptionsError(
    `cleanup.${verb}: runId: expected the id of a run, a UUID, got ${JSON.stringify(runId)}`,
  );
}

/** @throws CleanupTablesMissingError, UnknownRunError unless the history has the run. */
export async function requireRun(query: Query, schema: string, runId: string): Promise<void> {
  const { missing } = await look(query, schema);
  if (missing.length > 0) throw new CleanupTablesMissingError(schema, missing);
  const [run] = await query(
    `select id::text as id
     from ${quoteIdentifier(schema)}.runs
     where id = $1::uuid`,
    [runId],
  );
  if (!run) throw new UnknownRunError(runId, schema);
}
