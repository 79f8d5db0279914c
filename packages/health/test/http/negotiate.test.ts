import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MediaType, negotiate } from '../../src/http/negotiate.ts';

const HEALTH = 'application/health+json';
const JSON_TYPE = 'application/json';
const OFFERS = [HEALTH, JSON_TYPE, 'text/plain', 'text/html'] as const;
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

test.each<[string | null | undefined, MediaType]>([
  [undefined, HEALTH],
  [null, HEALTH],
  ['', HEALTH],
  ['*/*', HEALTH],
  ['application/json', JSON_TYPE],
  ['APPLICATION/JSON ; Q=1', JSON_TYPE],
  ['application/*', HEALTH],
  ['text/*', 'text/plain'],
  [BROWSER, 'text/html'],
  ['text/html;q=0.5, text/plain;q=0.6', 'text/plain'],
  ['text/html;q=0.5, */*;q=0.1', 'text/html'],
  // The most precise range counts, wherever it stands.
  ['*/*, application/health+json;q=0', JSON_TYPE],
  ['application/*;q=0.2, application/json;q=0.1, text/*;q=0.15', HEALTH],
  ['text/plain;version=0.0.4;q=0.9', 'text/plain'],
  ['text/html;q=0.9999', HEALTH],
  ['text/html;q=-1, text/plain;q=abc', HEALTH],
  ['text/html;q=1.5', 'text/html'],
  ['image/png', HEALTH],
  ['*/*;q=0', HEALTH],
  [', ,;;q=,/', HEALTH],
  [`${'a/b,'.repeat(64)}text/html`, HEALTH],
])('%s → %s', (accept, expected) => {
  expect(negotiate(accept, OFFERS)).toBe(expected);
});

describe('whatever comes', () => {
  test('the answer is an offer', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '/',
            '+',
            '*',
            ';',
            '=',
            ',',
            '.',
            'q',
            '0',
            '1',
            ' ',
            '"',
            'text',
            'html',
          ),
          maxLength: 40,
        }),
        (accept) => {
          expect(OFFERS).toContain(negotiate(accept, OFFERS));
        },
      ),
    );
  });

  test('what is liked best is given', () => {
    const weight = fc.integer({ min: 1, max: 1_000 }).map((value) => value / 1_000);
    fc.assert(
      fc.property(fc.tuple(weight, weight, weight, weight), (weights) => {
        const accept = OFFERS.map((offer, at) => `${offer};q=${weights[at]}`).join(', ');
        const best = Math.max(...weights);
        expect(negotiate(accept, OFFERS)).toBe(OFFERS[weights.indexOf(best)]);
      }),
    );
  });
});
