import { type Alert, isWorse } from '../alert.ts';
import type { AlertsStatus, ChannelStatus, SeriesStatus } from '../alerts.ts';
import type { Silence } from '../silence.ts';
import { alertCard } from './alert-card.ts';
import { html, type Markup } from './markup.ts';
import { moment } from './moment.ts';
import { page, table } from './page.ts';

/** What the first page shows. */
export interface Overview {
  readonly active: readonly Alert[];
  readonly silences: readonly Silence[];
  /** Undefined: the store could not be asked. */
  readonly status: AlertsStatus | undefined;
  readonly nowMs: number;
}

/** Active alerts first, the worst and then the oldest above; then what may go unseen. */
export function overviewPage(overview: Overview, basePath: string): string {
  const { active, status, nowMs } = overview;
  const sorted = active.toSorted(byWorst);
  const name = nameOf(overview);
  const count = sorted.length === 1 ? '1 alert' : `${sorted.length || 'no'} alerts`;
  return page(
    { title: `${count}: ${name}`, heading: `Alerts of ${name}`, basePath, path: '/', nowMs },
    html`${notices(overview)}<section aria-labelledby="active">
<h2 id="active">Active (${sorted.length})</h2>
${sorted.length === 0 ? html`<p>There are none.</p>\n` : html`<ul class="cards" role="list">${sorted.map((alert) => alertCard(alert, nowMs))}</ul>\n`}</section>
${silenceSection(overview.silences)}${status === undefined ? undefined : html`${seriesSection(status.series)}${channelSection(status.channels)}`}`,
  );
}

/** The service and environment; of an alert where the store cannot be asked. */
function nameOf({ status, active }: Overview): string {
  const known = status ?? active[0];
  return known === undefined ? 'this service' : `${known.service} (${known.environment})`;
}

function byWorst(a: Alert, b: Alert): number {
  if (a.severity !== b.severity) return isWorse(a.severity, b.severity) ? -1 : 1;
  return a.startedAt.localeCompare(b.startedAt);
}

function notices({ status }: Overview): Markup | undefined {
  if (status === undefined) {
    return notice('The store of alerts cannot be reached: this is what this replica knew last.');
  }
  if (!status.isDegraded) return undefined;
  return notice('This replica works without the store: others may know of more alerts.');
}

function notice(text: string): Markup {
  return html`<p class="notice high" role="status">${text}</p>\n`;
}

function silenceSection(silences: readonly Silence[]): Markup | undefined {
  if (silences.length === 0) return undefined;
  const rows = silences.map((silence) => [
    matchWords(silence),
    html`${moment(silence.endsAt)}`,
    silence.by,
    silence.reason,
    html`<code>${silence.id}</code>`,
  ]);
  return html`<section aria-labelledby="silences">
<h2 id="silences">Silences (${silences.length})</h2>
${table('Nobody is told of these', ['Alerts', 'Until (UTC)', 'By', 'Reason', 'Id'], rows)}</section>
`;
}

function matchWords({ match }: Silence): string {
  const pairs = [
    ['rule', match.rule],
    ['severity', match.severity],
    ...Object.entries(match.labels ?? {}),
  ] as const;
  const told = pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${[value].flat().join(' or ')}`],
  );
  return told.join(', ') || 'every alert';
}

const STATES: Readonly<
  Record<SeriesStatus['state'], { readonly word: string; readonly at: number }>
> = {
  firing: { word: 'firing', at: 0 },
  recovering: { word: 'recovering', at: 1 },
  pending: { word: 'pending', at: 2 },
  'no-data': { word: 'no data', at: 3 },
  ok: { word: 'ok', at: 4 },
};
/** Of hundreds of integrations that are well, nobody reads the list. */
const MOST_SERIES = 200;

function seriesSection(series: readonly SeriesStatus[]): Markup {
  const sorted = series.toSorted((a, b) => STATES[a.state].at - STATES[b.state].at);
  const shown = sorted.slice(0, MOST_SERIES);
  const noDataCount = series.filter(({ state }) => state === 'no-data').length;
  const rows = shown.map(({ rule, key, state, why }) => [
    rule,
    key ?? '',
    html`<span class="mark ${state === 'ok' ? 'ok' : 'high'}">${STATES[state].word}</span>`,
    why,
  ]);
  const caption = `What each rule finds${shown.length < series.length ? ` (${shown.length} of ${series.length})` : ''}`;
  return html`<section aria-labelledby="rules">
<h2 id="rules">Rules${noDataCount === 0 ? '' : ` (${noDataCount} without data)`}</h2>
${table(caption, ['Rule', 'Series', 'State', 'Why'], rows)}</section>
`;
}

function channelSection(channels: readonly ChannelStatus[]): Markup {
  const rows = channels.map((one) => [one.channel, channelState(one), String(one.pendingCount)]);
  return html`<section aria-labelledby="channels">
<h2 id="channels">Channels</h2>
${table('How sending goes', ['Channel', 'State', 'Messages that wait'], rows)}</section>
`;
}

function channelState({ isBroken, pausedUntil }: ChannelStatus): Markup {
  if (isBroken) return html`<span class="mark critical">refuses messages</span>`;
  if (pausedUntil !== null)
    return html`<span class="mark high">paused until ${moment(pausedUntil)}</span>`;
  return html`<span class="mark ok">working</span>`;
}
