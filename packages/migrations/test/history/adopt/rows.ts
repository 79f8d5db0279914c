import { createHash } from 'node:crypto';
import type { ForeignHistory, Tool } from '../../../src/history/adopt/tool.ts';
import type { MigrationFile } from '../../../src/sources/source.ts';

/** What a tool makes of these rows. That its SQL gives such rows is tested on a real server. */
export async function readRows(tool: Tool, rows: readonly object[]): Promise<ForeignHistory> {
  const query = async (): Promise<never> => ({ rows }) as never;
  return tool.read({
    query,
    schema: 's',
    table: tool.table,
    columns: tool.columns,
    sql: '"s"."t"',
  });
}

/** A file, of which most is seldom of interest. */
export function file(given: Partial<MigrationFile> & { readonly version: string }): MigrationFile {
  const { text = 'select 1;', name = 'x' } = given;
  return {
    pack: '',
    name,
    file: `${given.version}_${name}.sql`,
    kind: 'sql',
    text,
    rawHash: createHash('sha256').update(text).digest('hex'),
    down: undefined,
    schema: undefined,
    when: undefined,
    load: undefined,
    ...given,
  };
}
