import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventSink, IngestNotice, SinkOutcome } from '../../src/ingest/index.ts';
import { uuid7 } from '../../src/uuid.ts';
import { manualClock, settled } from '../manual-clock.ts';
import { memorySink } from '../memory-sink.ts';
import { harness, NOW, pingEvent, resultsOf } from './harness.ts';

/** A sink whose writes are answered when they are told to. */
function heldSink() {
  const commits: ((outcome?: SinkOutcome) => void)[] = [];
  const fails: ((cause: unknown) => void)[] = [];
  const sink: EventSink = {
    write: (list) =>
      new Promise((resolve, reject) => {
        commits.push((outcome = { result: 'ok' }) => resolve(list.map(() => outcome)));
        fails.push(reject);
      }),
  };
  return { sink, commits, fails };
}

const sumOf = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

describe('onEvent', () => {
  it('is told of each event once, when it is newly stored', async () => {
    const { send, notices, handler } = harness();
    const [one, two] = [pingEvent(), pingEvent()];
    await send([one, two, one]);
    await send([one]);
    expect(notices).toEqual([
      { type: 'stored', event: expect.objectContaining({ id: one.id }), duplicate: false },
      { type: 'stored', event: expect.objectContaining({ id: two.id }), duplicate: false },
    ]);
    expect(handler.stats()).toMatchObject({ received: 4, stored: 2, duplicates: 2, pending: 0 });
  });

  it('is told after the commit, not before', async () => {
    const { sink, commits } = heldSink();
    const { send, notices } = harness({ sink });
    const answer = send([pingEvent()]);
    while (commits.length === 0) await settled();
    expect(notices).toEqual([]);
    commits[0]?.();
    await answer;
    expect(notices).toHaveLength(1);
  });

  it('is told what onReject is told', async () => {
    const { send, post, notices, rejections } = harness();
    await send([pingEvent({ name: 'pong' })]);
    await post('{', {});
    expect(rejections).toHaveLength(2);
    expect(notices).toEqual(rejections.map((rejection) => ({ type: 'rejected', rejection })));
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('that %s is counted and changes nothing', async (_name, callback) => {
    const { send, handler } = harness({ onEvent: callback, onReject: callback });
    const [good, bad] = [pingEvent(), pingEvent({ name: 'pong' })];
    expect(await resultsOf(await send([good, bad]))).toMatchObject({
      [good.id]: { result: 'ok' },
      [bad.id]: { result: 'drop' },
    });
    await settled();
    expect(handler.stats()).toMatchObject({ stored: 1, callbackErrors: 3 });
  });
});

describe('what clients have lost', () => {
  const lostId = uuid7(NOW);
  const lossesIn = (notices: readonly IngestNotice[]) =>
    notices.filter(({ type }) => type === 'lost');

  it('is told once for each report, however often it comes', async () => {
    const { send, notices, handler, post } = harness();
    const lost = { queue_overflow: 12, shutdown: 1 };
    for (let n = 0; n < 3; n += 1) await send([pingEvent()], { lost, lostId });
    await send([], { lost: { rejected: 2 }, lostId: uuid7(NOW) });
    expect(lossesIn(notices)).toEqual([
      { type: 'lost', sender: 'web', counts: lost },
      { type: 'lost', sender: 'web', counts: { rejected: 2 } },
    ]);
    expect(handler.stats().lost).toBe(15);
    expect((await post(JSON.stringify({ events: [] }))).status).toBe(200);
  });

  it('is told with the answer that acknowledges it', async () => {
    const { sink, commits, fails } = heldSink();
    const { send, notices, handler } = harness({ sink });
    const one = pingEvent();
    const first = send([one], { lost: { shutdown: 1 }, lostId });
    while (fails.length === 0) await settled();
    fails[0]?.(new Error('down'));
    expect((await first).status).toBe(503);
    expect(lossesIn(notices)).toEqual([]);
    const repeat = send([one], { lost: { shutdown: 1 }, lostId });
    while (commits.length < 2) await settled();
    commits[1]?.();
    expect((await repeat).status).toBe(200);
    expect(handler.stats().lost).toBe(1);
  });

  it.each([
    ['no id', { lost: { shutdown: 1 } }],
    ['an id that is no UUID', { lost: { shutdown: 1 }, lostId: 'x' }],
    ['no counts', { lost: {}, lostId }],
    ['a list', { lost: [1], lostId }],
    ['null', { lost: null, lostId }],
    ['a negative count', { lost: { shutdown: -1 }, lostId }],
    ['a fraction', { lost: { shutdown: 0.5 }, lostId }],
    ['no number', { lost: { shutdown: Infinity }, lostId }],
    ['text', { lost: { shutdown: '1' }, lostId }],
    ['a strange reason', { lost: { 'Shut Down': 1 }, lostId }],
    [
      'many reasons',
      { lost: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`r${n}`, 1])), lostId },
    ],
  ])('is not told of a report with %s, and the events are stored', async (_name, fields) => {
    const { send, notices, handler, rejections } = harness();
    const one = pingEvent();
    expect(await resultsOf(await send([one], fields))).toEqual({ [one.id]: { result: 'ok' } });
    expect(lossesIn(notices)).toEqual([]);
    expect(handler.stats().lost).toBe(0);
    expect(rejections).toMatchObject([{ type: 'request', reason: 'malformed', status: 200 }]);
  });

  it('cannot reach a prototype', async () => {
    const { post, handler } = harness();
    const body = `{"events":[],"lostId":"${lostId}","lost":{"__proto__":5,"constructor":3}}`;
    await post(body);
    expect(handler.stats().lost).toBe(0);
    expect(Object.hasOwn(Object.prototype, '5')).toBe(false);
  });
});

