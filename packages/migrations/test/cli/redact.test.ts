import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactor } from '../../src/cli/redact.ts';

const redactorOf = (...urls: string[]): ((text: string) => string) => {
  const { hide, redact } = createRedactor();
  for (const url of urls) hide(url);
  return redact;
};

test.each([
  ['postgres://u:hunter2@h/db', 'postgres://u:***@h/db'],
  ['postgres://u:p@h/db and postgres://v:q@i', 'postgres://u:***@h/db and postgres://v:***@i'],
  ['postgres://u:a/b@c@h/db', 'postgres://u:***@h/db'],
  ['postgresql://h/db?user=u&password=p%20w&x=1', 'postgresql://h/db?user=u&password=***&x=1'],
  ['postgres://u@h:5432/db', 'postgres://u@h:5432/db'],
  ['postgres://h:5432/db', 'postgres://h:5432/db'],
  ['migrations/1_a.sql:3:4: no such column', 'migrations/1_a.sql:3:4: no such column'],
])('in any URL: %s', (text, shown) => {
  expect(redactorOf()(text)).toBe(shown);
});

test('a known password wherever it stands, escaped or not', () => {
  const redact = redactorOf('postgres://u:s%2Fcret%20word@h/db');
  expect(redact('role has the password s/cret word, that is s%2Fcret%20word')).toBe(
    'role has the password ***, that is ***',
  );
});

test('the user, host and database are told, also when the password is the same', () => {
  const redact = redactorOf('postgres://postgres:postgres@127.0.0.1:54322/postgres');
  expect(redact('to postgres://postgres:postgres@127.0.0.1:54322/postgres: postgres')).toBe(
    'to postgres://postgres:***@127.0.0.1:54322/postgres: postgres',
  );
});

test('what is no URL is hidden as a whole', () => {
  expect(redactorOf('host=h password=hunter2')('got host=h password=hunter2')).toBe('got ***');
});

test('a password never comes through', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 6, unit: 'grapheme' }).filter((text) => text.isWellFormed()),
      fc.string(),
      (password, around) => {
        const url = `postgres://someone:${encodeURIComponent(password)}@host/db`;
        const redact = redactorOf(url);
        const left = redact(`${url} ${password}`).replaceAll('***', '');
        expect(left).not.toContain(encodeURIComponent(password));
        expect(redact(`<${password}>`).replaceAll('***', '')).not.toContain(password);
        expect(() => redact(around)).not.toThrow();
      },
    ),
  );
});
