import type { Session } from '../database/session.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { inSavepoint, inTransaction, type Limits } from './attempt.ts';
import { factsOfWanted, type KnownIndex, readIndexFacts } from './index-facts.ts';
import type { MeasuredIndex, Trouble } from './measurement.ts';
import { type IndexFacts, isSame, isServedBy } from './redundancy.ts';
import type { WantedIndex } from './wanted-index.ts';

/** A wanted index and what the catalog says of it. */
export interface CatalogEntry {
  readonly wanted: WantedIndex;
  readonly index: MeasuredIndex;
}

/** All wanted indexes, and what could not be found out about them. */
export interface Catalog {
  readonly entries: readonly CatalogEntry[];
  readonly notes: readonly string[];
}

/** Before it is known what it is redundant with. */
interface Draft extends CatalogEntry {
  readonly facts: IndexFacts | undefined;
  /** All indexes of its table. */
  readonly neighbours: readonly KnownIndex[];
  readonly note?: string | undefined;
}

/**
 * Looks up every index. Takes ACCESS SHARE locks on the tables, which stop nothing but `alter table` and
 * the like, for the moment that this takes; everything is rolled back.
 *
 * @param isStandby it cannot make the temporary tables with which definitions are compared.
 */
export async function readCatalog(
  session: Session,
  wanted: readonly WantedIndex[],
  { limits, isStandby }: { readonly limits: Limits; readonly isStandby: boolean },
): Promise<Catalog> {
  const mode = isStandby ? 'read only' : 'read write';
  const drafts = await inTransaction(session, mode, limits, async () => {
    const seen: Draft[] = [];
    for (const each of wanted) {
      const attempt = await inSavepoint(session, () => lookAt(session, each, isStandby));
      seen.push('value' in attempt ? attempt.value : failed(each, attempt.trouble));
    }
    return seen;
  });
  const notes = new Set(drafts.flatMap(({ note }) => (note === undefined ? [] : [note])));
  return { entries: withRedundancy(drafts), notes: [...notes] };
}

interface Found {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly oid: string | null;
  readonly is_index: boolean | null;
  readonly is_valid: boolean | null;
  readonly bytes: string | null;
  readonly scans: string | null;
}

async function lookAt(session: Session, wanted: WantedIndex, isStandby: boolean): Promise<Draft> {
  const { target } = wanted;
  if (wanted.when !== undefined && !(await isApplicable(session, wanted.when))) {
    return draftOf(wanted, { state: 'not-applicable' });
  }
  const { rows } = await session.query<Found>(FIND_SQL, [target.table, target.name]);
  const [found] = rows;
  if (found === undefined) {
    return failed(wanted, { message: `there is no table ${target.table}`, sqlstate: '42P01' });
  }
  const place = { schema: found.schema, table: found.table, name: found.name };
  if (found.oid !== null && found.is_index !== true) {
    return failed(wanted, { message: `the name ${target.name} belongs to something else` }, place);
  }
  const neighbours = await readIndexFacts(
    session,
    `${quoteIdentifier(place.schema)}.${quoteIdentifier(place.table)}`,
  );
  const { facts, trouble, note } = await factsOrNote(session, wanted, place, isStandby);
  if (trouble !== undefined) return failed(wanted, trouble, place);
  if (found.is_valid !== true) {
    return { ...draftOf(wanted, { ...place, state: 'absent' }), facts, neighbours, note };
  }
  const existing = neighbours.find(({ name }) => name === place.name);
  if (facts && existing && !isSame(facts, existing.facts)) {
    const message = `an index ${target.name} with another definition exists`;
    return failed(wanted, { message }, place);
  }
  const figures = { bytes: Number(found.bytes), scanCount: Number(found.scans ?? 0) };
  const present = draftOf(wanted, { ...place, state: 'present', ...figures });
  return { ...present, facts, neighbours, note };
}

interface FactsOrNote {
  readonly facts?: IndexFacts | undefined;
  readonly trouble?: Trouble | undefined;
  readonly note?: string | undefined;
}

