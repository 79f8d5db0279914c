import { describe, expect, it } from 'vitest';
import { withTimeout } from '../../src/index.ts';
import { assertNothingLeft, manualClock, scriptedFetch } from '../../src/testing/index.ts';
import { caught, never } from '../outcomes.ts';

describe('manualClock', () => {
  it('runs timers in order of time, then of age, those set on the way included', async () => {
    const clock = manualClock();
    const seen: string[] = [];
    const note = (text: string) => () => seen.push(`${text} at ${clock.monotonic()}`);
    clock.setTimeout(note('late'), 30);
    clock.setTimeout(() => clock.setTimeout(note('nested'), 5), 10);
    clock.setTimeout(note('first'), 20);
    clock.setTimeout(note('second'), 20);
    clock.clearTimeout(clock.setTimeout(note('cleared'), 1));
    await clock.advance(25);
    expect(seen).toEqual(['nested at 15', 'first at 20', 'second at 20']);
    expect([clock.pendingCount, clock.monotonic()]).toEqual([1, 25]);
  });

  it('fires at once what a real timer cannot hold, as a real one does', async () => {
    const clock = manualClock();
    let isFired = false;
    clock.setTimeout(() => {
      isFired = true;
    }, 2 ** 31);
    await clock.advance(1);
    expect(isFired).toBe(true);
  });

  it('moves the wall clock alone', async () => {
    const clock = manualClock(1_000_000);
    clock.jump(-500);
    await clock.advance(100);
    expect([clock.now(), clock.monotonic()]).toEqual([999_600, 100]);
  });
});

describe('scriptedFetch', () => {
  it('replies by its script, remembers the requests, and then fails', async () => {
    const fetch = scriptedFetch(
      new Response('one'),
      new TypeError('fetch failed'),
      async (request) => new Response(await request.text()),
    );
    const url = 'http://localhost/a';
    expect(await (await fetch(url)).text()).toBe('one');
    expect(await caught(fetch(url))).toBeInstanceOf(TypeError);
    const reply = await fetch(url, { method: 'POST', body: 'echo' });
    expect(await reply.text()).toBe('echo');
    expect(await fetch.requests[2]?.text()).toBe('echo');
    expect([fetch.requests.length, fetch.remainingCount]).toEqual([3, 0]);
    expect(await caught(fetch(url))).toMatchObject({
      message: 'scriptedFetch: no reply left for GET http://localhost/a',
    });
  });

  it('hangs until its signal is aborted', async () => {
    const controller = new AbortController();
    const fetch = scriptedFetch('hang', () => 'hang');
    const outcomes = [1, 2].map(() =>
      caught(fetch('http://localhost', { signal: controller.signal })),
    );
    controller.abort('left');
    expect(await Promise.all(outcomes)).toEqual(['left', 'left']);
    expect(await caught(fetch('http://localhost', { signal: controller.signal }))).toBe('left');
  });
});

describe('assertNothingLeft', () => {
  it('names what is left', async () => {
    const clock = manualClock();
    const { signal } = new AbortController();
    const pending = withTimeout(never, 10, { clock, signal }).catch(() => {});
    expect(() => assertNothingLeft({ clock, signals: [signal] })).toThrow(
      '1 timers left on the clock; 1 listeners left on signal 1',
    );
    await clock.advance(10);
    await pending;
    assertNothingLeft({ clock, signals: [signal] });
    assertNothingLeft({});
  });
});
