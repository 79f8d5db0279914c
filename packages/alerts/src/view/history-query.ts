import type { Alert } from '../alert.ts';
import type { Alerts } from '../alerts.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 7;
const MOST_DAYS = 400;
const DEFAULT_COUNT = 50;
const MOST_COUNT = 200;
/** Alerts that began in the same millisecond; what is beyond is not shown. */
const MOST_SKIPPED = 799;

/** A page of the history, as its URL says. */
export interface HistoryPageQuery {
  readonly days: number;
  readonly rule: string | undefined;
  readonly limit: number;
  /** Only alerts that began by then, without the first `skip` of those that began just then. */
  readonly before: Date | undefined;
  readonly skip: number;
}

export interface HistoryPageData {
  readonly alerts: readonly Alert[];
  /** Query of the next page; null: this is the last. */
  readonly next: string | null;
}

/** What cannot be understood is as if it were not there. */
export function historyQueryOf(parameters: URLSearchParams): HistoryPageQuery {
  const beforeMs = Date.parse(parameters.get('before') ?? '');
  const rule = parameters.get('rule') ?? '';
  return {
    days: within(parameters.get('days'), DEFAULT_DAYS, MOST_DAYS),
    limit: within(parameters.get('limit'), DEFAULT_COUNT, MOST_COUNT),
    rule: rule === '' || rule.length > 200 ? undefined : rule,
    before: Number.isNaN(beforeMs) ? undefined : new Date(beforeMs),
    skip: within(parameters.get('skip'), 0, MOST_SKIPPED),
  };
}

function within(text: string | null, otherwise: number, most: number): number {
  return text !== null && /^\d{1,6}$/.test(text) && Number(text) > 0
    ? Math.min(Number(text), most)
    : otherwise;
}

/**
 * The next page begins with the last moment of this one, and leaves out what was shown of it: alerts
 * of a fault often begin in the same millisecond, and a new one above moves nothing.
 */
export async function readHistory(
  alerts: Pick<Alerts, 'history'>,
  query: HistoryPageQuery,
  nowMs: number,
): Promise<HistoryPageData> {
  const { days, rule, limit, before, skip } = query;
  const found = await alerts.history({
    since: new Date(nowMs - days * DAY_MS),
    limit: skip + limit + 1,
    ...(rule !== undefined && { rule }),
    ...(before !== undefined && { until: before }),
  });
  const shown = found.slice(skip, skip + limit);
  const last = shown.at(-1);
  if (last === undefined || found.length <= skip + limit) return { alerts: shown, next: null };
  const at = last.startedAt;
  const seenCount = found.slice(0, skip + limit).filter(({ startedAt }) => startedAt === at).length;
  const next = new URLSearchParams({ before: at, skip: String(seenCount) });
  if (days !== DEFAULT_DAYS) next.set('days', String(days));
  if (limit !== DEFAULT_COUNT) next.set('limit', String(limit));
  if (rule !== undefined) next.set('rule', rule);
  return { alerts: shown, next: String(next) };
}
