import type { ServiceInfo } from '../health-options.ts';
import type { View } from '../http/view.ts';
import type { CheckState } from '../report.ts';
import { isWorse, type Standing, type Status } from '../status.ts';
import { checkCard } from './check-card.ts';
import { html, type Markup } from './markup.ts';
import { moment } from './moment.ts';
import { statusMark } from './status-mark.ts';
import { CONTENT_SECURITY_POLICY, STYLE } from './style.ts';

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'no-referrer',
};

/** What the page shows. */
export interface HealthPage {
  readonly view: View;
  readonly groups: readonly (Standing & { readonly name: string })[];
  readonly service: ServiceInfo;
  readonly nowMs: number;
  readonly showsDetails: boolean;
}

const VERDICTS: Readonly<Record<Status, string>> = {
  pass: 'Healthy',
  warn: 'Healthy, with warnings',
  fail: 'Unhealthy',
};

/** The status page: no script, no request to anywhere, the unhealthy first. */
export function healthPage({ view, groups, service, nowMs, showsDetails }: HealthPage): string {
  const { status, checks } = view.report;
  const name = service.id ?? 'Service';
  const sorted = Object.entries(checks).toSorted(byWorst);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${VERDICTS[status]}: ${name}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<header>
<h1>${name}</h1>
${about(service)}
<p class="line overall ${status}">${statusMark(status, VERDICTS[status])} <span>${summary(view, showsDetails)}</span></p>
<p class="quiet">As of ${moment(new Date(nowMs))} UTC</p>
</header>
<main>
<section aria-labelledby="groups">
<h2 id="groups">Groups</h2>
<ul class="groups" role="list">${groups.map(groupItem)}</ul>
</section>
<section aria-labelledby="checks">
<h2 id="checks">Checks</h2>
${
  sorted.length === 0
    ? html`<p>There are none.</p>`
    : html`<ul class="checks" role="list">
${sorted.map(([check, state]) => checkCard(check, state, nowMs, showsDetails))}</ul>`
}
</section>
</main>
<footer>
<p class="quiet">Reload by itself: <a href="?">off</a>, <a href="?refresh=30">every 30 s</a>, <a href="?refresh=300">every 5 min</a></p>
</footer>
</body>
</html>
`.markup;
}

/** Equals stay in the order in which the service names them. */
function byWorst(
  [, a]: readonly [string, CheckState],
  [, b]: readonly [string, CheckState],
): number {
  if (a.status === b.status) return 0;
  return isWorse(a.status, b.status) ? -1 : 1;
}

function about({ description, version, releaseId }: ServiceInfo): Markup {
  const facts = [
    ...(version === undefined ? [] : [html`version ${version}`]),
    ...(releaseId === undefined ? [] : [html`release <code>${releaseId}</code>`]),
  ];
  return html`${description === undefined ? undefined : html`<p>${description}</p>`}${
    facts.length === 0
      ? undefined
      : html`<p class="quiet">${facts.map((fact, at) => (at === 0 ? fact : html`, ${fact}`))}</p>`
  }`;
}

function summary({ report }: View, showsDetails: boolean): Markup {
  if (report.reason !== undefined) {
    const why = showsDetails ? html`: ${report.reason}` : undefined;
    return html`Only a restart will help <code>fatal</code>${why}`;
  }
  if (report.code === 'shutting_down') return html`Shutting down <code>shutting_down</code>`;
  const states = Object.values(report.checks);
  const counts = (['fail', 'warn', 'pass'] as const).map((status) => ({
    status,
    count: states.filter((state) => state.status === status).length,
  }));
  const words = { fail: 'failing', warn: 'with a warning', pass: 'passing' };
  const told = counts
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${words[status]}`);
  return html`${told.length === 0 ? 'no checks' : told.join(', ')}`;
}

function groupItem({ name, status, code }: Standing & { readonly name: string }): Markup {
  const why = code === 'ok' ? undefined : html`<code>${code}</code>`;
  return html`<li class="${status}"><strong>${name}</strong> <p class="line">${statusMark(status)}${why}</p></li>`;
}
