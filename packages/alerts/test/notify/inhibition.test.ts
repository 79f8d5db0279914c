import { describe, expect, it } from 'vitest';
import type { Labels } from '../../src/alert.ts';
import { createInhibitor } from '../../src/notify/inhibition.ts';
import type { AlertMatch } from '../../src/silence.ts';
import { alertOf, ended } from './world.ts';

const has = (name: string, value = '1'): AlertMatch => ({ labels: { [name]: value } });
const alert = (labels: Labels, id = JSON.stringify(labels)) => alertOf(id, { labels });

// Alertmanager's TestInhibitRuleHasEqual.
describe('what the source must have', () => {
  const isInhibited = (
    sources: readonly ReturnType<typeof alert>[],
    equal: string[],
    target: Labels,
  ) =>
    createInhibitor([{ source: { rule: 'db' }, target: { rule: 'spike' }, equal }], () =>
      sources.map((source) => ({ ...source, rule: 'db' })),
    )(alert(target));
  const over = (labels: Labels) => ended(alert(labels), 1);

  it.each<[string, ReturnType<typeof alert>[], string[], Labels, boolean]>([
    ['nothing without a source', [], [], { a: 'b' }, false],
    ['any source where nothing must be equal', [alert({})], [], { a: 'b' }, true],
    [
      'not a source that has ended',
      [over({ a: 'b', b: 'f' }), over({ a: 'b', b: 'c' })],
      ['a', 'b'],
      { a: 'b', b: 'c' },
      false,
    ],
    [
      'one that lasts beside one that has ended',
      [over({ a: 'b', c: 'd' }), alert({ a: 'b', c: 'f' })],
      ['a'],
      { a: 'b' },
      true,
    ],
    ['not another value', [alert({ a: 'c', c: 'd' })], ['a'], { a: 'b' }, false],
    ['a label that both lack', [alert({ c: 'd' })], ['a'], { b: 'c' }, true],
    ['not a label that one lacks', [alert({ a: 'b' })], ['a'], {}, false],
    ['the same severity', [alert({})], ['severity'], {}, true],
    ['not the same rule', [alert({})], ['rule'], {}, false],
  ])('%s', (_, sources, equal, target, expected) => {
    expect(isInhibited(sources, equal, target)).toBe(expected);
  });

  it('counts a recovering source: it is not over', () => {
    expect(isInhibited([{ ...alert({}), state: 'recovering' }], [], {})).toBe(true);
  });
});

// Alertmanager's TestInhibitRuleMatches.
describe('which alerts are inhibited', () => {
  const inhibitions = [
    { source: has('s1'), target: has('t1'), equal: ['e'] },
    { source: has('s2'), target: has('t2'), equal: ['e'] },
  ];
  const sources = [alert({ s1: '1', t1: '2', e: '1' }), alert({ s2: '1', t2: '1', e: '1' })];

  it.each<[string, Labels, boolean]>([
    ['a target of the first', { t1: '1', e: '1' }, true],
    ['a target of the second', { t2: '1', e: '1' }, true],
    ['whatever else it has', { t1: '1', t3: '1', e: '1' }, true],
    ['a target of both', { t1: '1', t2: '1', e: '1' }, true],
    ['not another', { t1: '0', e: '1' }, false],
    ['source and target, by a source that is no target', { s1: '1', t1: '1', e: '1' }, true],
    ['not source and target, by one that is both too', { s2: '1', t2: '1', e: '1' }, false],
    ['not where the equal label differs', { t1: '1', e: '0' }, false],
  ])('%s', (_, labels, expected) => {
    expect(createInhibitor(inhibitions, () => sources)(alert(labels))).toBe(expected);
  });

  it('never inhibits itself, and still does others of its kind that are no source', () => {
    const critical = alertOf('c', { severity: 'critical' });
    const isInhibited = createInhibitor(
      [{ source: { severity: 'critical' }, target: {}, equal: [] }],
      () => [critical],
    );
    expect(isInhibited(critical)).toBe(false);
    expect(isInhibited(alertOf('h'))).toBe(true);
  });

  it('does not look through the sources while nothing could be inhibited', () => {
    const unasked = createInhibitor(inhibitions, () => {
      throw new Error('asked');
    });
    expect(unasked(alert({ e: '1' }))).toBe(false);
    expect(() => unasked(alert({ t1: '1' }))).toThrow('asked');
  });
});
