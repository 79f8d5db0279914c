import { allOf, as, objectName, relationName, showName, sqlName } from '../ast.ts';
import { findIndex, findRelation } from '../catalog/catalog.ts';
import { DOCS, type StatementRule } from './context.ts';

export const requireConcurrentIndexCreation: StatementRule = {
  id: 'require-concurrent-index-creation',
  on: ['IndexStmt'],
  severity: 'error',
  summary: 'create index without concurrently on a table that is in use',
  why: 'Writes to the table wait until the whole index is built, which takes minutes on a large table.',
  lock: 'SHARE on the table while the index is built: reads go on, writes wait',
  rewrite: 'Build it concurrently. The runner runs such a statement by itself and resumes it.',
  bad: 'create index orders_user_id_idx on orders (user_id);',
  good: 'create index concurrently orders_user_id_idx on orders (user_id);',
  url: DOCS.createIndex,
  check({ node, catalog, isExisting, statement, report }) {
    const index = as(node, 'IndexStmt');
    if (!index || index.concurrent) return;
    const table = relationName(index.relation);
    if (!isExisting(table)) return;
    // `only` a partitioned table: nothing is scanned, the index is valid once its partitions have one.
    if (index.relation?.inh !== true) return;
    const isPartitioned = findRelation(catalog, table)?.isPartitioned === true;
    const { text } = statement.statement;
    report({
      message:
        `index ${index.idxname ?? ''} on ${showName(table)} is built while writes wait`.replace(
          '  ',
          ' ',
        ),
      lock: `SHARE on ${showName(table)} while the index is built: reads go on, writes wait`,
      rewrite: isPartitioned
        ? `-- ${showName(table)} is partitioned, which cannot be indexed concurrently: create the index "on only ${sqlName(table)}",\n-- build one concurrently on each partition, then: alter index … attach partition …;`
        : `${text.replace(/^(create\s+(?:unique\s+)?index)/i, '$1 concurrently')};`,
    });
  },
};

export const requireConcurrentIndexDeletion: StatementRule = {
  id: 'require-concurrent-index-deletion',
  on: ['DropStmt'],
  severity: 'error',
  summary: 'drop index without concurrently',
  why: 'It queues for an exclusive lock behind every running query, and every later query queues behind it.',
  lock: 'ACCESS EXCLUSIVE on the table: reads and writes wait',
  rewrite: 'Drop it concurrently.',
  bad: 'drop index orders_user_id_idx;',
  good: 'drop index concurrently if exists orders_user_id_idx;',
  url: 'https://www.postgresql.org/docs/current/sql-dropindex.html',
  check({ node, catalog, isExisting, report }) {
    const drop = as(node, 'DropStmt');
    if (drop?.removeType !== 'OBJECT_INDEX' || drop.concurrent) return;
    for (const object of drop.objects ?? []) {
      const name = objectName(object);
      const [schema, table] = findIndex(catalog, name)?.table.split('\0') ?? [];
      if (table !== undefined && !isExisting({ schema, name: table })) continue;
      report({
        message: `index ${showName(name)} is dropped under an exclusive lock on ${table ?? 'its table'}`,
        at: name.name,
        rewrite: `drop index concurrently if exists ${sqlName(name)};`,
      });
    }
  },
};

export const requireConcurrentReindex: StatementRule = {
  id: 'require-concurrent-reindex',
  on: ['ReindexStmt'],
  severity: 'error',
  summary: 'reindex without concurrently',
  why: 'Writes wait until the index is rebuilt, and so do reads that would use it.',
  lock: 'SHARE on the table, ACCESS EXCLUSIVE on the index',
  rewrite: 'Reindex concurrently.',
  bad: 'reindex table orders;',
  good: 'reindex table concurrently orders;',
  url: 'https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY',
  check({ node, catalog, isExisting, statement, report }) {
    const reindex = as(node, 'ReindexStmt');
    if (!reindex || reindex.kind === 'REINDEX_OBJECT_SYSTEM') return;
    const option = allOf(reindex.params, 'DefElem').find(
      ({ defname }) => defname === 'concurrently',
    );
    const value = as(option?.arg, 'String')?.sval ?? as(option?.arg, 'Boolean')?.boolval ?? true;
    if (option && !['false', 'off', '0', false].includes(value)) return;
    const name = reindex.relation ? relationName(reindex.relation) : undefined;
    const index = name && findIndex(catalog, name);
    const [schema, indexed] = index?.table.split('\0') ?? [];
    const table = indexed === undefined ? name : { schema, name: indexed };
    if (table && !isExisting(table)) return;
    report({
      message: `${name ? showName(name) : (reindex.name ?? 'everything')} is reindexed while writes wait`,
      rewrite: `${statement.statement.text.replace(/^(reindex\s+(?:\([^)]*\)\s*)?\w+)/i, '$1 concurrently')};`,
    });
  },
};

