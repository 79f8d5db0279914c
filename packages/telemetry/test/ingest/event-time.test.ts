import { expect, it } from 'vitest';
import { eventTime } from '../../src/ingest/event-time.ts';

const day = 86_400_000;
const receivedAt = new Date('2026-03-01T12:00:00Z');
const limits = { pastMs: 30 * day, futureMs: day };
const at = (timestamp: unknown, sentAt?: string) =>
  eventTime(timestamp, sentAt === undefined ? undefined : new Date(sentAt), receivedAt, limits);

it.each([
  ['a right clock', '2026-03-01T11:59:00Z', '2026-03-01T12:00:00Z', '2026-03-01T11:59:00.000Z'],
  ['an hour fast', '2026-03-01T12:59:00Z', '2026-03-01T13:00:00Z', '2026-03-01T11:59:00.000Z'],
  ['a clock at 1970', '1970-01-01T00:04:00Z', '1970-01-01T00:05:00Z', '2026-03-01T11:59:00.000Z'],
  ['a year ahead', '2027-03-01T11:00:00Z', '2027-03-01T12:00:00Z', '2026-03-01T11:00:00.000Z'],
  ['an offset', '2026-03-01T13:59:00+02:00', undefined, '2026-03-01T11:59:00.000Z'],
])('%s is corrected without a word', (_name, timestamp, sentAt, expected) => {
  const clientTimestamp = new Date(timestamp);
  expect(at(timestamp, sentAt)).toEqual({ timestamp: new Date(expected), clientTimestamp });
});

it.each([
  ['the past', '2020-01-01T00:00:00Z', new Date(receivedAt.getTime() - 30 * day), /past/],
  ['the future', '2030-01-01T00:00:00Z', new Date(receivedAt.getTime() + day), /future/],
  ['the end of time', '+275760-09-13T00:00:00Z', new Date(receivedAt.getTime() + day), /future/],
])('%s is clamped, with a warning', (_name, timestamp, expected, warning) => {
  const clientTimestamp = new Date(timestamp);
  expect(at(timestamp)).toEqual({
    timestamp: expected,
    clientTimestamp,
    warning: expect.stringMatching(warning),
  });
});

it.each([undefined, null, 5, '', 'yesterday', '1', '2026-03-01', '2026-13-01T00:00:00Z'])(
  '%j becomes the time of receipt, with a warning',
  (timestamp) => {
    expect(at(timestamp)).toEqual({
      timestamp: receivedAt,
      clientTimestamp: null,
      warning: expect.any(String),
    });
  },
);

it.each([
  ['4.9 s fast', '2026-03-01T12:00:04.900Z', 0],
  ['5 s slow', '2026-03-01T11:59:55Z', 0],
  ['5.001 s fast', '2026-03-01T12:00:05.001Z', -5_001],
  ['5.001 s slow', '2026-03-01T11:59:54.999Z', 5_001],
])('a clock that is %s is corrected only beyond 5 s', (_name, sentAt, ms) => {
  const stated = '2026-03-01T11:00:00Z';
  expect(at(stated, sentAt).timestamp).toEqual(new Date(Date.parse(stated) + ms));
});

it('a repeat through a slow network lands where the first went', () => {
  const [first, repeat] = ['2026-03-01T12:00:00Z', '2026-03-01T11:59:56Z'].map((sentAt) =>
    at('2026-02-28T23:59:59.999Z', sentAt),
  );
  expect(repeat).toEqual(first);
});
