import type { Engine } from '../engine.ts';
import { healthPage, PAGE_HEADERS } from '../html/health-page.ts';
import type { HealthSettings } from '../options.ts';
import { type Answer, answerOf, type Content, keptAnswerOf, NOT_FOUND, TEXT } from './answer.ts';
import { healthJson } from './health-json.ts';
import { kubeText } from './kube-text.ts';
import { microprofileJson } from './microprofile-json.ts';
import type { MediaType } from './negotiate.ts';
import type { PageRoute } from './route.ts';
import { type Selection, type View, viewOf } from './view.ts';

/** How one page is shown. */
export interface Showing {
  readonly route: PageRoute;
  readonly format: MediaType;
  readonly selection: Selection;
  readonly showsDetails: boolean;
}

/** Makes the answer. Runs nothing. */
export function pageAnswer(engine: Engine, settings: HealthSettings, showing: Showing): Answer {
  const { route, format, selection, showsDetails } = showing;
  const view = viewOf(engine, route, selection);
  if (view === undefined) return NOT_FOUND;
  const codes = route.isZPage ? settings.statusCodes.zPages : settings.statusCodes.health;
  const content: Content = {
    status: codes[view.report.status],
    type: format === 'text/plain' ? TEXT : format,
    body: bodyOf(view, engine, settings, showing),
    headers: route.offers.length === 1 ? {} : { vary: 'accept' },
  };
  if (format === 'text/html') {
    const headers = { ...content.headers, ...PAGE_HEADERS };
    return answerOf({ ...content, type: 'text/html; charset=utf-8', headers });
  }
  // The status, and the number: a warning may be told as 429.
  const isFailing = view.report.status === 'fail' || content.status >= 400;
  if (!route.isKept || showsDetails || isFailing) return answerOf(content);
  return keptAnswerOf(content, cacheControlOf(settings));
}

function bodyOf(
  view: View,
  engine: Engine,
  { service, clock }: HealthSettings,
  { route, format, selection, showsDetails }: Showing,
): string {
  if (format === 'text/plain') return kubeText(view, route, selection, showsDetails);
  if (format === 'text/html') {
    // All of them are what the page itself is about.
    const names = [...engine.groups.keys()].filter((name) => name !== 'all');
    const groups = names.map((name) => ({ name, ...engine.standing(name) }));
    return healthPage({ view, groups, service, nowMs: clock.now(), showsDetails });
  }
  const isMicroprofile = format === 'application/json' && route.offers[0] === format;
  return isMicroprofile
    ? microprofileJson(view, showsDetails)
    : healthJson(view.report, service, showsDetails);
}

/** As long as every result in it is used without a new attempt. */
function cacheControlOf({ checks, details, defaultTtlMs }: HealthSettings): string {
  const agesMs = checks.map(({ schedule, ttlMs }) => schedule?.everyMs ?? ttlMs);
  const seconds = Math.floor(
    Math.min(...agesMs, ...(agesMs.length === 0 ? [defaultTtlMs] : [])) / 1_000,
  );
  // Others may be shown more: what is kept for one is not for them.
  return `${details === false ? '' : 'private, '}max-age=${seconds}`;
}
