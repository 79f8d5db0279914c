import { cutName } from './file-name.ts';
import { firstDifference } from './statement-difference.ts';
import type { ForeignEntry, Tool } from './tool.ts';

interface Row {
  readonly version: string;
  readonly name: string | null;
  /** A JSON array. */
  readonly statements: string | null;
}

/**
 * Supabase CLI. Keeps the statements that it ran, split and trimmed, and no times. Before 2023 it
 * kept the version alone.
 */
export const supabase: Tool = {
  name: 'supabase',
  schema: 'supabase_migrations',
  table: 'schema_migrations',
  columns: ['version', 'statements'],
  foreignColumns: ['dirty'],
  trustNote: undefined,
  async read({ query, sql, columns }) {
    const name = columns.includes('name') ? 'name' : 'null';
    const { rows } = await query<Row>(`
      select version::text as version, ${name}::text as name, array_to_json(statements)::text as statements
      from ${sql}
      order by version`);
    return { entries: rows.map(entryOf), upTo: undefined, problems: [], notes: [] };
  },
};

function entryOf({ version, name, statements }: Row): ForeignEntry {
  const hasName = name !== null && name !== '';
  const texts = statements === null ? undefined : (JSON.parse(statements) as (string | null)[]);
  return {
    label: hasName ? `${version}_${name}` : version,
    version: cutName(version).version,
    // Without content the name is all that tells one migration of a version from another.
    name: texts === undefined && hasName ? name : undefined,
    appliedAt: undefined,
    compare: texts && ((file) => firstDifference(texts.join(';\n'), file)),
  };
}
