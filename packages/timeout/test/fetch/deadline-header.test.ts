import { describe, expect, it } from 'vitest';
import { createFetch, DEADLINE_HEADER, readDeadlineHeader } from '../../src/fetch/index.ts';
import { InvalidOptionsError } from '../../src/index.ts';
import { reply, serveScript, steppedClock, until } from './serve.ts';

describe('deadlineHeader', () => {
  it('is not sent unless asked', async () => {
    const { url, seen } = await serveScript(reply(200));
    await createFetch()(url);
    expect(seen[0]?.headers).not.toHaveProperty(DEADLINE_HEADER);
  });

  it('tells what remains at each attempt, and no more than the attempt has', async () => {
    const { url, seen } = await serveScript(reply(503), reply(503), reply(200));
    const clock = steppedClock();
    const fetch = createFetch({
      clock,
      timeout: '30s',
      attemptTimeout: '10s',
      retry: { retries: 2, backoff: () => 12_000 },
      deadlineHeader: true,
    });
    const outcome = fetch(url);
    await until(() => clock.delays.includes(12_000));
    await clock.advance(12_000);
    await until(() => clock.delays.includes(12_000));
    await clock.advance(12_000);
    expect((await outcome).status).toBe(200);
    expect(seen.map(({ headers }) => headers[DEADLINE_HEADER])).toEqual(['10000', '10000', '6000']);
  });

  it('can have another name, and does not take the place of the caller’s', async () => {
    const { url, seen } = await serveScript(reply(200));
    const fetch = createFetch({ deadlineHeader: 'x-budget', clock: steppedClock() });
    await fetch(url);
    await fetch(url, { headers: { 'x-budget': '5' } });
    expect(seen.map(({ headers }) => headers['x-budget'])).toEqual(['30000', '5']);
  });

  it.each(['', 'two words', 5, null])('refuses %j', (deadlineHeader) => {
    expect(() => createFetch({ deadlineHeader: deadlineHeader as string })).toThrow(
      InvalidOptionsError,
    );
  });
});

describe('readDeadlineHeader', () => {
  const read = (value: string | undefined): number | undefined =>
    readDeadlineHeader(new Headers(value === undefined ? {} : { [DEADLINE_HEADER]: value }), {
      max: '30s',
    });

  it.each([
    ['1500', 1_500],
    ['0', 0],
    ['999999999999999999999999', 30_000],
    [undefined, undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['5, 6', undefined],
    ['soon', undefined],
  ])('%s', (value, expected) => {
    expect(read(value)).toBe(expected);
  });

  it('reads what createFetch sends, under another name too', async () => {
    const { url, seen } = await serveScript(reply(200));
    await createFetch({ deadlineHeader: 'x-budget', timeout: '9s', clock: steppedClock() })(url);
    const headers = new Headers({ 'x-budget': String(seen[0]?.headers['x-budget']) });
    expect(readDeadlineHeader(headers, { max: '5s', header: 'x-budget' })).toBe(5_000);
    expect(readDeadlineHeader(headers, { max: '1m', header: 'x-budget' })).toBe(9_000);
    expect(() => readDeadlineHeader(headers, { max: -1 })).toThrow(InvalidOptionsError);
  });
});
