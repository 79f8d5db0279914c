import type { ColumnFacts } from '../catalog/columns.ts';
import type { Query } from '../database.ts';
import { parseIdentifierPath, quoteIdentifier, quoteIdentifierPath } from '../identifier.ts';
import { RUN_COLUMN, SEQ_COLUMN } from './archive-table.ts';
import { type ArchivedColumn, archivedColumn, fits, inspectQualified } from './archived-column.ts';
import type { StoredEntry } from './manifest.ts';

/** Where the rows of archived tables go back to, and how they must look to fit. */
export interface RestoreTarget {
  /** Quoted, with its schema. */
  readonly sql: string;
  /** The archive's columns in order; undefined for one that is not to be given a value. */
  readonly columns: readonly (ArchivedColumn | undefined)[];
  /** Names of the primary key, when the archive has all of it; otherwise empty. */
  readonly key: readonly string[];
}

/** Another table than the rows came from: one for the policy's own, or by table. */
export type RestoreInto = string | Readonly<Record<string, string>>;

interface Found {
  readonly oid: string;
  readonly sql: string;
  readonly required: readonly string[];
  readonly columns: readonly ColumnFacts[];
}

/** Finds where an entry goes, or says what speaks against it. */
export async function restoreTarget(
  query: Query,
  entry: StoredEntry,
  into: RestoreInto | undefined,
): Promise<RestoreTarget | { readonly problems: readonly string[] }> {
  const name = nameOf(entry, into);
  if (entry.kind === 'table') {
    const problem = await archiveProblem(query, entry.uri);
    if (problem !== undefined) return { problems: [problem] };
  }
  const live = await findTable(query, name);
  if (!live) {
    return { problems: [`${name} is not there; make it, or name another one by the option into`] };
  }
  const { targets, problems } = matchColumns(entry, live);
  if (problems.length > 0) return { problems };
  const given = new Set(targets.flatMap((column) => column?.name ?? []));
  const key = live.columns.filter(({ keyPosition }) => keyPosition !== undefined);
  return {
    sql: live.sql,
    columns: targets,
    key: key.every((column) => given.has(column.name)) ? key.map((column) => column.name) : [],
  };
}

function matchColumns(
  entry: StoredEntry,
  live: Found,
): {
  readonly targets: readonly (ArchivedColumn | undefined)[];
  readonly problems: readonly string[];
} {
  const columns = new Map(live.columns.map((column) => [column.name, column]));
  const problems: string[] = [];
  const targets = entry.columns.map((archived) => {
    const column = columns.get(archived.name);
    if (!column) {
      problems.push(
        `Column ${archived.name} (${archived.type}) is not in ${live.sql} any more; add it, or name another table by the option into`,
      );
      return undefined;
    }
    if (column.isGenerated) return undefined;
    const now = archivedColumn(column);
    if (!fits(archived, now)) {
      problems.push(
        `Column ${archived.name} of ${live.sql} is of type ${now.type} now, and was of type ${archived.type}`,
      );
    }
    return now;
  });
  const given = new Set(targets.flatMap((column) => column?.name ?? []));
  problems.push(
    ...live.required
      .filter((required) => !given.has(required))
      .map((required) => `Column ${required} of ${live.sql} must not be null and has no default`),
  );
  return { targets, problems };
}

function nameOf(entry: StoredEntry, into: RestoreInto | undefined): string {
  if (into === undefined) return entry.table;
  if (typeof into === 'string') return entry.place === 0 ? quoteIdentifierPath(into) : entry.table;
  const own = parseIdentifierPath(entry.table).map(quoteIdentifier);
  const given = Object.entries(into).find(([from]) => {
    const quoted = quoteIdentifierPath(from);
    return quoted === entry.table || quoted === own.at(-1);
  });
  return given ? quoteIdentifierPath(given[1]) : entry.table;
}

async function archiveProblem(query: Query, archive: string): Promise<string | undefined> {
  const found = await findTable(query, archive);
  if (!found) return `The archive ${archive} is not there`;
  const names = found.columns.map(({ name }) => name);
  return names.includes(RUN_COLUMN) && names.includes(SEQ_COLUMN)
    ? undefined
    : `The archive ${archive} has no columns ${RUN_COLUMN} and ${SEQ_COLUMN}, so a run's rows cannot be told`;
}

async function findTable(query: Query, name: string): Promise<Found | undefined> {
  const [row] = await query(
    `select
       c.oid::text as oid,
       n.nspname::text as schema,
       c.relname::text as name,
       (
         select array_to_json(array_agg(a.attname))::text
         from pg_attribute a
         where a.attrelid = c.oid
           and a.attnum > 0
           and not a.attisdropped
           and a.attnotnull
           and not a.atthasdef
           and a.attidentity = ''
       ) as required
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     where c.oid = to_regclass($1)`,
    [name],
  );
  if (row?.['oid'] == null) return undefined;
  const { oid } = row;
  return {
    oid,
    sql: `${quoteIdentifier(row['schema'] ?? '')}.${quoteIdentifier(row['name'] ?? '')}`,
    required: JSON.parse(row['required'] ?? '[]') as readonly string[],
    columns: (await inspectQualified(query, [oid])).get(oid) ?? [],
  };
}
