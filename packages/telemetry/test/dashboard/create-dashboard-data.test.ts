import { describe, expect, it, vi } from 'vitest';
import { createDashboardData } from '../../src/dashboard/create-dashboard-data.ts';
import type { DashboardEvent } from '../../src/dashboard/dashboard-event.ts';
import type { DashboardOptions } from '../../src/dashboard/options.ts';
import type { WidgetContext } from '../../src/dashboard/widget.ts';
import type { NamedQuery } from '../../src/rollups/metrics.ts';
import type { Rollup } from '../../src/rollups/rollup.ts';
import { manualClock, settled } from '../manual-clock.ts';
import { fakeMetrics } from './fake-metrics.ts';

const DAY = 86_400_000;

function query(where?: Record<string, unknown>) {
  return (_params: unknown, { now, ago }: WidgetContext) =>
    ({ rollup: 'executions', from: ago(29), to: now, where }) as NamedQuery<readonly Rollup[]>;
}

function setUp(options: Partial<DashboardOptions<readonly Rollup[], never>> = {}) {
  const clock = manualClock();
  const metrics = fakeMetrics();
  const events: DashboardEvent[] = [];
  const load = vi.fn(async (params: { id: number }) => ({ id: params.id }));
  const dashboard = createDashboardData({
    metrics,
    widgets: {
      total: query(),
      byStatus: query({ status: 'failed' }),
      workflow: (params: { id: string }, context: WidgetContext) =>
        query({ workflow_id: params.id })(params, context),
      own: { load, ttl: '5s' },
    },
    cache: { ttl: '30s', staleFor: '10m' },
    clock,
    random: () => 0.999_999,
    onEvent: (event) => {
      events.push(event);
    },
    ...(options as object),
  });
  return { clock, metrics, events, load, dashboard };
}

