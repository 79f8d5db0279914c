import { createHash } from 'node:crypto';
import type { MigrationFile } from '../../sources/source.ts';
import { cutName } from './file-name.ts';
import { dateOf, millisecondsOf } from './sql-time.ts';
import type { Difference, ForeignEntry, Tool } from './tool.ts';

interface Row {
  readonly hash: string;
  readonly previous_hash: string | null;
  readonly filename: string;
  readonly applied_ms: string | null;
}

/** Graphile Migrate. Its hashes are a chain: each is over the one before and the file's body. */
export const graphileMigrate: Tool = {
  name: 'graphile-migrate',
  schema: 'graphile_migrate',
  table: 'migrations',
  columns: ['hash', 'previous_hash', 'filename', 'date'],
  foreignColumns: [],
  trustNote: undefined,
  async read({ query, sql }) {
    const { rows } = await query<Row>(`
      select hash, previous_hash, filename, ${millisecondsOf('date')} as applied_ms
      from ${sql}
      order by filename`);
    return { entries: rows.map(entryOf), upTo: undefined, problems: [], notes: [] };
  },
};

function entryOf(row: Row): ForeignEntry {
  return {
    label: row.filename,
    version: cutName(row.filename).version,
    // Whether the file name has a message depends on the version of the tool.
    name: undefined,
    appliedAt: dateOf(row.applied_ms),
    compare: (file) => compare(file, row),
  };
}

function compare({ text }: MigrationFile, { hash, previous_hash }: Row): Difference | undefined {
  const { headers, body } = cutHeaders(text);
  if (headers.includes('AllowInvalidHash')) return undefined;
  const [algorithm = 'sha1'] = hash.split(':', 1);
  if (algorithm !== 'sha1') {
    return { message: `was recorded with a hash of an unknown kind, ${hash}`, offset: undefined };
  }
  const content = `${`${previous_hash ?? ''}\n${body.trim()}`.trim()}\n`;
  const now = `sha1:${createHash('sha1').update(content).digest('hex')}`;
  if (now === hash) return undefined;
  return {
    message: `has the hash ${now}, Graphile Migrate recorded ${hash}`,
    offset: undefined,
  };
}

/** The lines `--! Key: value` at the top, and what follows. */
function cutHeaders(text: string): { readonly headers: readonly string[]; readonly body: string } {
  const lines = text.split('\n');
  const keys = lines.map((line) => /^--! ([A-Z][a-zA-Z0-9_]*)(?::.*)?$/.exec(line)?.[1]);
  const end = keys.indexOf(undefined);
  const headers = keys.slice(0, end === -1 ? keys.length : end) as string[];
  return { headers, body: lines.slice(headers.length).join('\n') };
}
