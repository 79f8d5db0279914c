import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFetch } from '../../src/fetch/index.ts';
import { manualClock } from '../../src/testing/index.ts';

/** What one attempt meets. `ran`: the server carries it out. */
const STEPS = {
  ok: { ran: true },
  broken: { ran: true },
  busy: { ran: false },
  unavailable: { ran: true },
  refused: { ran: false },
  reset: { ran: true },
  hang: { ran: true },
  missing: { ran: true },
} as const;
type Step = keyof typeof STEPS;

function answer(
  step: Step,
  signal: AbortSignal,
  bodies: Set<string>,
  id: string,
): Promise<Response> {
  const respond = (status: number, headers: Record<string, string> = {}): Promise<Response> => {
    bodies.add(id);
    const body = new ReadableStream(
      {
        pull(controller) {
          controller.enqueue(new TextEncoder().encode('x'));
          controller.close();
          bodies.delete(id);
        },
        cancel() {
          bodies.delete(id);
        },
      },
      { highWaterMark: 0 },
    );
    return Promise.resolve(new Response(body, { status, headers }));
  };
  const fail = (code: string): Promise<Response> =>
    Promise.reject(
      new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
    );
  const answers: Record<Step, () => Promise<Response>> = {
    ok: () => respond(200),
    missing: () => respond(404),
    broken: () => respond(500),
    busy: () => respond(429, { 'retry-after': '1.5' }),
    unavailable: () => respond(503),
    refused: () => fail('ECONNREFUSED'),
    reset: () => fail('ECONNRESET'),
    hang: () =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
  };
  return answers[step]();
}

const schedule = fc.record({
  steps: fc.array(fc.constantFrom(...(Object.keys(STEPS) as Step[])), {
    minLength: 1,
    maxLength: 6,
  }),
  method: fc.constantFrom('GET', 'POST'),
  retries: fc.integer({ min: 0, max: 4 }),
  isHedged: fc.boolean(),
  abortAfterMs: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
  jumpMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
  reads: fc.constantFrom('text', 'cancel', 'drop'),
});

describe('any schedule of replies, aborts and clock jumps', () => {
  it('settles once, within the bounds, with every body done with', async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (given) => {
        const { steps, method, retries, isHedged, abortAfterMs } = given;
        const clock = manualClock();
        const open = new Set<string>();
        const controller = new AbortController();
        const { signal } = controller;
        const sent: Step[] = [];
        let lateCount = 0;
        const fetch = createFetch({
          clock,
          timeout: '30s',
          attemptTimeout: '5s',
          retry: { retries },
          hedge: isHedged ? { delay: '2s' } : undefined,
          fetch: (_, init) => {
            const step = steps[sent.length % steps.length] as Step;
            sent.push(step);
            if (clock.monotonic() >= 30_000 || signal.aborted) lateCount += 1;
            return answer(step, init?.signal as AbortSignal, open, String(sent.length));
          },
        });

        let settledCount = 0;
        const outcome = fetch('http://localhost/', { method, signal }).then(
          (value) => ({ value, error: undefined }),
          (error: unknown) => ({ value: undefined, error }),
        );
        void outcome.then(() => (settledCount += 1));
        for (let second = 0; second < 31; second += 1) {
          const fromMs = clock.monotonic();
          if (abortAfterMs !== undefined && abortAfterMs < fromMs + 1_000 && !signal.aborted) {
            await clock.advance(abortAfterMs - fromMs);
            controller.abort('left');
          }
          if (second === 3) clock.jump(given.jumpMs);
          await clock.advance(fromMs + 1_000 - clock.monotonic());
          if (settledCount > 0) break;
        }
        expect(settledCount).toBe(1);

        const { value, error } = await outcome;
        expect(error === undefined || error === 'left' || error instanceof Error).toBe(true);
        const isOpen = value !== undefined && !signal.aborted;
        const text = isOpen && given.reads === 'text' ? await value.text() : 'x';
        expect(text).toBe('x');
        if (isOpen && given.reads === 'cancel') await value.body?.cancel();
        expect(open.size).toBe(isOpen && given.reads === 'drop' ? 1 : 0);
        await clock.advance(31_000); // what was dropped is cut off at the deadline
        expect(open.size).toBe(0);
        expect(clock.pendingCount).toBe(0);
        expect(getEventListeners(signal, 'abort')).toEqual([]);

        const copies = isHedged && method === 'GET' ? 2 : 1;
        expect(sent.length).toBeLessThanOrEqual((retries + 1) * copies);
        expect(lateCount).toBe(0);
        const ranCount = sent.filter((step) => STEPS[step].ran).length;
        expect(method === 'POST' ? ranCount : 0).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
