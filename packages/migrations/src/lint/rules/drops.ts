import { allOf, as, objectName, relationName, showName } from '../ast.ts';
import { findRelation, indexesOf } from '../catalog/catalog.ts';
import { alterationOf, type RuleContext, type StatementRule } from './context.ts';

/** The names of what is dropped, when it is of that kind. */
function dropped(
  { node }: RuleContext,
  ...kinds: string[]
): { schema: string | undefined; name: string }[] {
  const drop = as(node, 'DropStmt');
  return drop && kinds.includes(drop.removeType ?? '') ? (drop.objects ?? []).map(objectName) : [];
}

export const banDropColumn: StatementRule = {
  id: 'ban-drop-column',
  on: ['AlterTableStmt'],
  severity: 'warning',
  summary: 'a column dropped from a table that is in use',
  why: 'The data is gone, and a release that still names the column fails; many libraries name every column they saw at start-up.',
  lock: 'ACCESS EXCLUSIVE on the table, for a moment',
  rewrite:
    'Let a release go out that does not use the column, then drop it and say so: -- ops: allow ban-drop-column -- unused since …',
  bad: 'alter table orders drop column legacy_total;',
  good: `-- ops: allow ban-drop-column -- nothing has read it since release 41
alter table orders drop column legacy_total;`,
  check(context) {
    // Foreign tables and composite types as well, whose rows are used as much.
    const statement = as(context.node, 'AlterTableStmt');
    const table = relationName(statement?.relation);
    if (!statement || !context.isExisting(table)) return;
    const relation = findRelation(context.catalog, table);
    for (const { subtype, name = '' } of allOf(statement.cmds, 'AlterTableCmd')) {
      if (subtype !== 'AT_DropColumn') continue;
      const also = [
        ...(relation ? indexesOf(context.catalog, relation) : []).filter(({ columns }) =>
          columns.includes(name),
        ),
        ...(relation?.constraints ?? []).filter(
          ({ columns, kind }) => kind === 'foreign' && columns.includes(name),
        ),
      ].map((each) => each.name);
      const lost = also.length > 0 ? `, and with it ${also.join(', ')}` : '';
      context.report({
        message: `column ${name} of ${showName(table)} is dropped${lost}`,
        at: name,
      });
    }
  },
};

export const banDropTable: StatementRule = {
  id: 'ban-drop-table',
  on: ['DropStmt'],
  severity: 'warning',
  summary: 'a table dropped that is in use',
  why: 'The data is gone, and a release that still uses the table fails.',
  lock: 'ACCESS EXCLUSIVE on the table and on those it has foreign keys to',
  rewrite: 'Let a release go out that does not use the table, then drop it and say so.',
  bad: 'drop table old_orders;',
  good: `-- ops: allow ban-drop-table -- moved to orders in release 40
drop table old_orders;`,
  check(context) {
    for (const table of dropped(context, 'OBJECT_TABLE')) {
      if (!context.isExisting(table)) continue;
      context.report({ message: `table ${showName(table)} is dropped`, at: table.name });
    }
  },
};

export const banDropSchema: StatementRule = {
  id: 'ban-drop-schema',
  on: ['DropStmt'],
  severity: 'warning',
  summary: 'drop schema … cascade',
  why: 'Everything in the schema goes, also what nobody thought of.',
  rewrite: 'Drop its objects by name, then the schema without cascade.',
  bad: 'drop schema reporting cascade;',
  good: 'drop schema reporting;',
  check(context) {
    if (as(context.node, 'DropStmt')?.behavior !== 'DROP_CASCADE') return;
    for (const { name } of dropped(context, 'OBJECT_SCHEMA')) {
      context.report({ message: `schema ${name} is dropped with everything in it`, at: name });
    }
  },
};

export const banDropDatabase: StatementRule = {
  id: 'ban-drop-database',
  on: ['DropdbStmt'],
  severity: 'error',
  summary: 'drop database',
  why: 'All data is gone.',
  rewrite: 'Drop databases by hand.',
  bad: 'drop database shop;',
  good: 'select 1;',
  check({ node, report }) {
    const name = as(node, 'DropdbStmt')?.dbname;
    if (name !== undefined) report({ message: `database ${name} is dropped`, at: name });
  },
};

export const banDropNotNull: StatementRule = {
  id: 'ban-drop-not-null',
  on: ['AlterTableStmt'],
  severity: 'warning',
  summary: 'a column that may be null from now on',
  why: 'A release that takes the value for granted fails on the first null, and setting not null again reads the whole table.',
  lock: 'ACCESS EXCLUSIVE on the table, for a moment',
  rewrite: 'Let a release go out that expects null, then drop not null and say so.',
  bad: 'alter table orders alter column total drop not null;',
  good: 'alter table orders alter column total set default 0;',
  check(context) {
    const { table, commands = [] } = alterationOf(context) ?? {};
    for (const { subtype, name = '' } of commands) {
      if (subtype !== 'AT_DropNotNull' || !table) continue;
      context.report({
        message: `column ${name} of ${showName(table)} may be null from now on`,
        at: name,
      });
    }
  },
};

export const banTruncateCascade: StatementRule = {
  id: 'ban-truncate-cascade',
  on: ['TruncateStmt'],
  severity: 'error',
  summary: 'truncate … cascade',
  why: 'It empties every table with a foreign key to this one, and every table with one to those.',
  lock: 'ACCESS EXCLUSIVE on all of these tables',
  rewrite: 'Name all the tables that are to be emptied.',
  bad: 'truncate orders cascade;',
  good: 'truncate orders, order_lines;',
  check({ node, report, isExisting }) {
    const truncate = as(node, 'TruncateStmt');
    if (truncate?.behavior !== 'DROP_CASCADE') return;
    const tables = allOf(truncate.relations, 'RangeVar').map(relationName).filter(isExisting);
    if (tables.length === 0) return;
    const names = tables.map(showName).join(', ');
    report({ message: `every table with a foreign key to ${names} is emptied as well` });
  },
};

export const banDisableTrigger: StatementRule = {
  id: 'ban-disable-trigger',
  on: ['AlterTableStmt'],
  severity: 'error',
  summary:
    'a trigger, a rule or row level security switched off, or row level security forced on the owner',
  why: 'It is so for all sessions, not only this one: rows escape the trigger, the foreign key or the policy, or are suddenly not to be seen.',
  lock: 'SHARE ROW EXCLUSIVE on the table (row level security: ACCESS EXCLUSIVE)',
  rewrite:
    "Switch triggers off for this session only: set local session_replication_role = 'replica'.",
  bad: 'alter table orders disable trigger all;',
  good: "set local session_replication_role = 'replica';",
  check(context) {
    const { table, commands = [] } = alterationOf(context) ?? {};
    for (const { subtype = '', name } of commands) {
      const what = SWITCHES[subtype];
      if (!table || what === undefined) continue;
      context.report({
        message: `${what.replace('*', name ?? '')} for ${showName(table)} and every session`,
        at: name,
      });
    }
  },
};

const SWITCHES: Readonly<Record<string, string>> = {
  AT_DisableTrig: 'trigger * is switched off',
  AT_DisableTrigAll: 'all triggers are switched off',
  AT_DisableTrigUser: 'all triggers but those of foreign keys are switched off',
  AT_DisableRule: 'rule * is switched off',
  AT_DisableRowSecurity: 'row level security is switched off',
  AT_ForceRowSecurity: 'row level security is forced on the owner',
};
