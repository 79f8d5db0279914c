import { expect, it } from 'vitest';
import { createEventQueue, type QueuedEvent } from '../../src/client/event-queue.ts';

function event(id: string, sizeBytes = 10): QueuedEvent {
  return { name: id, json: '{}', sizeBytes, sequence: 0, firstAttemptAt: undefined };
}
const ids = (events: readonly QueuedEvent[]) => events.map(({ name }) => name).join('');

function queueOf(maxEvents: number, maxBytes = 1_000) {
  const evicted: QueuedEvent[] = [];
  const queue = createEventQueue({ maxEvents, maxBytes, overflow: 'drop-oldest' }, (lost) =>
    evicted.push(lost),
  );
  return { queue, evicted };
}

it('drops the oldest that waits, never what is in flight', () => {
  const { queue, evicted } = queueOf(3);
  for (const id of 'abc') queue.add(event(id));
  const flying = queue.take(1, Infinity);
  expect(ids(flying)).toBe('a');
  expect(queue.add(event('d'))).toBe(true);
  expect(ids(evicted)).toBe('b');
  expect(queue.pendingCount).toBe(3);
  queue.putBack(flying);
  expect(ids(queue.take(9, Infinity))).toBe('acd');
});

it('refuses, and drops nothing, when what is in flight leaves no room', () => {
  const { queue, evicted } = queueOf(2);
  for (const id of 'ab') queue.add(event(id));
  queue.take(2, Infinity);
  expect(queue.add(event('c'))).toBe(false);
  expect(evicted).toEqual([]);
  expect(queue.acceptedCount).toBe(2);
});

it('is bounded by bytes', () => {
  const { queue, evicted } = queueOf(100, 100);
  for (const id of 'abcde') queue.add(event(id, 20));
  queue.add(event('f', 50));
  expect(ids(evicted)).toBe('abc');
  expect(queue.pendingBytes).toBe(90);
});

it('takes by count and bytes, and one event however large', () => {
  const { queue } = queueOf(10);
  queue.add(event('a', 90));
  queue.add(event('b', 30));
  queue.add(event('c', 30));
  queue.add(event('d', 30));
  expect(ids(queue.take(5, 60))).toBe('a');
  expect(ids(queue.take(5, 60))).toBe('bc');
  expect(ids(queue.take(5, 60))).toBe('d');
});

it('settles an event once, whatever is said about it later', () => {
  const { queue } = queueOf(10);
  for (const id of 'abc') queue.add(event(id));
  const flying = queue.take(2, Infinity);
  expect(ids(queue.dropAll('shutdown'))).toBe('abc');
  queue.deliver(flying);
  queue.putBack(flying);
  expect(queue.drop(flying, 'rejected')).toEqual([]);
  expect(queue.deliveredCount).toBe(0);
  expect(queue.dropped).toMatchObject({ shutdown: 3, rejected: 0 });
  expect(queue.pendingCount).toBe(0);
  expect(queue.pendingBytes).toBe(0);
});

it('knows its oldest pending event', () => {
  const { queue } = queueOf(10);
  expect(queue.oldestSequence).toBeUndefined();
  for (const id of 'abc') queue.add(event(id));
  const [a, b] = queue.take(2, Infinity) as [QueuedEvent, QueuedEvent];
  expect(queue.oldestSequence).toBe(1);
  queue.deliver([a]);
  expect(queue.oldestSequence).toBe(2);
  queue.deliver([b]);
  expect(queue.oldestSequence).toBe(3);
});
