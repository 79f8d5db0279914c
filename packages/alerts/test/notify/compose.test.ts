import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Content, compose } from '../../src/notify/compose.ts';
import {
  composeDigest,
  composeTest,
  composeUndelivered,
} from '../../src/notify/compose-notices.ts';
import { oneLine } from '../../src/notify/notification-text.ts';
import { acknowledged, alertOf, ended, iso } from './world.ts';

const settings = { service: 'billing', environment: 'production', url: 'https://ops.example.com' };
const context = { settings, nowMs: 7_200_000, isDegraded: false };
const x = alertOf('x', {
  rule: 'partners',
  key: 'shopify',
  reason: '12 failures in the last 1h, over 10',
});
const y = alertOf('y', {
  rule: 'partners',
  key: 'wave',
  severity: 'critical',
  reason: '60 failures',
});

function textOf(content: Partial<Content>): string {
  return compose({
    id: 'm1',
    kind: 'firing',
    group: 'g:1/x',
    groupLabels: { rule: 'partners' },
    firing: [x],
    resolved: [],
    repeatCount: 0,
    context,
    ...content,
  }).text;
}

describe('the text of a notification', () => {
  const where = 'in billing (production)';
  const over = ended(x, 720_000);
  it.each<[Partial<Content>, string]>([
    [{}, `FIRING (high): partners/shopify ${where}: 12 failures in the last 1h, over 10`],
    [
      { kind: 'escalated', firing: [y] },
      `ESCALATED (critical): partners/wave ${where}: 60 failures`,
    ],
    [
      { kind: 'repeat' },
      `STILL FIRING (high) for 2h: partners/shopify ${where}: 12 failures in the last 1h, over 10`,
    ],
    [
      { kind: 'resolved', firing: [], resolved: [over] },
      `RESOLVED after 12m: partners/shopify ${where}: 12 failures in the last 1h, over 10`,
    ],
    [
      { kind: 'fired-and-resolved', firing: [], resolved: [over] },
      `FIRED (high) AND RESOLVED after 12m: partners/shopify ${where}: 12 failures in the last 1h, over 10`,
    ],
    [
      { kind: 'acknowledged', firing: [acknowledged(x, 5, 'ann'), acknowledged(y, 9, 'bob')] },
      `ACKNOWLEDGED by bob (critical): 2 alerts of rule partners ${where}: partners/wave: 60 failures; partners/shopify: 12 failures in the last 1h, over 10`,
    ],
    [
      { firing: [x, y] },
      `FIRING (critical): 2 alerts of rule partners ${where}: partners/wave: 60 failures; partners/shopify: 12 failures in the last 1h, over 10`,
    ],
    [
      { kind: 'resolved', firing: [], resolved: [over, ended(y, 60_000)] },
      `RESOLVED: 2 alerts of rule partners ${where}: partners/wave after 1m; partners/shopify after 12m`,
    ],
    [
      { firing: [y], resolved: [over] },
      `FIRING (critical): partners/wave ${where}: 60 failures; RESOLVED: partners/shopify after 12m`,
    ],
    [
      { context: { ...context, isDegraded: true } },
      `FIRING (high): partners/shopify ${where}: 12 failures in the last 1h, over 10 [degraded: from one replica, without its store]`,
    ],
  ])('of %j', (content, text) => {
    expect(textOf(content)).toBe(text);
  });

  it('is one line of at most 500 characters, whatever it is made of', () => {
    // Not `unit: 'binary'`, which takes seconds to set up.
    const character = fc.oneof(
      fc.constantFrom('\u0000', '\n', '\u2028', '\u2029', '\u0085', ' ', 'a'),
      fc.integer({ min: 0xe000, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
    );
    const anything = fc.string({ unit: character, maxLength: 600 });
    fc.assert(
      fc.property(anything, anything, anything, fc.boolean(), (reason, key, label, isDegraded) => {
        const text = textOf({
          firing: [
            { ...x, reason, key },
            { ...y, reason },
          ],
          groupLabels: { label },
          context: { ...context, isDegraded },
        });
        expect(text.length).toBeLessThanOrEqual(500);
        expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(text.isWellFormed()).toBe(true);
      }),
    );
    expect(oneLine(`${'a'.repeat(498)}🔥🔥`, 500)).toBe(`${'a'.repeat(498)}…`);
  });
});

describe('what a notification holds', () => {
  it('is in a fixed order, frozen, and survives JSON', () => {
    const first = { ...x, startedAt: iso(-5) };
    const made = compose({
      id: 'm',
      kind: 'firing',
      group: 'g',
      groupLabels: {},
      firing: [x, first, y],
      resolved: [],
      repeatCount: 0,
      context,
    });
    expect(made.firing.map(({ id, startedAt }) => `${id} ${startedAt}`)).toEqual([
      `y ${iso(0)}`,
      `x ${iso(-5)}`,
      `x ${iso(0)}`,
    ]);
    expect(Object.isFrozen(made) && Object.isFrozen(made.firing)).toBe(true);
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
    expect(made).toMatchObject({
      at: iso(7_200_000),
      url: 'https://ops.example.com',
      degraded: false,
    });
  });
});

describe('notices', () => {
  const notice = { ...context, id: 'm9' };

  it('a digest counts messages and alerts, and lists those that last', () => {
    const messages = Array.from({ length: 150 }, (_, index) => ({
      text: `FIRING ${index}\nsecond line`,
      alertIds: [`a${index % 60}`, 'x'],
    }));
    const { text, lines, firing, kind, group } = composeDigest(notice, 'ops', messages, [x, y]);
    expect({ kind, group, firing, text }).toEqual({
      kind: 'digest',
      group: 'digest/ops',
      firing: [x],
      text: 'DIGEST of 150 messages that waited: billing (production): 61 alerts, 1 still firing, the worst high',
    });
    expect(lines).toHaveLength(100);
    expect([lines[0], lines[98], lines[99]]).toEqual([
      'FIRING 0 second line',
      'FIRING 98 second line',
      'and 51 more',
    ]);
  });

  it('a digest does not say that none still fires where there are more alerts than a store tells of', () => {
    const others = Array.from({ length: 1_000 }, (_, index) => ({ ...x, id: `other${index}` }));
    const messages = [{ text: 'FIRING', alertIds: ['untold'] }];
    const { text } = composeDigest(notice, 'ops', messages, others);
    expect(text).toContain('1 alert, at least 0 still firing');
  });

  it('an undelivered one says which channel and why', () => {
    const { text, lines, kind } = composeUndelivered(
      notice,
      'pager',
      'HTTP 410:\nchannel_is_archived',
      ['FIRING (high): x'],
    );
    expect({ text, lines, kind }).toEqual({
      kind: 'undelivered',
      text: 'UNDELIVERED: billing (production): channel pager did not take 1 message: HTTP 410: channel_is_archived',
      lines: ['FIRING (high): x'],
    });
  });

  it('a test says that nothing is wrong', () => {
    expect(composeTest(notice, 'ops')).toMatchObject({
      id: 'm9',
      kind: 'test',
      text: 'TEST: billing (production): channel ops is told of alerts like this; nothing is wrong',
    });
  });
});
