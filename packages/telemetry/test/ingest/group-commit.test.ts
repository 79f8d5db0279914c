import { describe, expect, it } from 'vitest';
import { createGroupCommit, type GroupCommitOptions } from '../../src/ingest/group-commit.ts';
import type { IngestEvent, SinkOutcome } from '../../src/ingest/index.ts';
import { manualClock, settled } from '../manual-clock.ts';

const event = (id: string): IngestEvent => ({
  id,
  name: 'e',
  props: {},
  context: {},
  timestamp: new Date(0),
  clientTimestamp: null,
  receivedAt: new Date(0),
  source: 's',
  sampleRate: 1,
});
const ok: SinkOutcome = { result: 'ok' };
/** Stands for undefined, so that answers can be awaited together. */
const turnedAway = Promise.resolve('turned away' as const);

/** A sink whose writes end when they are told to. */
function heldSink() {
  const writes: { ids: string[]; commit(): void; fail(cause: unknown): void }[] = [];
  const write = (events: readonly IngestEvent[]) =>
    new Promise<readonly SinkOutcome[]>((resolve, reject) => {
      writes.push({
        ids: events.map(({ id }) => id),
        commit: () => resolve(events.map(() => ok)),
        fail: reject,
      });
    });
  return { writes, sink: { write }, ids: () => writes.map(({ ids }) => ids) };
}

function group(options: Partial<GroupCommitOptions> = {}) {
  const clock = manualClock();
  const held = heldSink();
  const commit = createGroupCommit({
    sink: held.sink,
    clock,
    concurrentWrites: 2,
    waitingEvents: 100,
    groupEvents: 3,
    groupWait: 10,
    ...options,
  });
  const submit = (...ids: string[]) => commit.submit(ids.map(event)) ?? turnedAway;
  return { clock, commit, submit, ...held };
}

it('writes a lone request at once', async () => {
  const { submit, writes, ids, clock } = group();
  const answer = submit('a');
  expect(ids()).toEqual([['a']]);
  writes[0]?.commit();
  expect(await answer).toEqual([ok]);
  expect(clock.delays).toEqual([]);
});

it('lets those that come while a write runs wait for company, 10 ms at most', async () => {
  const { submit, ids, clock, writes } = group();
  const answers = [submit('a'), submit('b')];
  await clock.advance(9);
  answers.push(submit('c'));
  expect(ids()).toEqual([['a']]);
  await clock.advance(1);
  expect(ids()).toEqual([['a'], ['b', 'c']]);
  for (const write of writes) write.commit();
  expect(await Promise.all(answers)).toEqual([[ok], [ok], [ok]]);
});

it('does not wait when a group is full', () => {
  const { submit, ids } = group();
  for (const id of ['a', 'b', 'c', 'd']) void submit(id);
  expect(ids()).toEqual([['a'], ['b', 'c', 'd']]);
});

it('does not wait when nothing runs any more', async () => {
  const { submit, ids, writes, clock } = group();
  for (const id of ['a', 'b']) void submit(id);
  writes[0]?.commit();
  await settled();
  expect(ids()).toEqual([['a'], ['b']]);
  expect(clock.delays).toEqual([]);
});

it('runs so many writes at once, and groups what waits for a place', async () => {
  const { submit, ids, writes, clock } = group();
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) void submit(id);
  await clock.advance(100);
  expect(ids()).toEqual([['a'], ['b', 'c', 'd']]);
  writes[1]?.commit();
  await clock.advance(0);
  expect(ids()).toEqual([['a'], ['b', 'c', 'd'], ['e', 'f']]);
});

it('keeps the events of a request together, a large one alone', async () => {
  const { submit, ids, writes } = group({ concurrentWrites: 1 });
  void submit('x');
  void submit('a', 'b');
  void submit('c', 'd');
  void submit('e', 'f', 'g', 'h', 'i');
  for (let n = 0; n < 3; n += 1) {
    writes[n]?.commit();
    await settled();
  }
  expect(ids()).toEqual([['x'], ['a', 'b'], ['c', 'd'], ['e', 'f', 'g', 'h', 'i']]);
});

it('puts requests with an event in common in different writes', async () => {
  const { submit, ids, writes } = group({ concurrentWrites: 1 });
  void submit('x');
  void submit('a');
  void submit('a', 'b');
  writes[0]?.commit();
  await settled();
  expect(ids()).toEqual([['x'], ['a']]);
});

it('turns requests away while so many events wait', async () => {
  const { submit, commit, writes, ids } = group({ concurrentWrites: 1, waitingEvents: 2 });
  void submit('a');
  void submit('b', 'c', 'd');
  expect(commit.isFull).toBe(true);
  expect(commit.submit([event('e')])).toBeUndefined();
  expect(commit.pendingEvents).toBe(4);
  writes[0]?.commit();
  await settled();
  expect(commit.isFull).toBe(false);
  void submit('e');
  writes[1]?.commit();
  await settled();
  expect(ids()).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
});

it('drains: nothing waits for company any more', async () => {
  const { submit, commit, ids, writes } = group();
  for (const id of ['a', 'b']) void submit(id);
  let isDrained = false;
  const drained = commit.drain().then(() => (isDrained = true));
  expect(ids()).toEqual([['a'], ['b']]);
  writes[0]?.commit();
  await settled();
  expect(isDrained).toBe(false);
  writes[1]?.commit();
  await drained;
  await commit.drain();
});

describe('a write that the sink rejects', () => {
  /** A sink that rejects every write with one of these events in it. */
  const poisoned = (...poison: string[]) => {
    const ids: string[][] = [];
    const write = (events: readonly IngestEvent[]) => {
      const list = events.map(({ id }) => id);
      ids.push(list);
      return list.some((id) => poison.includes(id))
        ? Promise.reject(new Error(`refused ${list.join()}`))
        : Promise.resolve(events.map(() => ok));
    };
    return { ids, sink: { write } };
  };
  const settle = async (answers: Promise<unknown>[]) =>
    (await Promise.allSettled(answers)).map(({ status }) => status);

  it('fails the request that is at fault and no other', async () => {
    const { sink, ids } = poisoned('d');
    const { submit } = group({ sink, concurrentWrites: 1, groupEvents: 10 });
    const answers = ['x', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((id) => submit(id));
    expect(await settle(answers)).toEqual(
      ['x', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((id) =>
        id === 'd' ? 'rejected' : 'fulfilled',
      ),
    );
    // Each event that is stored was in one write that succeeded.
    const stored = ids.filter((list) => !list.includes('d')).flat();
    expect(stored.toSorted()).toEqual(['a', 'b', 'c', 'e', 'f', 'g', 'h', 'x']);
  });

  it('costs three writes when the sink is down, however many wait', async () => {
    const all = Array.from({ length: 8 }, (_, n) => `e${n}`);
    const { sink, ids } = poisoned('x', ...all);
    const { submit } = group({ sink, concurrentWrites: 1, groupEvents: 10 });
    const answers = ['x', ...all].map((id) => submit(id));
    expect(new Set(await settle(answers))).toEqual(new Set(['rejected']));
    expect(ids).toHaveLength(4);
  });

  it('is not tried in parts when it took long to fail', async () => {
    const { submit, writes, ids, clock } = group({ concurrentWrites: 1, groupEvents: 10 });
    const answers = ['x', 'a', 'b'].map((id) => submit(id));
    writes[0]?.commit();
    await clock.advance(1_001);
    writes[1]?.fail(new Error('timeout'));
    expect(await settle(answers)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(ids()).toEqual([['x'], ['a', 'b']]);
  });
});