describe('a write that takes long', () => {
  it('is not waited for longer than its limit, goes on, and is not counted twice', async () => {
    const clock = manualClock(NOW);
    const { sink, commits } = heldSink();
    const { send, handler, rejections, notices } = harness({ sink, clock });
    const one = pingEvent();
    const answer = send([one, pingEvent({ name: 'pong' })]);
    while (commits.length === 0) await settled();
    await clock.advance(30_000);
    const response = await answer;
    expect(response.status).toBe(503);
    expect((await resultsOf(response))[one.id]).toEqual({ result: 'retry' });
    expect(handler.stats()).toMatchObject({ received: 2, pending: 2, stored: 0 });
    commits[0]?.();
    await settled();
    expect(handler.stats()).toMatchObject({ received: 2, pending: 0, stored: 1, retried: 1 });
    expect(notices.filter(({ type }) => type === 'stored')).toHaveLength(1);
    expect(rejections).toMatchObject([{ reason: 'sink_failed', cause: { name: 'TimeoutError' } }]);
    expect(clock.delays).toEqual([]);
  });

  it('holds the bytes of its events until it ends, so that a sink that hangs cannot fill the memory', async () => {
    const clock = manualClock(NOW);
    const { sink, commits, fails } = heldSink();
    const limits = { writeTimeout: '1s', pendingBytes: 5_000 } as const;
    const { post, handler, rejections } = harness({ sink, clock, limits });
    const large = () =>
      JSON.stringify({ events: [pingEvent({ context: { x: 'x'.repeat(2_000) } })] });
    const bodies = [large(), large()];
    const answers = bodies.map((body) => post(body));
    while (commits.length < 1) await settled();
    await clock.advance(1_000);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([503, 503]);
    expect(handler.stats()).toMatchObject({ pending: 2, heldBytes: bodies.join('').length });
    expect((await post(large())).status).toBe(503);
    expect(rejections.at(-1)).toMatchObject({ reason: 'overloaded' });
    while (commits.length < 2) await settled();
    commits[0]?.();
    fails[1]?.(new Error('the connection was lost'));
    await settled();
    expect(handler.stats()).toMatchObject({ pending: 0, heldBytes: 0, stored: 1, retried: 1 });
  });

  it('may still fail', async () => {
    const clock = manualClock(NOW);
    const { sink, fails } = heldSink();
    const { send, handler } = harness({ sink, clock, limits: { writeTimeout: '1s' } });
    const answer = send([pingEvent()]);
    while (fails.length === 0) await settled();
    await clock.advance(1_000);
    expect((await answer).status).toBe(503);
    fails[0]?.(new Error('the connection was lost'));
    await settled();
    expect(handler.stats()).toMatchObject({ received: 1, pending: 0, retried: 1 });
  });
});

