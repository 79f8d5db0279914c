import type { Alerts, AlertsStatus } from '../alerts.ts';
import { type Format, formatOf } from './format.ts';
import { historyPage } from './history-page.ts';
import { historyQueryOf, readHistory } from './history-query.ts';
import { overviewPage } from './overview-page.ts';
import { refusal, reply } from './reply.ts';
import {
  type AlertsViewOptions,
  type AlertsViewSettings,
  parseAlertsViewOptions,
} from './view-options.ts';

/** As much of `Alerts` as the view reads. */
export type ViewedAlerts = Pick<Alerts, 'active' | 'silences' | 'status' | 'history'>;

/**
 * A read-only view of alerts, as a fetch handler: `GET /` is what fires now, with silences, what each
 * rule finds and how the channels are; `GET /history` is the past, by `days` (7), `rule`, `limit` (50)
 * and the link to older ones. HTML, or JSON with `?format=json` or by `Accept`. `?refresh=30` has the
 * page reload, 5 s to 1 h. It changes nothing, and never rejects: what the store does not answer is
 * said on the page, or by 503.
 *
 * @throws InvalidOptionsError
 */
export function alertsView(
  alerts: ViewedAlerts,
  options: AlertsViewOptions,
): (request: Request) => Promise<Response> {
  const settings = parseAlertsViewOptions(options);
  return async (request) => {
    const response = await answer(alerts, settings, request);
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
}

async function answer(
  alerts: ViewedAlerts,
  settings: AlertsViewSettings,
  request: Request,
): Promise<Response> {
  const url = new URL(request.url);
  const path = pathOf(url, settings.basePath);
  if (path === undefined) return refusal(404);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405);
  const allowed = await authorised(settings, request);
  if (allowed instanceof Response) return allowed;
  if (allowed !== true) return refusal(allowed === 401 ? 401 : 403);
  const format = formatOf(url.searchParams, request.headers.get('accept'));
  const look = path === '/' ? overview : history;
  return look(alerts, settings, url.searchParams, format);
}

function pathOf({ pathname }: URL, basePath: string): '/' | '/history' | undefined {
  if (!pathname.startsWith(basePath)) return undefined;
  const rest = pathname.slice(basePath.length);
  if (rest === '' || rest === '/') return '/';
  return rest === '/history' || rest === '/history/' ? '/history' : undefined;
}

/** Whoever cannot be asked says no. */
async function authorised({ authorize }: AlertsViewSettings, request: Request): Promise<unknown> {
  try {
    return await authorize(request);
  } catch {
    return false;
  }
}

async function overview(
  alerts: ViewedAlerts,
  { basePath, clock }: AlertsViewSettings,
  parameters: URLSearchParams,
  format: Format,
): Promise<Response> {
  const status = await alerts.status().catch(() => undefined);
  const shown = {
    active: alerts.active(),
    silences: alerts.silences(),
    status,
    nowMs: clock.now(),
  };
  if (format === 'html') return reply(format, overviewPage(shown, basePath), parameters);
  return reply(format, JSON.stringify(overviewJson(shown)), parameters);
}

function overviewJson({
  nowMs,
  status,
  ...shown
}: Pick<Parameters<typeof overviewPage>[0], 'active' | 'silences' | 'nowMs'> & {
  readonly status: AlertsStatus | undefined;
}): object {
  return { at: new Date(nowMs).toISOString(), ...shown, status: status ?? null };
}

async function history(
  alerts: ViewedAlerts,
  { basePath, clock }: AlertsViewSettings,
  parameters: URLSearchParams,
  format: Format,
): Promise<Response> {
  const query = historyQueryOf(parameters);
  const nowMs = clock.now();
  const found = await readHistory(alerts, query, nowMs).catch((error: unknown) =>
    // Nothing else in it comes from the URL as it is.
    Reflect.get(Object(error), 'code') === 'ERR_OPS_INVALID_OPTIONS' ? refusal(404) : refusal(503),
  );
  if (found instanceof Response) return found;
  if (format === 'json') return reply(format, JSON.stringify(found), parameters);
  const { rule, days } = query;
  return reply(format, historyPage({ ...found, rule, days, nowMs }, basePath), parameters);
}