describe('a cache of answers', () => {
  it('1,000 readers of an expired widget are one load', async () => {
    const { dashboard, metrics, clock } = setUp({ cache: { ttl: '30s', staleFor: 0 } });
    await dashboard.read('total');
    await clock.advance(31_000);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => dashboard.read('total')));
    expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1);
    expect(answers.every(({ isStale }) => !isStale)).toBe(true);
    expect(metrics.statements).toHaveLength(2);
    expect(dashboard.stats()).toMatchObject({ waits: 1_001, loads: 2, entries: 1 });
  });

  it('gives an earlier answer at once and renews it once, whoever asks meanwhile', async () => {
    const { dashboard, metrics, clock } = setUp();
    const first = await dashboard.read('total');
    await clock.advance(30_000);
    const stale = await Promise.all(Array.from({ length: 100 }, () => dashboard.read('total')));
    expect(stale.every(({ isStale }) => isStale)).toBe(true);
    expect(stale.map(({ asOf }) => asOf)).toEqual(stale.map(() => first.asOf));
    await settled();
    expect(metrics.statements).toHaveLength(2);
    expect(await dashboard.read('total')).toMatchObject({
      isStale: false,
      asOf: new Date(first.asOf.getTime() + 30_000),
    });
    expect(metrics.statements).toHaveLength(2);
  });

  it('waits for a load when the answer is older than ttl and staleFor', async () => {
    const { dashboard, clock } = setUp();
    const first = await dashboard.read('total');
    await clock.advance(630_000);
    const next = await dashboard.read('total');
    expect(next.isStale).toBe(false);
    expect(next.asOf.getTime() - first.asOf.getTime()).toBe(630_000);
  });

  it('renews an answer that is younger than ttl when its rollup was refreshed', async () => {
    const { dashboard, metrics, clock } = setUp();
    await dashboard.read('total');
    metrics.refresh();
    await clock.advance(1_000);
    // This read asks for the watermark, in the background; the next one knows.
    expect((await dashboard.read('total')).isStale).toBe(false);
    await settled();
    expect((await dashboard.read('total')).isStale).toBe(true);
    await settled();
    expect(await dashboard.read('total')).toMatchObject({ isStale: false });
    expect(metrics.statements).toHaveLength(2);
  });

  it('goes by ttl alone while the watermark cannot be read, and tells that once', async () => {
    const { dashboard, metrics, clock, events } = setUp();
    metrics.failWatermark(new Error('down'));
    for (let read = 0; read < 5; read += 1) {
      await dashboard.read('total');
      await clock.advance(1_500);
    }
    expect(metrics.statements).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'watermark-failed')).toHaveLength(1);
  });

  it('reads the watermark once a second at most', async () => {
    const { dashboard, metrics, clock } = setUp();
    for (let read = 0; read < 50; read += 1) {
      await dashboard.read('total');
      await clock.advance(100);
    }
    expect(metrics.watermarkReads()).toBeLessThanOrEqual(6);
  });

  it('keeps parameters apart, and the order of their keys does not matter', async () => {
    const { dashboard, load } = setUp();
    await dashboard.read('own', { id: 1 });
    await dashboard.read('own', { id: 2 });
    await dashboard.read('own', { id: 1 });
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('holds no more answers than maxEntries', async () => {
    const { dashboard, load } = setUp({ cache: { maxEntries: 10 } });
    for (let id = 0; id < 100; id += 1) await dashboard.read('own', { id });
    expect(dashboard.stats().entries).toBe(10);
    await Promise.all(
      Array.from({ length: 50 }, (_, id) => dashboard.read('own', { id: 500 + id })),
    );
    expect(load).toHaveBeenCalledTimes(150);
    expect(dashboard.stats().entries).toBe(10);
  });

  it('a load that was under way when its widget was forgotten is not kept', async () => {
    const { dashboard, load } = setUp();
    const gate = Promise.withResolvers<void>();
    load.mockImplementationOnce(async () => gate.promise.then(() => ({ id: -1 })));
    const early = dashboard.read('own', { id: 1 });
    dashboard.forget('own');
    gate.resolve();
    expect((await early).data).toEqual({ id: -1 });
    expect((await dashboard.read('own', { id: 1 })).data).toEqual({ id: 1 });
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('forgetting a widget leaves one alone whose name begins alike', async () => {
    const load = vi.fn(async () => 1);
    const { dashboard } = setUp({ widgets: { a: { load }, 'a b': { load } } as never });
    const read = (name: string) => dashboard.read(name as 'total');
    await Promise.all([read('a'), read('a b')]);
    dashboard.forget('a' as never);
    await read('a b');
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('a reader that changes its answer changes nobody else’s', async () => {
    const { dashboard } = setUp();
    const answer = await dashboard.read('total');
    const told = answer.asOf.getTime();
    answer.asOf.setTime(0);
    const rows = answer.data as unknown as { n: number }[];
    expect(() => rows.push({ n: 2 })).toThrow(TypeError);
    expect(() => {
      (rows[0] as { n: number }).n = 7;
    }).toThrow(TypeError);
    const next = await dashboard.read('total');
    expect(next.data).toEqual([{ n: 1, statement: 1 }]);
    expect(next.asOf.getTime()).toBe(told);
  });

  it('a caller that goes on with its object of parameters gets what it asked for', async () => {
    const { dashboard, load } = setUp();
    const params = { id: 'w1' };
    const own = { id: 1 };
    const reads = [dashboard.read('workflow', params), dashboard.read('own', own)];
    params.id = 'w2';
    own.id = 2;
    const [workflow, other] = await Promise.all([...reads, dashboard.read('workflow', params)]);
    expect(workflow?.data).toMatchObject([{ workflow_id: 'w1' }]);
    expect(other?.data).toEqual({ id: 1 });
    expect((await dashboard.read('workflow', { id: 'w1' })).data).toEqual(workflow?.data);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('a refresh of one rollup renews the widgets over it and no others', async () => {
    const { dashboard, metrics, clock } = setUp({
      widgets: {
        total: query(),
        errors: () => ({ rollup: 'errors', from: new Date(0), to: new Date(1) }),
      } as never,
    });
    const read = (name: string) => dashboard.read(name as 'total');
    await Promise.all([read('total'), read('errors')]);
    metrics.refresh('errors');
    await clock.advance(1_000);
    await read('total'); // asks for the watermarks, in the background
    await settled();
    expect((await read('total')).isStale).toBe(false);
    expect((await read('errors')).isStale).toBe(true);
  });

  it('goes by the monotonic clock: a jump of the other one neither renews nor keeps an answer', async () => {
    const { dashboard, metrics, clock } = setUp();
    await dashboard.read('total');
    clock.jump(86_400_000);
    expect((await dashboard.read('total')).isStale).toBe(false);
    clock.jump(-2 * 86_400_000);
    await clock.advance(30_000);
    expect((await dashboard.read('total')).isStale).toBe(true);
    await settled();
    expect(metrics.statements).toHaveLength(2);
  });

  it('forgets on demand', async () => {
    const { dashboard, load, metrics } = setUp();
    await dashboard.readAll({ own: { id: 1 }, total: undefined });
    dashboard.forget('own');
    await dashboard.readAll({ own: { id: 1 }, total: undefined });
    expect([load.mock.calls.length, metrics.statements.length]).toEqual([2, 1]);
    dashboard.forget();
    expect(dashboard.stats().entries).toBe(0);
  });
});

describe('loads of one moment', () => {
  it('are one statement, whatever widgets they are of', async () => {
    const { dashboard, metrics, events } = setUp();
    const { total, byStatus } = await dashboard.readAll({ total: undefined, byStatus: undefined });
    expect(metrics.statements).toHaveLength(1);
    expect(metrics.statements[0]).toHaveLength(2);
    expect([total.data, byStatus.data]).toEqual([
      [{ n: 1, statement: 1 }],
      [{ status: 'failed', n: 6, statement: 1 }],
    ]);
    expect(events).toEqual([
      {
        type: 'queried',
        widgets: ['total', 'byStatus'],
        queryCount: 2,
        loadCount: 2,
        durationMs: 0,
      },
    ]);
  });

  it('200 rows that each ask for their own numbers are one query', async () => {
    const { dashboard, metrics } = setUp();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, row) => {
        await Promise.resolve();
        return dashboard.read('workflow', { id: `w${row}` });
      }),
    );
    expect(metrics.statements).toHaveLength(1);
    expect(metrics.statements[0]).toHaveLength(1);
    expect(answers[150]?.data).toEqual([{ workflow_id: 'w150', n: 4, statement: 1 }]);
  });

  it('one query that is wrong does not fail the others', async () => {
    const { dashboard, metrics } = setUp();
    metrics.behave((queries) => {
      if (queries.some(({ where }) => where !== undefined)) {
        throw Object.assign(new Error('no such column'), { code: '42703' });
      }
    });
    const { total, byStatus } = await dashboard.readAll({ total: undefined, byStatus: undefined });
    expect(total.data).toEqual([{ n: 1, statement: 2 }]);
    expect(byStatus).toMatchObject({
      data: undefined,
      error: { code: 'ERR_OPS_TELEMETRY_WIDGET_UNAVAILABLE', cause: { code: '42703' } },
    });
    expect(metrics.statements).toHaveLength(3);
  });

  it('a query with a cycle fails alone: it neither hangs nor is an unhandled rejection', async () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const { dashboard, metrics } = setUp({
      widgets: { total: query(), bad: query({ cycle, id: 'a' }) } as never,
    });
    metrics.behave((queries) => {
      if (queries.some(({ where }) => where !== undefined)) {
        throw Object.assign(new Error('no plain data'), { code: 'ERR_OPS_INVALID_OPTIONS' });
      }
    });
    const { total, bad } = (await dashboard.readAll({
      total: undefined,
      bad: undefined,
    } as never)) as Record<string, { data?: unknown; error?: unknown }>;
    expect(total?.data).toMatchObject([{ n: 1 }]);
    expect(bad?.error).toMatchObject({ cause: { message: 'no plain data' } });
  });

  it('a widget that gives no query the second time fails alone', async () => {
    let calls = 0;
    const fickle = (params: unknown, context: WidgetContext) =>
      (calls += 1) > 1 ? undefined : query()(params, context);
    const { dashboard } = setUp({ widgets: { total: query({ id: 'a' }), fickle } as never });
    const answers = (await dashboard.readAll({
      total: undefined,
      fickle: undefined,
    } as never)) as Record<string, { data?: unknown; error?: unknown }>;
    expect(answers['fickle']).toMatchObject({ data: undefined, error: { widget: 'fickle' } });
    expect(answers['total']?.data).toMatchObject([{ id: 'a' }]);
  });

  it('a lost connection is not asked again for each of them', async () => {
    const { dashboard, metrics } = setUp();
    metrics.behave(() => {
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    });
    await dashboard.readAll({ total: undefined, byStatus: undefined });
    expect(metrics.statements).toHaveLength(1);
  });
});

describe('a loader that fails', () => {
  it('is asked after 1 s, then after ever longer, and readers have the earlier answer', async () => {
    const { dashboard, metrics, clock, events } = setUp();
    const first = await dashboard.read('total');
    metrics.behave(() => {
      throw new Error('down');
    });
    await clock.advance(30_000);
    for (let second = 0; second < 60; second += 1) {
      const answer = await dashboard.read('total');
      expect(answer).toMatchObject({ isStale: true, data: first.data });
      await clock.advance(1_000);
    }
    // 0, 1, 3, 7, 15, 31 s.
    expect(metrics.statements).toHaveLength(1 + 6);
    expect(await dashboard.read('total')).toMatchObject({ error: { message: 'down' } });
    expect(events.filter(({ type }) => type === 'load-failed').map((event) => event)).toMatchObject(
      [
        { widget: 'total', failureCount: 1 },
        { failureCount: 2 },
        { failureCount: 3 },
        { failureCount: 4 },
        { failureCount: 5 },
        { failureCount: 6 },
      ],
    );
    metrics.behave(() => {});
    await clock.advance(30_000);
    await dashboard.read('total');
    await settled();
    expect(await dashboard.read('total')).toMatchObject({ isStale: false });
  });

  it('without an earlier answer says so at once until the next load is due', async () => {
    const { dashboard, clock, load } = setUp();
    load.mockRejectedValue(new Error('down'));
    for (let read = 0; read < 20; read += 1) {
      await expect(dashboard.read('own', { id: 1 })).rejects.toMatchObject({
        code: 'ERR_OPS_TELEMETRY_WIDGET_UNAVAILABLE',
        widget: 'own',
        failureCount: 1,
        cause: { message: 'down' },
      });
    }
    expect(load).toHaveBeenCalledTimes(1);
    await clock.advance(1_000);
    await expect(dashboard.read('own', { id: 1 })).rejects.toMatchObject({ failureCount: 2 });
  });

  it('that hangs is given up after loadTimeout, and its signal aborted', async () => {
    const { dashboard, clock, load } = setUp();
    const signals: AbortSignal[] = [];
    load.mockImplementation(async (...args: unknown[]) => {
      signals.push((args[1] as { signal: AbortSignal }).signal);
      return new Promise<never>(() => {});
    });
    const reading = dashboard.read('own', { id: 1 }).catch((error: unknown) => error);
    await clock.advance(10_000);
    expect(await reading).toMatchObject({ cause: { code: 'ERR_OPS_TIMEOUT' } });
    expect(signals[0]?.aborted).toBe(true);
  });

  it('and throws rather than rejects is told of like any other', async () => {
    const { dashboard, load } = setUp();
    load.mockImplementation(() => {
      throw new Error('at once');
    });
    await expect(dashboard.read('own', { id: 1 })).rejects.toMatchObject({
      cause: { message: 'at once' },
    });
  });

  it('metrics that hang without heeding their signal are given up as well', async () => {
    const { dashboard, clock, metrics } = setUp();
    metrics.behave(() => new Promise<never>(() => {}));
    const reading = dashboard.read('total').catch((error: unknown) => error);
    await clock.advance(10_000);
    expect(await reading).toMatchObject({ cause: { code: 'ERR_OPS_TIMEOUT' } });
  });

  it('a watermark that hangs costs a quarter of the time, not the answer', async () => {
    const { dashboard, clock, metrics, events } = setUp();
    metrics.hangWatermark();
    const reading = dashboard.read('total');
    await clock.advance(2_500);
    expect((await reading).data).toEqual([{ n: 1, statement: 1 }]);
    expect(events.map(({ type }) => type)).toContain('watermark-failed');
  });

  it('a listener that throws fails nothing', async () => {
    const { dashboard } = setUp({
      onEvent: () => {
        throw new Error('listener');
      },
    });
    expect((await dashboard.read('total')).isStale).toBe(false);
  });
});

describe('a reader', () => {
  it('that goes away leaves the load to the others', async () => {
    const { dashboard, metrics } = setUp();
    const gate = Promise.withResolvers<void>();
    metrics.behave(() => gate.promise);
    const controller = new AbortController();
    const gone = dashboard.read('total', undefined, { signal: controller.signal });
    const stays = dashboard.read('total');
    controller.abort(new Error('went away'));
    await expect(gone).rejects.toThrow('went away');
    gate.resolve();
    expect((await stays).data).toEqual([{ n: 1, statement: 1 }]);
    expect(metrics.statements).toHaveLength(1);
  });

  it('is told of a name that is no widget, and of parameters that are no data', async () => {
    const { dashboard } = setUp();
    await expect(dashboard.read('totals' as 'total')).rejects.toThrow(
      'No widget totals; there is total, byStatus, workflow, own',
    );
    await expect(dashboard.read('constructor' as 'total')).rejects.toThrow('No widget');
    await expect(dashboard.read('own', { id: () => 1 } as never)).rejects.toThrow('plain data');
  });

  it('after close gets a refusal, and so does who waits, though loader and metrics hang on', async () => {
    const { dashboard, load, metrics, events } = setUp();
    load.mockImplementation(() => new Promise<never>(() => {}));
    metrics.behave(() => new Promise<never>(() => {}));
    const waiting = [dashboard.read('own', { id: 1 }), dashboard.read('total')];
    await settled();
    const code = 'ERR_OPS_TELEMETRY_DASHBOARD_CLOSED';
    const refused = waiting.map((each) => expect(each).rejects.toMatchObject({ code }));
    await dashboard.close();
    await Promise.all(refused);
    expect(events).toEqual([]);
    expect(dashboard.stats().entries).toBe(0);
    await expect(dashboard.read('total')).rejects.toMatchObject({ code });
    await dashboard[Symbol.asyncDispose]();
  });
});

it('gives widgets the start of a day in UTC', async () => {
  const { dashboard, metrics } = setUp();
  await dashboard.read('total');
  const now = Date.parse('2026-03-01T00:00:00Z');
  expect(metrics.statements[0]?.[0]).toMatchObject({
    from: new Date(now - 29 * DAY),
    to: new Date(now),
  });
});

it('names all that is wrong with its options', () => {
  const wrong = { metrics: {}, widgets: { a: () => {} }, cache: { ttl: 'soon', size: 1 } };
  expect(() => createDashboardData(wrong as never)).toThrow(/metrics.*cache/s);
  expect(() =>
    createDashboardData({ metrics: fakeMetrics(), widgets: { chart: { query: 1 } } } as never),
  ).toThrow(/widgets\.chart.*load/s);
});
