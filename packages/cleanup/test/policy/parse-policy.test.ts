import { describe, expect, test } from 'vitest';
import { createCleanup, sql } from '../../src/index.ts';
import { parseOptions } from '../../src/parse-options.ts';

const pool = { connect: () => Promise.reject(new Error('not reached')) };
const olderThan = { column: 'at', age: '90d' };
const softDelete = { set: { enabled: false }, at: 'deleted_at', purgeAfter: '30d' };
const archive = {
  kind: 'archive-table',
  description: { table: 'archive.a' },
  check: () => {},
  open: () => {},
  preview: () => {},
};
const orphanOf = { table: 'parents', on: { parent_id: 'id' } };
const minAge = { column: 'at', age: '1d' };
const inactiveFor = { age: '365d', since: sql`updated_at` };

function parsed(policy: object) {
  return parseOptions({ pool, policies: { it: { table: 'a', ...policy } } }).policies['it'];
}

function messageOf(policy: object, more: object = {}): string {
  try {
    createCleanup({ pool, policies: { it: { table: 'a', ...policy } }, ...more } as never);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('a policy', () => {
  test.each([
    [{ olderThan }, { type: 'older-than', column: 'at', ageMs: 90 * 86_400_000 }],
    [
      { olderThan: { column: 'at', age: { per: sql`ttl`, default: '2h' } } },
      { type: 'older-than', ageMs: 7_200_000, agePer: expect.anything() },
    ],
    [{ inactiveFor }, { type: 'inactive-for', ageMs: 365 * 86_400_000 }],
    [
      { orphanOf, minAge },
      { type: 'orphan-of', column: 'at', parent: { table: 'parents', on: [['parent_id', 'id']] } },
    ],
  ])('says which rows: %o', (policy, rule) => {
    expect(parsed(policy)?.rule).toMatchObject(rule);
  });

  test.each([
    [{}, { type: 'delete' }],
    [{ archive }, { type: 'archive', target: { kind: 'archive-table' } }],
    [{ softDelete }, { type: 'soft-delete', at: 'deleted_at', purgeAfterMs: 30 * 86_400_000 }],
    [{ partitions: 'drop' }, { type: 'drop-partitions' }],
  ])('says what happens: %o', (policy, outcome) => {
    expect(parsed({ olderThan, ...policy })?.outcome).toMatchObject(outcome);
  });

  test('may keep rows, of each of some columns or of all', () => {
    expect(parsed({ olderThan, keepLast: { count: 3, per: 'tenant' } })?.keepLast).toEqual({
      count: 3,
      per: ['tenant'],
    });
    expect(parsed({ olderThan, keepLast: { count: 3, per: ['a', 'b'] } })?.keepLast?.per).toEqual([
      'a',
      'b',
    ]);
    expect(parsed({ olderThan, keepLast: { count: 3 } })?.keepLast?.per).toEqual([]);
  });

  test.each<[object, string]>([
    [{}, 'policies.it.olderThan: expected one of olderThan, inactiveFor, orphanOf, got undefined'],
    [
      { olderThan, inactiveFor },
      'policies.it.inactiveFor: expected only one of olderThan, inactiveFor',
    ],
    [
      { olderThan, archive, softDelete },
      'policies.it.softDelete: expected only one of archive, softDelete',
    ],
    [
      { orphanOf },
      'policies.it.minAge: expected { column, age }, since the parent may be on its way',
    ],
    [{ olderThan, minAge }, 'policies.it.minAge: expected it only with orphanOf'],
    [
      { inactiveFor, keepLast: { count: 1 } },
      'policies.it.keepLast: expected it only with olderThan or orphanOf',
    ],
    [
      { inactiveFor, partitions: 'drop' },
      'policies.it.partitions: expected it only with olderThan',
    ],
    [
      { olderThan, partitions: 'drop', where: sql`true` },
      'policies.it.where: expected none with partitions',
    ],
    [
      { olderThan, partitions: 'drop', safety: { keepAtLeast: 1 } },
      'policies.it.safety: expected no keepAtLeast with partitions',
    ],
    [{ olderThan, partitions: 'detach' }, "policies.it.partitions: expected 'drop', got 'detach'"],
    [
      { olderThan: { column: 'at', age: { per: 'ttl', default: '2h' } } },
      "policies.it.olderThan.age.per: expected a fragment made by sql`…`, got 'ttl'",
    ],
    [{ olderThan: { column: 'at', age: { per: sql`ttl`, default: '59m' } } }, "got '59m'"],
    [
      { olderThan, softDelete: { ...softDelete, purgeAfter: '1m' } },
      'policies.it.softDelete.purgeAfter: expected a duration',
    ],
    [
      { olderThan, softDelete: { ...softDelete, set: { a: {} } } },
      'policies.it.softDelete.set.a: expected a string, number, boolean or null',
    ],
    [
      { olderThan, archive: 'archive.a' },
      'policies.it.archive: expected what toTable() or toFiles() returned',
    ],
    [
      { olderThan, holds: { exempt: true, because: ' ' } },
      'policies.it.holds.because: expected a reason',
    ],
    [{ olderThan, holds: false }, 'policies.it.holds'],
    [
      { olderThan, keepLast: { count: 0 } },
      'policies.it.keepLast.count: expected a whole number from 1 to 100000, got 0',
    ],
    [
      { orphanOf: { table: 'p', on: {} }, minAge },
      'policies.it.orphanOf.on: expected at least one column',
    ],
  ])('that says too much or too little is refused: %o', (policy, message) => {
    expect(messageOf(policy)).toContain(message);
  });

  test.each<[object, string]>([
    [{ holds: [{ table: 'h', on: {} }] }, 'holds.0.on: expected at least one column'],
    [{ throttle: [{}] }, 'throttle.0: expected an object with check()'],
    [{ history: { keep: '1h' } }, 'history.keep: expected a duration'],
    [{ name: 'a b' }, 'name: expected a name of a letter'],
    [{ pace: { maxBatchBytes: 1 } }, 'pace.maxBatchBytes: expected a whole number from 1000'],
    [{ logger: console.log }, 'logger: expected an object with info(), warn(), error()'],
  ])('around it %o is refused', (options, message) => {
    expect(messageOf({ olderThan }, options)).toContain(message);
  });
});