describe('close', () => {
  it('waits for what is under way and turns the rest away', async () => {
    const { sink, commits } = heldSink();
    const { send, handler } = harness({ sink });
    const answers = [send([pingEvent()]), send([pingEvent()])];
    while (commits.length === 0) await settled();
    let isClosed = false;
    const closed = handler.close().then(() => (isClosed = true));
    while (commits.length < 2) await settled();
    const refused = await send([pingEvent()]);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    commits[0]?.();
    await settled();
    expect(isClosed).toBe(false);
    commits[1]?.();
    await closed;
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
    await handler.close();
    await using again = handler;
    expect(again.stats()).toMatchObject({ stored: 2, pending: 0, refused: { closed: 1 } });
  });

  it('waits for a body that is arriving', async () => {
    const { handler, post, sink } = harness();
    let end = (): void => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        end = () => {
          controller.enqueue(new TextEncoder().encode(JSON.stringify({ events: [pingEvent()] })));
          controller.close();
        };
      },
    });
    const answer = post(body);
    await settled();
    const closed = handler.close();
    end();
    await closed;
    expect(sink.stored.size).toBe(1);
    expect((await answer).status).toBe(200);
  });

  it('may be given up', async () => {
    const { sink, commits } = heldSink();
    const { send, handler } = harness({ sink });
    const answer = send([pingEvent()]);
    while (commits.length === 0) await settled();
    const abort = new AbortController();
    const closed = handler.close({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(closed).rejects.toThrow('enough');
    commits[0]?.();
    expect((await answer).status).toBe(200);
    await handler.close();
  });
});

it('received = stored + duplicates + retried + pending + dropped, at every moment', async () => {
  const ids = Array.from({ length: 6 }, () => uuid7(NOW));
  const outcome = fc.constantFrom<SinkOutcome>(
    { result: 'ok' },
    { result: 'drop', details: 'no' },
    { result: 'retry' },
  );
  const request = fc.record({
    events: fc.array(
      fc.record({
        id: fc.constantFrom(...ids, 'no-uuid'),
        name: fc.constantFrom('ping', 'pong'),
      }),
      { maxLength: 5 },
    ),
    turns: fc.nat(4),
  });
  const schedule = fc.record({
    requests: fc.array(request, { minLength: 1, maxLength: 12 }),
    outcomes: fc.array(outcome, { minLength: 1, maxLength: 10 }),
    failEvery: fc.integer({ min: 2, max: 6 }),
    limits: fc.record({
      waitingEvents: fc.constantFrom(1, 4, 100),
      concurrentWrites: fc.constantFrom(1, 2),
      groupEvents: fc.constantFrom(1, 3, 100),
      groupWait: fc.constantFrom(0, 1),
    }),
  });
  await fc.assert(
    fc.asyncProperty(schedule, async ({ requests, outcomes, failEvery, limits }) => {
      let writes = 0;
      let asked = 0;
      const memory = memorySink(() => outcomes[(asked += 1) % outcomes.length] ?? { result: 'ok' });
      const write: EventSink['write'] = async (list) => {
        await new Promise((resolve) => setImmediate(resolve));
        if ((writes += 1) % failEvery === 0) throw new Error('down');
        return memory.write(list);
      };
      const { send, handler, notices } = harness({ sink: { write }, limits });
      const check = (): void => {
        const { received, stored, duplicates, retried, pending, dropped } = handler.stats();
        expect(stored + duplicates + retried + pending + sumOf(dropped)).toBe(received);
      };
      const answers = [];
      for (const { events, turns } of requests) {
        answers.push(send(events.map((fields) => pingEvent(fields))));
        for (let turn = 0; turn < turns; turn += 1) {
          await new Promise((resolve) => setImmediate(resolve));
          check();
        }
      }
      await Promise.all(answers);
      await handler.close();
      check();
      const stats = handler.stats();
      expect(stats).toMatchObject({ pending: 0, heldBytes: 0, stored: memory.stored.size });
      const total = requests.reduce((sum, { events }) => sum + events.length, 0);
      // Of a request that is turned away before its body is read no event is received.
      const least = stats.refused.overloaded === undefined ? total : 0;
      expect(stats.received).toBeGreaterThanOrEqual(least);
      expect(stats.received).toBeLessThanOrEqual(total);
      expect(notices.filter(({ type }) => type === 'stored')).toHaveLength(memory.stored.size);
    }),
    { numRuns: 100 },
  );
});
