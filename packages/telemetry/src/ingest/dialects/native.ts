import { type DecodedBatch, type DecodedEvent, type Dialect, isRecord } from './dialect.ts';

/** What this package's own clients send: `WireBatch`. */
export const native: Dialect = {
  name: 'native',
  hasResults: true,
  takesForeignIds: false,
  ownsPath: () => false,
  decode(body): DecodedBatch | undefined {
    const { sentAt, key, events, lost, lostId } = body;
    if (!Array.isArray(events)) return undefined;
    return {
      sentAt,
      key,
      events: events.map(decodeEvent),
      ...(lost !== undefined && { lost: { id: lostId, counts: lost } }),
    };
  },
};

function decodeEvent(raw: unknown): DecodedEvent | string {
  if (!isRecord(raw)) return 'not an object';
  const { id, name, timestamp, props = {}, context, sampleRate } = raw;
  return { id, name, timestamp, props, context: context ?? {}, sampleRate, raw };
}