export const requireConcurrentPartitionDetach: StatementRule = {
  id: 'require-concurrent-partition-detach',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary: 'detach partition without concurrently',
  why: 'Every query on the partitioned table waits for the lock, and the lock waits for every running one.',
  lock: 'ACCESS EXCLUSIVE on the partitioned table: reads and writes wait',
  rewrite: 'Detach it concurrently.',
  bad: 'alter table measurements detach partition measurements_2019;',
  good: 'alter table measurements detach partition measurements_2019 concurrently;',
  fromVersion: 14,
  url: DOCS.alterTable,
  check({ node, isExisting, report }) {
    const statement = as(node, 'AlterTableStmt');
    const table = relationName(statement?.relation);
    for (const { subtype, def } of allOf(statement?.cmds, 'AlterTableCmd')) {
      const partition = as(def, 'PartitionCmd');
      if (subtype !== 'AT_DetachPartition' || partition?.concurrent || !isExisting(table)) continue;
      const name = relationName(partition?.name);
      report({
        message: `partition ${showName(name)} is detached under an exclusive lock on ${showName(table)}`,
        at: partition?.name?.location,
        rewrite: `alter table ${sqlName(table)} detach partition ${sqlName(name)} concurrently;`,
      });
    }
  },
};

export const requireConcurrentRefresh: StatementRule = {
  id: 'require-concurrent-refresh',
  on: ['RefreshMatViewStmt'],
  severity: 'warning',
  summary: 'refresh materialized view without concurrently',
  why: 'Readers of the view wait until its query has run.',
  lock: 'ACCESS EXCLUSIVE on the view: reads wait',
  rewrite: 'Refresh concurrently; the view needs a unique index for it.',
  bad: 'refresh materialized view daily_totals;',
  good: 'refresh materialized view concurrently daily_totals;',
  url: 'https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html',
  check({ node, isExisting, report }) {
    const refresh = as(node, 'RefreshMatViewStmt');
    const view = relationName(refresh?.relation);
    if (!refresh || refresh.concurrent || refresh.skipData || !isExisting(view)) return;
    report({
      message: `readers of ${showName(view)} wait while it is refreshed`,
      lock: `ACCESS EXCLUSIVE on ${showName(view)} while its query runs`,
      rewrite: `refresh materialized view concurrently ${sqlName(view)};`,
    });
  },
};

export const wideIndex: StatementRule = {
  id: 'wide-index',
  on: ['IndexStmt'],
  severity: 'warning',
  summary: 'a non-unique index with more than three columns',
  why: 'Columns after the third seldom narrow a search down; each makes the index larger and writes slower.',
  rewrite: 'Index the columns that narrow most, at most three, or include the others.',
  bad: 'create index concurrently orders_wide_idx on orders (user_id, status, kind, created_at);',
  good: 'create index concurrently orders_wide_idx on orders (user_id, status) include (kind, created_at);',
  url: 'https://www.postgresql.org/docs/current/indexes-multicolumn.html',
  check({ node, report }) {
    const index = as(node, 'IndexStmt');
    const count = index?.indexParams?.length ?? 0;
    const isOrdered = (index?.accessMethod ?? 'btree') === 'btree';
    if (!index || index.unique || count <= 3 || !isOrdered) return;
    report({ message: `index ${index.idxname ?? ''} has ${count} columns`.replace('  ', ' ') });
  },
};