async function factsOrNote(
  session: Session,
  { target }: WantedIndex,
  place: { readonly schema: string; readonly table: string },
  isStandby: boolean,
): Promise<FactsOrNote> {
  const known = 'indexes are known by their names alone and redundant ones are not found';
  if (isStandby) return { note: `This server is a standby: ${known}.` };
  const made = await inSavepoint(session, () => factsOfWanted(session, target, place));
  if ('value' in made) return { facts: made.value };
  // 42501: somebody who may not make temporary tables, or not read this one, still learns what is there.
  if (made.trouble.sqlstate !== '42501') return { trouble: made.trouble };
  return { note: `${made.trouble.message} (table ${place.table}): ${known}.` };
}

function draftOf(
  wanted: WantedIndex,
  known: Partial<MeasuredIndex> & Pick<MeasuredIndex, 'state'>,
): Draft {
  const { target, statement } = wanted;
  const index = { name: target.name, schema: '', table: '', statement, ...known };
  return { wanted, index, facts: undefined, neighbours: [] };
}

function failed(
  wanted: WantedIndex,
  trouble: Trouble,
  place?: Pick<MeasuredIndex, 'schema' | 'table' | 'name'>,
): Draft {
  return draftOf(wanted, { ...place, state: 'failed', trouble });
}

/** Looks among the indexes of the table and among the wanted ones. */
function withRedundancy(drafts: readonly Draft[]): CatalogEntry[] {
  return drafts.map((draft) => {
    const { wanted, index, facts, neighbours } = draft;
    if (facts === undefined) return { wanted, index };
    const coming = drafts.flatMap(({ index: other, facts: theirs }) =>
      theirs !== undefined && other.state === 'absent' && isOneTable(index, other)
        ? [{ name: other.name, isValid: true, facts: theirs }]
        : [],
    );
    const server = [...neighbours, ...coming].find(
      (other) =>
        other.isValid &&
        other.name !== index.name &&
        isServedBy(facts, other.facts) &&
        !(isServedBy(other.facts, facts) && goesFirst(draft, other.name, drafts)),
    );
    return { wanted, index: { ...index, redundantWith: server?.name } };
  });
}

/**
 * Of two that serve each other, one is the redundant one: of two wanted ones that which is absent, else
 * the later; of a wanted one and a stranger the wanted one, since advice is about that.
 */
function goesFirst(draft: Draft, otherName: string, drafts: readonly Draft[]): boolean {
  const rival = drafts.find(
    ({ index }) => index.name === otherName && isOneTable(index, draft.index),
  );
  if (rival === undefined) return false;
  if (rival.index.state !== draft.index.state) return draft.index.state === 'present';
  return drafts.indexOf(draft) < drafts.indexOf(rival);
}

function isOneTable(a: MeasuredIndex, b: MeasuredIndex): boolean {
  return a.schema === b.schema && a.table === b.table;
}

async function isApplicable(
  session: Session,
  { schema, table, columns = [] }: NonNullable<WantedIndex['when']>,
): Promise<boolean> {
  const { rows } = await session.query<{ is_there: boolean }>(APPLICABLE_SQL, [
    schema,
    table,
    columns,
  ]);
  return rows[0]?.is_there === true;
}

const APPLICABLE_SQL = `
  select not exists (
    select
    from unnest($3::text[]) wanted
    where not exists (
      select
      from pg_attribute a
      where a.attrelid = c.oid and a.attname = wanted and a.attnum > 0 and not a.attisdropped
    )
  ) as is_there
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'm')`;

/** `name` cuts a long name as the server does when it makes the index. */
const FIND_SQL = `
  select $2::text::name as name, n.nspname as schema, t.relname as table, c.oid::text as oid,
    i.indexrelid is not null as is_index,
    i.indisvalid and i.indisready and i.indislive as is_valid,
    pg_relation_size(i.indexrelid)::text as bytes,
    s.idx_scan::text as scans
  from pg_class t
  join pg_namespace n on n.oid = t.relnamespace
  left join pg_class c on c.relnamespace = t.relnamespace and c.relname = $2::text::name
  left join pg_index i on i.indexrelid = c.oid and i.indrelid = t.oid
  left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid
  where t.oid = to_regclass($1) and t.relkind in ('r', 'p', 'm')`;
