import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { formatSarif } from '../../../src/lint/report/sarif.ts';
import { finding, HOSTILE, OTHER_RULE, RULE, report } from './example.ts';

/** What the official schema says of an object: every key that it may have, and those it must have. */
interface Shape {
  readonly required: readonly string[];
  readonly keys: Readonly<Record<string, Check>>;
}
/** Says what is wrong. */
type Check = (value: unknown, path: string) => string[];

const is =
  (expected: string, isRight: (value: unknown) => boolean): Check =>
  (value, path) =>
    isRight(value) ? [] : [`${path}: expected ${expected}, got ${JSON.stringify(value)}`];
const text = is('a string', (value) => typeof value === 'string');
const flag = is('true or false', (value) => typeof value === 'boolean');
const counting = is('1 or more', (value) => Number.isInteger(value) && Number(value) >= 1);
const index = is('-1 or more', (value) => Number.isInteger(value) && Number(value) >= -1);
const one = (...choices: string[]): Check =>
  is(choices.join(' or '), (value) => choices.includes(String(value)));
const list =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value)
      ? value.flatMap((each: unknown, at) => check(each, `${path}[${at}]`))
      : [`${path}: expected a list`];
const object =
  ({ required, keys }: Shape): Check =>
  (value, path) => [
    ...required
      .filter((key) => !Object.hasOwn(value as object, key))
      .map((key) => `${path}: no ${key}`),
    ...Object.entries(value as object).flatMap(
      ([key, each]) => keys[key]?.(each, `${path}.${key}`) ?? [`${path}: ${key} is not allowed`],
    ),
  ];

const message = object({ required: ['text'], keys: { text, markdown: text } });
const level = one('none', 'note', 'warning', 'error');
const artifactLocation = object({ required: [], keys: { uri: text, uriBaseId: text } });
const region = object({
  required: ['startLine'],
  keys: {
    startLine: counting,
    startColumn: counting,
    endLine: counting,
    endColumn: counting,
    snippet: object({ required: [], keys: { text } }),
  },
});
const physicalLocation = object({
  required: ['artifactLocation'],
  keys: { artifactLocation, region, contextRegion: region },
});
const location = object({ required: [], keys: { physicalLocation } });
/** The parts of sarif-schema-2.1.0.json that are used; no object in it may have other keys. */
const log = object({
  required: ['version', 'runs'],
  keys: {
    $schema: text,
    version: one('2.1.0'),
    runs: list(
      object({
        required: ['tool'],
        keys: {
          tool: object({
            required: ['driver'],
            keys: {
              driver: object({
                required: ['name'],
                keys: {
                  name: text,
                  version: text,
                  rules: list(
                    object({
                      required: ['id'],
                      keys: {
                        id: text,
                        shortDescription: message,
                        fullDescription: message,
                        help: message,
                        helpUri: text,
                        defaultConfiguration: object({
                          required: [],
                          keys: { enabled: flag, level },
                        }),
                      },
                    }),
                  ),
                },
              }),
            },
          }),
          columnKind: one('utf16CodeUnits', 'unicodeCodePoints'),
          results: list(
            object({
              required: ['message'],
              keys: {
                ruleId: text,
                ruleIndex: index,
                level,
                message,
                locations: list(location),
                suppressions: list(
                  object({
                    required: ['kind'],
                    keys: { kind: one('inSource', 'external'), justification: text, location },
                  }),
                ),
              },
            }),
          ),
        },
      }),
    ),
  },
});

interface Log {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { id: string }[] } };
      readonly columnKind: string;
      readonly results: readonly {
        readonly ruleId: string;
        readonly ruleIndex: number;
        readonly message: { readonly text: string };
        readonly locations: readonly [{ readonly physicalLocation: Record<string, unknown> }];
        readonly suppressions?: readonly object[];
      }[];
    },
  ];
}

function parse(sarif: string): Log['runs'][0] {
  const json = JSON.parse(sarif) as Log;
  expect(log(json, '$')).toEqual([]);
  return json.runs[0];
}

const rules = [RULE, OTHER_RULE];

test('the check itself finds what the schema forbids', () => {
  const wrong = {
    version: '2.2',
    runs: [{ tool: {}, results: [{ level: 'fatal', locations: 1 }] }],
    x: 1,
  };
  expect(log(wrong, '$')).toHaveLength(6);
});

test('a log with rules, results and suppressions', () => {
  const { tool, columnKind, results } = parse(
    formatSarif(
      report([finding(), finding({ rule: 'unlisted', endLine: 9 })], {
        suppressed: [
          { finding: finding({ rule: OTHER_RULE.id }), reason: 'small', line: 2 },
          { finding: finding(), reason: '', line: 2 },
        ],
      }),
      { rules, version: '1.2.3' },
    ),
  );
  expect(columnKind).toBe('unicodeCodePoints');
  expect(tool.driver.rules.map(({ id }) => id)).toEqual([RULE.id, OTHER_RULE.id, 'unlisted']);
  for (const { ruleId, ruleIndex } of results)
    expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  expect(results[0]?.locations[0].physicalLocation).toEqual({
    artifactLocation: { uri: 'migrations/2_index.sql', uriBaseId: '%SRCROOT%' },
    region: { startLine: 3, startColumn: 3, endLine: 3, endColumn: 27 },
    contextRegion: {
      startLine: 3,
      endLine: 3,
      snippet: { text: '  create index orders_user on orders (user_id);' },
    },
  });
  // A context has to hold its region.
  expect(results[1]?.locations[0].physicalLocation).not.toHaveProperty('contextRegion');
  expect(results.map(({ suppressions }) => suppressions)).toMatchObject([
    [],
    [],
    [{ kind: 'inSource', justification: 'small' }],
    [{ kind: 'inSource' }],
  ]);
  expect(results[3]?.suppressions?.[0]).not.toHaveProperty('justification');
});

test('without suppressions, no result speaks of them', () => {
  const { results } = parse(formatSarif(report([finding()]), { rules }));
  expect(results[0]).not.toHaveProperty('suppressions');
  expect(parse(formatSarif(report([]), { rules })).results).toEqual([]);
});

test('addresses of hostile names are addresses still', () => {
  const absolute = '/srv/a b#1?.sql';
  const { results } = parse(
    formatSarif(
      report([
        finding({ file: 'a:b/ü 1%.sql' }),
        finding({ file: absolute }),
        finding({ file: HOSTILE, message: `[a](1) ${HOSTILE}` }),
        finding({ file: 'half-\ud800.sql' }),
      ]),
      { rules },
    ),
  );
  const uris = results.map((result) => {
    const { artifactLocation: at } = result.locations[0].physicalLocation;
    return (at as { uri: string }).uri;
  });
  expect(uris[0]).toBe('a%3Ab/%C3%BC%201%25.sql');
  expect(uris[1]).toBe(pathToFileURL(absolute).href);
  for (const uri of uris) expect(uri).toMatch(/^[\w%./:!~*'()-]+$/);
  // Not a link.
  expect(results[2]?.message.text).toContain(String.raw`\[a\](1)`);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(results[2]?.message.text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
});
