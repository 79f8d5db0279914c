import { as, findAll, nameOf, showName, textsOf, typeOf } from '../ast.ts';
import { lookUp } from '../catalog/catalog.ts';
import { restrictions } from '../catalog/replay-types.ts';
import type { StatementRule } from './context.ts';

export const addValueUsedInSameTransaction: StatementRule = {
  id: 'add-value-used-in-same-transaction',
  severity: 'error',
  summary: 'an enum value used in the transaction that adds it',
  why: 'PostgreSQL refuses it: unsafe use of new value (55P04), and the whole file is rolled back.',
  rewrite: 'Use the value in a later file.',
  bad: `alter type order_status add value 'refunded' after 'paid';
update orders set status = 'refunded' where id = 7;`,
  good: `-- file: 1_value.sql
alter type order_status add value 'refunded' after 'paid';
-- file: 2_use.sql
update orders set status = 'refunded' where id = 7;`,
  url: 'https://www.postgresql.org/docs/current/sql-altertype.html',
  check({ node, addedValues, catalog, report }) {
    if (addedValues.size === 0 || as(node, 'AlterEnumStmt')) return;
    for (const { sval, location } of findAll(node, 'A_Const')) {
      const added = addedValues.get(sval?.sval ?? '');
      if (!added) continue;
      const cast = castOf(node, location);
      // A literal that is cast to something else is not the enum's value.
      if (
        cast !== undefined &&
        lookUp(catalog.types, catalog, cast)?.kind !== 'enum' &&
        cast.name !== added.type.name
      )
        continue;
      const message = `value ${sval?.sval ?? ''} of ${showName(added.type)} is used in the transaction that adds it (line ${added.line})`;
      return report({ message, at: location });
    }
  },
};

function castOf(
  tree: unknown,
  location: number | undefined,
): ReturnType<typeof typeOf> | undefined {
  const cast = findAll(tree, 'TypeCast').find(
    ({ arg }) => as(arg, 'A_Const')?.location === location,
  );
  return cast && typeOf(cast.typeName);
}

export const requireEnumValueOrdering: StatementRule = {
  id: 'require-enum-value-ordering',
  on: ['AlterEnumStmt'],
  severity: 'warning',
  summary: 'an enum value added without before or after',
  why: 'It goes to the end, and the order of an enum is the order in which its values sort. It cannot be moved later.',
  rewrite: 'Say where: add value … after ….',
  bad: "alter type order_status add value 'refunded';",
  good: "alter type order_status add value 'refunded' after 'paid';",
  url: 'https://www.postgresql.org/docs/current/sql-altertype.html',
  check({ node, report }) {
    const value = as(node, 'AlterEnumStmt');
    if (!value || value.oldVal !== undefined || value.newValNeighbor !== undefined) return;
    const type = showName(nameOf(value.typeName));
    report({
      message: `value ${value.newVal ?? ''} of ${type} goes to the end`,
      at: `'${value.newVal ?? ''}'`,
    });
  },
};

export const banCreateDomainWithConstraint: StatementRule = {
  id: 'ban-create-domain-with-constraint',
  on: ['CreateDomainStmt'],
  severity: 'warning',
  summary: 'a domain with a check or not null',
  why: 'Changing the constraint later reads every table that uses the domain, and adding such a column rewrites its table.',
  rewrite: 'Make the domain without it and put check constraints on the columns.',
  bad: "create domain email as text check (value like '%@%');",
  good: 'create domain email as text;',
  url: 'https://www.postgresql.org/docs/current/sql-createdomain.html',
  check({ node, report }) {
    const domain = as(node, 'CreateDomainStmt');
    if (!domain || restrictions(domain.constraints) === 0) return;
    const name = textsOf(domain.domainname).at(-1) ?? '';
    report({
      message: `domain ${name} has a constraint, which cannot be changed without reading its tables`,
      at: name,
    });
  },
};

export const banAlterDomainWithAddConstraint: StatementRule = {
  id: 'ban-alter-domain-with-add-constraint',
  on: ['AlterDomainStmt'],
  severity: 'error',
  summary: 'a constraint added to a domain',
  why: 'Every table with a column of the domain is read while its writes wait.',
  lock: 'SHARE on every table that uses the domain: writes wait',
  rewrite: 'Add it not valid, and validate it in a later file.',
  bad: "alter domain email add constraint has_at check (value like '%@%');",
  good: "alter domain email add constraint has_at check (value like '%@%') not valid;",
  url: 'https://www.postgresql.org/docs/current/sql-alterdomain.html',
  check({ node, report }) {
    const alter = as(node, 'AlterDomainStmt');
    const constraint = as(alter?.def, 'Constraint');
    const adds = alter?.subtype === 'C' && constraint?.skip_validation !== true;
    if (!alter || !(adds || alter.subtype === 'O')) return;
    const name = textsOf(alter.typeName).at(-1) ?? '';
    report({
      message: `every table that uses domain ${name} is read while its writes wait`,
      at: name,
    });
  },
};
