import type { Alert } from '../alert.ts';
import { stateWords } from './alert-card.ts';
import { html, type Markup } from './markup.ts';
import { lasting, moment } from './moment.ts';
import { page, table } from './page.ts';

/** What the page of the past shows. */
export interface History {
  readonly alerts: readonly Alert[];
  /** The query that shows what is older: `before=…&skip=…`; null: nothing is. */
  readonly next: string | null;
  readonly rule: string | undefined;
  readonly days: number;
  readonly nowMs: number;
}

/** Newest first. */
export function historyPage(history: History, basePath: string): string {
  const { alerts, next, rule, days, nowMs } = history;
  const of = rule === undefined ? '' : ` of ${rule}`;
  const caption = `Alerts${of} of the last ${days === 1 ? 'day' : `${days} days`}, newest first`;
  const heads = ['Began (UTC)', 'Lasted', 'Rule', 'State', 'Why', 'Acknowledged', 'Id'];
  return page(
    { title: 'History of alerts', heading: 'History of alerts', basePath, path: '/history', nowMs },
    html`${
      alerts.length === 0
        ? html`<p>No alert${of} in this time.</p>\n`
        : table(
            caption,
            heads,
            alerts.map((alert) => row(alert, nowMs)),
          )
    }${next === null ? undefined : html`<p><a href="?${next}" rel="next">Older alerts</a></p>\n`}`,
  );
}

function row(alert: Alert, nowMs: number): (Markup | string)[] {
  const { startedAt, endedAt, rule, key, severity, state, reason, acknowledged, id } = alert;
  return [
    moment(startedAt),
    lasting(startedAt, endedAt === null ? nowMs : Date.parse(endedAt)),
    key === null || key === '' ? rule : `${rule}: ${key}`,
    html`<span class="mark ${state === 'ok' ? 'ok' : severity}">${stateWords(alert)}</span>`,
    reason,
    acknowledged === null ? '' : acknowledged.by,
    html`<code>${id}</code>`,
  ];
}
