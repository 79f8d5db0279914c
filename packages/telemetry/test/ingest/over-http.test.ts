import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { defineEvents } from '../../src/index.ts';
import { createIngestHandler, keys } from '../../src/ingest/index.ts';
import { createTelemetry } from '../../src/node/index.ts';
import { memorySink } from '../memory-sink.ts';
import { serve } from '../serve.ts';

const events = defineEvents({ text: z.object({ s: z.string() }) });
const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };

it('answers 413 over a real connection, also to a client that is still writing', async () => {
  const sink = memorySink();
  const handler = createIngestHandler({
    events,
    sink,
    auth: keys(['k']),
    limits: { bodyBytes: 100_000 },
  });
  await using server = await serve(handler);
  for (const size of [100_001, 390_000]) {
    const response = await fetch(server.url, { method: 'POST', headers, body: 'x'.repeat(size) });
    expect(response.status).toBe(413);
    await response.text();
  }
  const bomb = await fetch(server.url, {
    method: 'POST',
    headers: { ...headers, 'content-encoding': 'gzip' },
    body: gzipSync(Buffer.alloc(50_000_000)),
  });
  expect(bomb.status).toBe(413);
  await bomb.text();
});

it('lets a client find the size that the server takes', async () => {
  const sink = memorySink();
  const limits = { decompressedBytes: 20_000, eventBytes: 10_000 };
  const handler = createIngestHandler({ events, sink, auth: keys(['k']), limits });
  await using server = await serve(handler);
  await using telemetry = createTelemetry<typeof events>({
    endpoint: server.url,
    key: 'k',
    batch: { maxEvents: 100 },
    logger: { warn: () => {} },
  });
  for (let n = 0; n < 300; n += 1)
    telemetry.track('text', { s: 'x'.repeat(n % 50 === 7 ? 12_000 : 900) });
  await telemetry.flush();
  expect(telemetry.stats()).toMatchObject({
    accepted: 300,
    delivered: 294,
    dropped: { rejected: 6 },
  });
  expect(sink.stored.size).toBe(294);
});

it('refuses a client with the wrong key, which counts it', async () => {
  const sink = memorySink();
  await using server = await serve(createIngestHandler({ events, sink, auth: keys(['k']) }));
  const telemetry = createTelemetry<typeof events>({
    endpoint: server.url,
    key: 'wrong',
    logger: { warn: () => {} },
  });
  telemetry.track('text', { s: 'x' });
  const report = await telemetry.shutdown();
  expect(report).toMatchObject({ delivered: 0, pending: 0, dropped: { rejected: 1 } });
});
