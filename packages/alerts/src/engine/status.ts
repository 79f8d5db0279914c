import type { AlertsStatus, ChannelStatus, SeriesStatus } from '../alerts.ts';
import type { AlertsSettings } from '../options.ts';
import type { Rule, Verdict } from '../rule.ts';
import type { Series } from '../series.ts';
import type { Engine } from './engine.ts';
import { seriesKey } from './series-book.ts';
import { seriesOf } from './series-document.ts';
import type { Worker } from './worker.ts';

const MAX_COUNT = 1_000;

/** Reads where everything stands. Rejects when the store, or what stands in for it, cannot be read. */
export async function statusOf(engine: Engine, settings: AlertsSettings): Promise<AlertsStatus> {
  const { current, isDegraded } = engine;
  const { service, environment, store } = settings;
  return {
    service,
    environment,
    store: store.kind,
    isDegraded,
    series: await seriesStatus(current, settings),
    channels: await Promise.all(
      Object.keys(settings.channels).map((channel) => channelStatus(current, channel)),
    ),
  };
}

async function seriesStatus(
  { session }: Worker,
  { rules }: AlertsSettings,
): Promise<readonly SeriesStatus[]> {
  const nowMs = session.now();
  const documents = await session.list('s:', MAX_COUNT);
  const known = new Set(documents.map(({ key }) => key));
  const stored = documents.flatMap((document) => {
    const series = seriesOf(document)?.series;
    const rule = series && Object.hasOwn(rules, series.rule) ? rules[series.rule] : undefined;
    return series && rule ? [ofSeries(series, rule, nowMs)] : [];
  });
  const untouched = Object.entries(rules).flatMap(([name, rule]) =>
    rule.maxSeriesCount > 1 || known.has(seriesKey(name, '')) ? [] : [ofRule(name, rule, nowMs)],
  );
  return [...stored, ...untouched];
}

function ofSeries(series: Series, rule: Rule, nowMs: number): SeriesStatus {
  const { key, life } = series;
  const { why, value, limit } = verdictOf(rule, series.state, nowMs);
  return { rule: series.rule, key: key === '' ? null : key, state: life.state, why, value, limit };
}

function ofRule(name: string, rule: Rule, nowMs: number): SeriesStatus {
  const { status, why, value, limit } = verdictOf(rule, undefined, nowMs);
  const state = status === 'no-data' ? 'no-data' : 'ok';
  return { rule: name, key: null, state, why, value, limit };
}

/** @param state undefined: where nothing has happened. */
function verdictOf(
  rule: Rule,
  state: unknown,
  nowMs: number,
): Pick<Verdict, 'status' | 'why' | 'value' | 'limit'> {
  try {
    const from = state === undefined ? rule.init(nowMs) : state;
    return rule.evaluate(rule.tick?.(from, nowMs) ?? from, nowMs);
  } catch {
    const why = 'its state cannot be read; it begins anew with the next event';
    return { status: 'no-data', why, value: null, limit: null };
  }
}

async function channelStatus(
  { session, dispatcher }: Worker,
  channel: string,
): Promise<ChannelStatus> {
  const waiting = await session.waiting(channel, MAX_COUNT);
  const { pausedUntilMs, isBroken } = dispatcher.healthOf(channel);
  const isPaused = pausedUntilMs > session.now();
  return {
    channel,
    pendingCount: waiting.length,
    pausedUntil: isPaused ? new Date(pausedUntilMs).toISOString() : null,
    isBroken,
  };
}
