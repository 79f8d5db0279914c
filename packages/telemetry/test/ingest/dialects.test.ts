import { describe, expect, it } from 'vitest';
import { harness, NOW, pingEvent, resultsOf } from './harness.ts';

const at = '2026-03-01T11:59:59.000Z';
const json = (value: unknown) => JSON.stringify(value);
const uuid = '018f0000-0000-7000-8000-000000000001';
const segmentEvent = (fields: Record<string, unknown> = {}) => ({
  type: 'track',
  event: 'ping',
  messageId: 'node-next-1',
  timestamp: at,
  userId: 'u1',
  properties: { n: 1 },
  ...fields,
});
const posthogEvent = (fields: Record<string, unknown> = {}) => ({
  event: 'ping',
  uuid,
  distinct_id: 'u1',
  timestamp: at,
  properties: { n: 1, $pathname: '/a', $session_id: 's1' },
  ...fields,
});

describe('the dialect', () => {
  const segmentBatch = json({ batch: [segmentEvent()] });
  const posthogBatch = json({ api_key: 'write-key', batch: [posthogEvent()] });
  const nativeBatch = json({ events: [pingEvent()] });

  it.each([
    ['/v1/batch', segmentBatch, { success: true }],
    ['/api/telemetry/v1/batch/', segmentBatch, { success: true }],
    ['/v1/b', segmentBatch, { success: true }],
    ['/v1/import', segmentBatch, { success: true }],
    ['/api/telemetry', segmentBatch, { success: true }],
    ['/v1/track', json(segmentEvent({ type: undefined })), { success: true }],
    ['/v1/t?x=1', json(segmentEvent({ type: undefined })), { success: true }],
    ['/api/telemetry', json(segmentEvent()), { success: true }],
    ['/batch/', posthogBatch, { status: 'Ok' }],
    ['/api/telemetry/batch/', posthogBatch, { status: 'Ok' }],
    ['/api/telemetry', posthogBatch, { status: 'Ok' }],
    ['/i/v1/analytics/events', posthogBatch, { results: { [uuid]: { result: 'ok' } } }],
    ['/api/telemetry', nativeBatch, { results: expect.anything() }],
    ['/batch/', nativeBatch, { results: expect.anything() }],
    ['/v1/batch', nativeBatch, { results: expect.anything() }],
  ])('at %s is told by the path and the body', async (path, body, answer) => {
    const { post, sink } = harness();
    const response = await post(body, {}, path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(answer);
    expect([...sink.stored.values()]).toMatchObject([{ name: 'ping', props: { n: 1 } }]);
  });

  it.each([
    ['/v1/track', json([])],
    ['/v1/track', 'null'],
    ['/v1/batch', json({ batch: {} })],
    ['/batch/', json({ api_key: 'write-key' })],
    ['/i/v1/analytics/events', json({ batch: null })],
    ['/flags', json({ api_key: 'write-key', distinct_id: 'u' })],
    ['/api/telemetry', json({ type: 'delete' })],
  ])('at %s of %s is none', async (path, body) => {
    const { post, sink } = harness();
    expect((await post(body, {}, path)).status).toBe(400);
    expect(sink.stored.size).toBe(0);
  });

  it('can be confined', async () => {
    const { post } = harness({ dialects: ['segment'] });
    expect((await post(segmentBatch, {}, '/v1/batch')).status).toBe(200);
    expect((await post(nativeBatch)).status).toBe(400);
    expect((await post(posthogBatch, {}, '/i/v1/analytics/events')).status).not.toBe(200);
  });

  it.each([
    ['key', '/api/telemetry', { events: [], key: 'write-key' }],
    ['writeKey', '/v1/batch', { batch: [], writeKey: 'write-key' }],
    ['api_key', '/batch/', { batch: [], api_key: 'write-key' }],
  ])('has its own place for the key: %s', async (_name, path, body) => {
    const { post } = harness();
    const headers = { authorization: null, 'content-type': 'text/plain' };
    expect((await post(json(body), headers, path)).status).toBe(200);
  });
});

describe('an event of Segment', () => {
  const stored = async (event: unknown, batch: Record<string, unknown> = {}) => {
    const { post, sink } = harness({ unknownEvents: 'accept' });
    await post(json({ batch: [event], ...batch }), {}, '/v1/batch');
    return [...sink.stored.values()][0];
  };

  it('has a clock that is corrected', async () => {
    const sentAt = new Date(NOW - 3_600_000).toISOString();
    const timestamp = '2026-03-01T10:59:59.000Z';
    expect(await stored(segmentEvent({ timestamp }), { sentAt })).toMatchObject({
      timestamp: new Date(at),
      clientTimestamp: new Date(timestamp),
    });
    const originalTimestamp = timestamp;
    expect(await stored(segmentEvent({ originalTimestamp }), { sentAt })).toMatchObject({
      timestamp: new Date(at),
    });
  });

  it('has a context of its own and one of the batch', async () => {
    const event = segmentEvent({
      context: { app: 'web', page: { path: '/a' } },
      anonymousId: 'a1',
    });
    expect((await stored(event, { context: { app: 'batch', locale: 'de' } }))?.context).toEqual({
      app: 'web',
      locale: 'de',
      page: { path: '/a' },
      path: '/a',
      userId: 'u1',
      anonymousId: 'a1',
    });
  });

  it.each([
    ['no object', 5],
    ['no type', segmentEvent({ type: undefined })],
    ['another type', segmentEvent({ type: 'delete' })],
    ['a type from the prototype', segmentEvent({ type: 'constructor' })],
    ['no name', segmentEvent({ event: undefined })],
    ['a context that is no object', segmentEvent({ context: 'x' })],
    ['an id that is no text', segmentEvent({ messageId: 5 })],
  ])('with %s is dropped alone', async (_name, event) => {
    const { post, sink, rejections } = harness();
    const body = json({ batch: [event, segmentEvent()] });
    expect((await post(body, {}, '/v1/batch')).status).toBe(200);
    expect(sink.stored.size).toBe(1);
    expect(rejections).toMatchObject([{ type: 'event' }]);
  });
});

describe('an event of PostHog', () => {
  it('says who and where', async () => {
    const { post, sink } = harness({ unknownEvents: 'accept' });
    await post(json({ api_key: 'k', batch: [posthogEvent()] }), {}, '/batch/');
    expect(sink.stored.get(uuid)?.context).toEqual({ userId: 'u1', path: '/a', sessionId: 's1' });
  });

  it('of protocol 1 has the time of the attempt in a header', async () => {
    const { post, sink } = harness();
    const body = json({
      created_at: '2020-01-01T00:00:00Z',
      batch: [
        posthogEvent({
          timestamp: '2026-03-01T10:59:59.000Z',
          session_id: 's2',
          options: { process_person_profile: false },
        }),
      ],
    });
    const headers = {
      'posthog-request-timestamp': new Date(NOW - 3_600_000).toISOString(),
      'posthog-sdk-info': 'posthog-node/5',
    };
    await post(body, headers, '/i/v1/analytics/events');
    expect(sink.stored.get(uuid)).toMatchObject({
      timestamp: new Date(at),
      context: {
        userId: 'u1',
        sessionId: 's2',
        library: 'posthog-node/5',
        options: { process_person_profile: false },
      },
    });
  });

  it('of protocol 1 has a result of its own', async () => {
    const { post } = harness();
    const bad = posthogEvent({ uuid: uuid.replace('1', '2'), properties: { n: 'x' } });
    const nameless = posthogEvent({ uuid: 'message-7', event: undefined });
    const body = json({ batch: [posthogEvent(), bad, nameless, null] });
    const response = await post(body, {}, '/i/v1/analytics/events');
    expect(await resultsOf(response)).toEqual({
      [uuid]: { result: 'ok' },
      [bad.uuid]: { result: 'drop', details: expect.stringMatching(/^n: /) },
      'message-7': { result: 'drop', details: 'name: expected a string' },
      '#3': { result: 'drop', details: 'not an object' },
    });
  });
});

describe('the id of an event with none that is a UUID', () => {
  const idsOf = async (list: unknown[], key = 'write-key') => {
    const { keys } = await import('../../src/ingest/index.ts');
    const { post, sink } = harness({ auth: keys({ a: 'write-key', b: 'other-key' }) });
    const headers = { authorization: `Bearer ${key}` };
    await post(json({ batch: list, sentAt: new Date().toISOString() }), headers, '/v1/batch');
    return [...sink.stored.keys()];
  };

  it('is made of its message id and its sender, the same in every repeat', async () => {
    const [id] = await idsOf([segmentEvent()]);
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(await idsOf([segmentEvent(), segmentEvent()])).toEqual([id]);
    expect(await idsOf([segmentEvent({ messageId: 'node-next-2' })])).not.toEqual([id]);
    expect(await idsOf([segmentEvent()], 'other-key')).not.toEqual([id]);
  });

  it('is made of its content and its place when it has no message id', async () => {
    const nameless = segmentEvent({ messageId: undefined });
    const ids = await idsOf([nameless, nameless]);
    expect(ids).toHaveLength(2);
    expect(await idsOf([nameless, nameless])).toEqual(ids);
  });

  it('is random when it has no time either', async () => {
    const bare = segmentEvent({ messageId: undefined, timestamp: undefined });
    expect(await idsOf([bare])).not.toEqual(await idsOf([bare]));
  });

  it('is its own when it is a UUID', async () => {
    expect(await idsOf([segmentEvent({ messageId: uuid.toUpperCase() })])).toEqual([uuid]);
  });
});
