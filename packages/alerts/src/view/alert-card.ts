import type { Alert, ErrorSample } from '../alert.ts';
import { html, type Markup } from './markup.ts';
import { lasting, moment } from './moment.ts';

/** One alert: why, since when, what errors it was, and who took charge. */
export function alertCard(alert: Alert, nowMs: number): Markup {
  const { rule, key, severity, state, reason, id } = alert;
  const name = key === null || key === '' ? rule : `${rule}: ${key}`;
  return html`<li class="${state === 'ok' ? 'ok' : severity}">
<div class="head"><h3>${name}</h3><p class="mark">${stateWords(alert)}</p></div>
<p>${reason}</p>
<p class="quiet">${since(alert, nowMs)} <code>${id}</code></p>
${labelLine(alert)}
${acknowledgement(alert)}
${samples(alert.samples)}
${runbook(alert.runbook)}
</li>
`;
}

/** What an alert's state and severity are called. */
export function stateWords({ state, severity, degraded }: Alert): string {
  const word = state === 'ok' ? 'Resolved' : state === 'firing' ? 'Firing' : 'Recovering';
  return `${word}, ${severity}${degraded ? ', seen by one replica alone' : ''}`;
}

function since({ startedAt, endedAt }: Alert, nowMs: number): Markup {
  if (endedAt === null) return html`Since ${moment(startedAt)} UTC, ${lasting(startedAt, nowMs)}.`;
  return html`${moment(startedAt)} to ${moment(endedAt)} UTC, ${lasting(startedAt, Date.parse(endedAt))}.`;
}

function labelLine({ labels }: Alert): Markup | undefined {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return undefined;
  return html`<p class="quiet">${pairs.map(([name, value]) => html`<code>${name}=${value}</code> `)}</p>`;
}

function acknowledgement({ acknowledged }: Alert): Markup | undefined {
  if (acknowledged === null) return undefined;
  const { by, at, note } = acknowledged;
  const said = note === undefined || note === '' ? '' : `: ${note}`;
  return html`<p>Acknowledged by ${by} at ${moment(at)} UTC${said}</p>`;
}

function samples(all: readonly ErrorSample[]): Markup | undefined {
  if (all.length === 0) return undefined;
  return html`<ul class="samples" aria-label="Errors">${all.map(sample)}</ul>`;
}

function sample({ message, count, route, integration }: ErrorSample): Markup {
  const place = [route, integration].filter((each) => each !== undefined && each !== '').join(', ');
  return html`<li>${count} × ${message}${place === '' ? undefined : html` <span class="quiet">(${place})</span>`}</li>`;
}

/** A link only where it leads somewhere: no `javascript:`. */
function runbook(text: string | null): Markup | undefined {
  if (text === null) return undefined;
  if (!/^https?:\/\//i.test(text)) return html`<p>Runbook: ${text}</p>`;
  return html`<p>Runbook: <a href="${text}" rel="noreferrer">${text}</a></p>`;
}
