import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyPage } from '../../src/view/history-page.ts';
import { type Overview, overviewPage } from '../../src/view/overview-page.ts';
import { PALETTE, STYLE } from '../../src/view/style.ts';
import { anyText } from '../any-text.ts';
import { alertOf, NOW_MS, STATUS } from './viewed.ts';

const OVERVIEW: Overview = { active: [], silences: [], status: STATUS, nowMs: NOW_MS };

/** The tags alone, with their names and classes. */
function skeleton(page: string): string {
  return page
    .slice(page.indexOf('</style>'))
    .replaceAll(/>[^<]*</g, '><')
    .replaceAll(/ (?:href|aria-label|datetime)="[^"]*"/g, '');
}

/** Every text that comes from outside, set to one. */
function fullOf(text: string): string {
  const alert = alertOf({
    id: text,
    rule: text,
    key: text,
    reason: text,
    labels: { [text]: text },
    samples: [{ message: text, count: 1, route: text, integration: text }],
    runbook: text,
    acknowledged: { by: text, at: text, note: text },
    service: text,
    environment: text,
  });
  const silence = {
    id: text,
    match: { rule: text, labels: { a: text } },
    startsAt: text,
    endsAt: text,
    by: text,
    reason: text,
  };
  const status = {
    ...STATUS,
    service: text,
    environment: text,
    series: [{ rule: text, key: text, state: 'ok', why: text, value: null, limit: null }],
    channels: [{ channel: text, pendingCount: 0, pausedUntil: text, isBroken: false }],
  } as const;
  const now = overviewPage({ active: [alert], silences: [silence], status, nowMs: NOW_MS }, '');
  const past = { alerts: [alert], next: 'before=x', rule: text, days: 7, nowMs: NOW_MS };
  return now + historyPage(past, '');
}

describe('pages', () => {
  it('let no text become more than text', () => {
    const plain = skeleton(fullOf('x'));
    const part = fc.oneof(
      anyText(10),
      fc.constantFrom(
        '<script>',
        '</title>',
        '"',
        "'",
        '&',
        '<!--',
        'javascript:alert(1)',
        '\u202e',
        '\u0000',
        ' onload=x ',
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = `x${parts.join('')}`;
        fc.pre(Number.isNaN(Date.parse(text)));
        expect(skeleton(fullOf(text))).toBe(plain);
      }),
      { numRuns: 60 },
    );
  });

  it('link to a runbook only by http and https', () => {
    const of = (runbook: string): string =>
      overviewPage({ ...OVERVIEW, active: [alertOf({ runbook })] }, '');
    expect(of('https://wiki.example/pay')).toContain('<a href="https://wiki.example/pay"');
    expect(of('javascript:alert(1)')).not.toContain('href="javascript');
    expect(of('call Ann')).toContain('Runbook: call Ann');
  });

  it('show the worst and oldest first, with reason, samples and who took charge', () => {
    const page = overviewPage(
      {
        ...OVERVIEW,
        active: [
          alertOf({ id: 'b', severity: 'low', reason: 'third' }),
          alertOf({
            id: 'c',
            severity: 'critical',
            reason: 'second',
            acknowledged: { by: 'ann', at: '2026-01-02T11:30:00Z', note: 'on it' },
          }),
          alertOf({
            id: 'a',
            severity: 'critical',
            reason: 'first',
            startedAt: '2026-01-01T00:00:00.000Z',
            degraded: true,
          }),
        ],
      },
      '',
    );
    expect(page.match(/first|second|third/g)).toEqual(['first', 'second', 'third']);
    expect(page).toContain('7 × Error: card declined <span class="quiet">(/pay)</span>');
    expect(page).toMatch(
      /Acknowledged by ann at <time[^>]*>2026-01-02 11:30:00<\/time> UTC: on it/,
    );
    expect(page).toContain('seen by one replica alone');
    expect(page).toContain('<title>3 alerts: billing (production)</title>');
  });

  it('show what may go unseen: rules without data, silences, channels that refuse', () => {
    const page = overviewPage(
      {
        ...OVERVIEW,
        silences: [
          {
            id: 's1',
            match: { rule: ['a', 'b'], labels: { region: 'eu' } },
            startsAt: '2026-01-02T11:00:00Z',
            endsAt: '2026-01-02T13:00:00Z',
            by: 'ann',
            reason: 'deploy',
          },
        ],
        status: {
          ...STATUS,
          isDegraded: true,
          channels: [
            {
              channel: 'ops',
              pendingCount: 9,
              pausedUntil: '2026-01-02T12:01:00Z',
              isBroken: false,
            },
            { channel: 'pager', pendingCount: 0, pausedUntil: null, isBroken: true },
          ],
        },
      },
      '',
    );
    expect(page).toContain('Rules (1 without data)');
    expect(page).toContain('rule a or b, region eu');
    expect(page).toContain('refuses messages');
    expect(page).toMatch(/paused until <time[^>]*>2026-01-02 12:01:00/);
    expect(page).toContain('works without the store');
    expect(page).toContain('There are none.');
  });

  it('can be read by a screen reader and used by keyboard', () => {
    for (const page of [
      overviewPage({ ...OVERVIEW, active: [alertOf()] }, ''),
      historyPage({ alerts: [alertOf()], next: null, rule: undefined, days: 7, nowMs: NOW_MS }, ''),
    ]) {
      expect(page).toContain('<html lang="en">');
      expect(page.match(/<h1>/g)).toHaveLength(1);
      expect(page).toContain('<main id="content"');
      expect(page).toContain('href="#content"');
      expect(page).toContain('aria-current="page"');
      // Headings do not skip a level, tables say what their columns are.
      const levels = [...page.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
      for (const [at, level] of levels.entries())
        expect(level).toBeLessThanOrEqual((levels[at - 1] ?? 0) + 1);
      expect(page.match(/<table>/g)?.length).toBe(page.match(/<caption/g)?.length);
      expect(page).not.toMatch(/<th>|<script|<img|<link|\son\w+=|\sstyle=/);
      const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [, id] of page.matchAll(/aria-labelledby="([^"]+)"/g)) expect(ids).toContain(id);
    }
  });
});

describe('style', () => {
  it.each(['light', 'dark'] as const)('has enough contrast for text in the %s scheme', (scheme) => {
    const { page, card, rule: _, ...inks } = PALETTE[scheme];
    for (const [name, ink] of Object.entries(inks)) {
      for (const ground of [page, card]) {
        expect([name, contrast(ink, ground) >= 4.5]).toEqual([name, true]);
      }
    }
    expect(STYLE).not.toContain('url(');
  });
});

/** As WCAG 2.2 has it. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
