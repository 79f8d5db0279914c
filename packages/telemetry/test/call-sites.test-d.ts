import type { Meter } from '@opentelemetry/api';
import type { Pool } from 'pg';
import { describe, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { defineEvents, type EventProps, type StandardSchema } from '../src/index.ts';
import { createIngestHandler, keys } from '../src/ingest/index.ts';
import {
  createTelemetry,
  installShutdownHooks,
  observeStats,
  type TelemetryOptions,
} from '../src/node/index.ts';
import { postgresSink } from '../src/postgres/index.ts';

const events = defineEvents({
  workflow_executed: z.object({ workflowId: z.uuid(), ms: z.number() }),
  error: z.object({ message: z.string(), integration: z.string().optional() }),
  opened: z.object({ from: z.string().optional() }),
  counted: z.object({ at: z.coerce.date(), n: z.string().transform(Number) }),
});
const userId = 'u';
const workflowId = '018f0000-0000-7000-8000-000000000000';
const ms = 5;

describe('the client', () => {
  const telemetry = createTelemetry<typeof events>({
    endpoint: 'http://127.0.0.1:3000/api/telemetry',
    key: 'k',
    context: { userId },
    queue: { maxEvents: 10_000, maxBytes: 5_000_000 },
    batch: { maxEvents: 100, interval: '5s' },
    retry: { initialDelay: '500ms', maxDelay: '60s', budget: '15m' },
    onDrop: ({ reason, count, events: lost, status, cause }) =>
      void [reason, count, lost[0]?.name, status, cause],
    fetch,
    random: Math.random,
    sample: { workflow_executed: 0.1, '*': 1 },
    consent: 'pending',
    redact: ['password', /token/],
    beforeSend: (event) => (event.name === 'error' ? { ...event, props: {} } : null),
    waitUntil: (promise) => void promise,
  });

  it('takes the calls as they are documented', async () => {
    expectTypeOf(telemetry.track('workflow_executed', { workflowId, ms })).toEqualTypeOf<boolean>();
    telemetry.with({ orgId: 'o' }).track('error', { message: 'm' });
    telemetry.track('opened');
    telemetry.track('opened', { from: 'mail' });
    expectTypeOf(telemetry.stats().dropped.queue_overflow).toEqualTypeOf<number>();
    expectTypeOf(telemetry.stats().refused.closed).toEqualTypeOf<number>();
    telemetry.consent('granted');
    expectTypeOf(await telemetry.ready({ timeout: '5s' })).toEqualTypeOf<boolean>();
    expectTypeOf(installShutdownHooks(telemetry, { signals: ['SIGTERM'] })).returns.toBeVoid();
    expectTypeOf(observeStats(telemetry, {} as Meter)).returns.toBeVoid();
    await telemetry.flush();
    expectTypeOf((await telemetry.shutdown({ timeout: '5s' })).pending).toEqualTypeOf<number>();
    await using held = telemetry;
    expectTypeOf(held).toExtend<AsyncDisposable>();
  });

  it('takes the input of a schema, not its output', () => {
    expectTypeOf(telemetry.track('counted', { at: '2026-01-01', n: '5' })).toBeBoolean();
    // @ts-expect-error: n is a string on the way in
    telemetry.track('counted', { at: '2026-01-01', n: 5 });
  });

  it('refuses wrong names and properties', () => {
    expectTypeOf(telemetry.track).parameter(0).toEqualTypeOf<keyof typeof events>();
    // @ts-expect-error: there is no such event
    telemetry.track('workflow_exectued', { workflowId, ms });
    // @ts-expect-error: ms is missing
    telemetry.track('workflow_executed', { workflowId });
    // @ts-expect-error: ms is a number
    telemetry.track('workflow_executed', { workflowId, ms: '5' });
    // @ts-expect-error: there is no such property
    telemetry.track('error', { message: 'm', extra: 1 });
    // @ts-expect-error: properties are required
    telemetry.track('error');
    // @ts-expect-error: userId is text
    telemetry.with({ userId: 5 });
  });

  it('refuses wrong options', () => {
    expectTypeOf(createTelemetry).parameter(0).toEqualTypeOf<TelemetryOptions>();
    // @ts-expect-error: a misspelt key
    createTelemetry<typeof events>({ endpoint: 'http://x', key: 'k', queu: {} });
    // @ts-expect-error: there is no such event
    createTelemetry<typeof events>({ endpoint: 'http://x', key: 'k', sample: { opend: 0.1 } });
    const batch = { maxEvents: 1, interval: '5 seconds' } as const;
    // @ts-expect-error: not a duration
    createTelemetry<typeof events>({ endpoint: 'http://x', key: 'k', batch });
  });
});

describe('the server', () => {
  it('takes the calls as they are documented', () => {
    const pool = {} as Pool;
    const POST = createIngestHandler({
      events,
      sink: postgresSink(pool),
      auth: keys(['k']),
      limits: { bodyBytes: 1 << 20, past: '30d' },
      onReject: (rejection) => {
        if (rejection.type === 'event') expectTypeOf(rejection.id).toEqualTypeOf<string>();
        else expectTypeOf(rejection.status).toEqualTypeOf<number>();
      },
    });
    expectTypeOf(POST).toExtend<(request: Request) => Promise<Response>>();
    expectTypeOf(POST.stats().dropped.invalid).toEqualTypeOf<number>();
    expectTypeOf(POST.close({ signal: new AbortController().signal })).toEqualTypeOf<
      Promise<void>
    >();
    createIngestHandler({
      events,
      sink: postgresSink(pool),
      auth: keys({ web: { key: 'k', origins: ['https://app.example.com'] }, worker: 'l' }),
      cors: { origins: ['https://app.example.com'], maxAge: '1h' },
      rateLimit: { eventsPerSecond: 100 },
      dialects: ['native', 'segment'],
      unknownEvents: 'accept',
      onEvent: (notice) => {
        if (notice.type === 'stored') expectTypeOf(notice.event.source).toEqualTypeOf<string>();
        else if (notice.type === 'lost') expectTypeOf(notice.sender).toEqualTypeOf<string>();
        else expectTypeOf(notice.rejection.details).toEqualTypeOf<string>();
      },
    });
    // @ts-expect-error: there is no such dialect
    createIngestHandler({ events, sink: postgresSink(pool), auth: keys(['k']), dialects: ['x'] });
    postgresSink(pool, {
      table: 'app_events',
      columns: { name: 'event_type', path: null, context: 'context' },
      timeout: '5s',
    });
    // @ts-expect-error: the id cannot be left out
    postgresSink(pool, { columns: { id: null } });
    // @ts-expect-error: there is no such part
    postgresSink(pool, { columns: { user: 'user_id' } });
  });
});

it('needs no zod', () => {
  type Own = StandardSchema<{ readonly a: string }, { readonly a: number }>;
  expectTypeOf<EventProps<{ own: Own }, 'own'>>().toEqualTypeOf<{ readonly a: string }>();
});
