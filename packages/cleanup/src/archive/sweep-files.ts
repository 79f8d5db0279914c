import { join } from 'node:path';
import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import { OPEN_SUFFIX, putAway, uriOf } from './file-store.ts';
import { type FileSystem, ifThere } from './file-system.ts';

/*
 * A process that was killed leaves files that end in `.open`. What the manifest has of them is kept,
 * under the final name; the rest is garbage. Only files of runs that this history knows to be over
 * are touched: one of a run that is going on, or of another database, is somebody else's.
 */

const NAME = new RegExp(
  `^.+-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-\\d+-[0-9a-f]{8}\\.ndjson(?:\\.gz|\\.zst)?\\${OPEN_SUFFIX}$`,
);

/** A file that was left, and how much of it counts. */
export interface LeftFile {
  /** Under its final name. */
  readonly path: string;
  readonly committed: number;
}

/** Judges the files that are left in a directory. Only reads. */
export async function findLeftFiles(
  query: Query,
  schema: string,
  directory: string,
  files: FileSystem,
): Promise<readonly LeftFile[]> {
  const found = (await files.readdir(directory)).flatMap((name) => {
    const runId = NAME.exec(name)?.[1];
    return runId === undefined
      ? []
      : [{ runId, path: join(directory, name.slice(0, -OPEN_SUFFIX.length)) }];
  });
  if (found.length === 0) return [];
  const quoted = quoteIdentifier(schema);
  const rows = await query(
    `select
       run.id::text as run_id,
       entry.uri,
       entry.committed::text as committed
     from ${quoted}.runs run
     left join lateral (
       select m.uri, max(m.byte_offset + m.byte_count) as committed
       from ${quoted}.manifest m
       where m.run_id = run.id
         and m.uri = any($2::text[])
       group by m.uri
     ) entry on true
     where run.id = any($1::uuid[])
       and run.ended_at is not null`,
    [found.map(({ runId }) => runId), found.map(({ path }) => uriOf(path))],
  );
  const ended = new Set(rows.map((row) => row['run_id']));
  const committed = new Map(rows.map((row) => [row['uri'], Number(row['committed'])]));
  return found
    .filter(({ runId }) => ended.has(runId))
    .map(({ path }) => ({ path, committed: committed.get(uriOf(path)) ?? 0 }));
}

/** Cuts, renames and removes. Another cleanup may be doing the same. */
export async function sweepFiles(
  left: readonly LeftFile[],
  directory: string,
  files: FileSystem,
): Promise<void> {
  for (const { path, committed } of left) {
    if (committed > 0) await ifThere(cut(files, `${path}${OPEN_SUFFIX}`, committed));
    await putAway({ directory, files }, path, committed);
  }
}

async function cut(files: FileSystem, path: string, length: number): Promise<void> {
  const file = await files.openForWriting(path);
  try {
    // A file that is too short is left as it is: restoring says what is missing.
    if ((await file.stat()).size > length) await file.truncate(length);
    await file.datasync();
  } finally {
    await file.close();
  }
}
