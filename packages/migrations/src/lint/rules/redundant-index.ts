import { as, relationName } from '../ast.ts';
import { findRelation, type IndexEntry, keyOf, schemaFor, showPlace } from '../catalog/catalog.ts';
import { readIndex } from '../catalog/read-definition.ts';
import type { StatementRule } from './context.ts';

export const redundantIndex: StatementRule = {
  id: 'redundant-index',
  on: ['IndexStmt'],
  severity: 'warning',
  summary: 'an index that another one begins with, when all files have run',
  why: 'The longer index answers the same queries; the shorter one only takes room and makes every write slower.',
  rewrite: 'Keep the longer one.',
  bad: `create table visits (id bigint generated always as identity primary key, user_id bigint not null, at timestamptz not null);
create index visits_user_at on visits (user_id, at);
create index visits_user on visits (user_id);`,
  good: `create table visits (id bigint generated always as identity primary key, user_id bigint not null, at timestamptz not null);
create index visits_user_at on visits (user_id, at);`,
  check({ node, catalog, place, atEnd }) {
    const statement = as(node, 'IndexStmt');
    if (!statement) return;
    const name = relationName(statement.relation);
    const table = findRelation(catalog, name) ?? {
      schema: schemaFor(catalog, name),
      name: name.name,
    };
    const made = readIndex(catalog, statement, table, place);
    const key = keyOf(made.schema, made.name);
    atEnd(() => {
      // Gone meanwhile, or never made because the name was taken.
      if (catalog.indexes.get(key)?.fingerprint !== made.fingerprint) return undefined;
      for (const other of catalog.indexes.values()) {
        // Each pair is judged once, at the later of the two.
        if (other.table !== made.table || !isEarlier(other, made)) continue;
        // `if not exists` a second time: it is the same index.
        if (other.name === made.name) continue;
        if (isBegunBy(made, other))
          return {
            message: `index ${made.name} is the beginning of ${other.name} (${showPlace(other.made)})`,
            at: statement.idxname,
          };
        if (isBegunBy(other, made))
          return {
            message: `index ${made.name} begins with ${other.name} (${showPlace(other.made)}), which is of no more use`,
            at: statement.idxname,
          };
      }
      return undefined;
    });
  },
};

function isEarlier(a: IndexEntry, b: IndexEntry): boolean {
  return (
    a.made.fileIndex - b.made.fileIndex < 0 ||
    (a.made.fileIndex === b.made.fileIndex && a.made.statement < b.made.statement)
  );
}

/** Whether whatever the first index answers, the second answers as well. */
function isBegunBy(short: IndexEntry, long: IndexEntry): boolean {
  if (short.isUnique || short.hasIncluded || short.constraint !== undefined) return false;
  if (short.method !== 'btree' || long.method !== 'btree' || short.predicate !== long.predicate)
    return false;
  return short.elements.every((element, at) => element === long.elements[at]);
}
