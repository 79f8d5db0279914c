import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { COLOURS, CONTENT_SECURITY_POLICY, STYLE } from '../../src/html/style.ts';

/** @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const SCHEMES = Object.entries(COLOURS);
const cases = SCHEMES.flatMap(([scheme, { page, card, ...colours }]) =>
  Object.entries(colours)

    .filter(([ink]) => ink !== 'line')

    .flatMap(([ink, colour]) => [page, card].map((ground) => ({ scheme, ink, colour, ground }))),
);

test('the measure is the one of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});

test.each(cases)('$scheme: $ink on $ground can be read (AA, 4.5)', ({ colour, ground }) => {
  expect(contrast(colour, ground)).toBeGreaterThanOrEqual(4.5);
});

test('the policy allows this style, and nothing else', () => {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  expect(CONTENT_SECURITY_POLICY).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(STYLE).not.toMatch(/url\(|@import|</);
});
