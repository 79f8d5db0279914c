import type { Alert } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import type { Content } from './compose.ts';

const MAX_TEXT_LENGTH = 500;
/** How many alerts a text names; it counts the others. */
const MAX_NAMED_COUNT = 3;
const MAX_REASON_LENGTH = 200;

/**
 * The notification in one line of at most 500 characters.
 *
 * @param content with its lists worst first, uncut.
 */
export function textOf(content: Content): string {
  const { service, environment } = content.context.settings;
  const { firing, resolved } = content;
  const isOver = firing.length === 0;
  const [first, ...others] = isOver ? resolved : firing;
  if (first === undefined) return oneLine(`${headingOf(content)}: ${service} (${environment})`);
  const what =
    others.length === 0
      ? `${subjectOf(first)} in ${service} (${environment}): ${brief(first.reason)}`
      : `${others.length + 1} alerts${ofGroup(content)} in ${service} (${environment}): ${named([first, ...others], isOver)}`;
  const ends = !isOver && resolved.length > 0 ? `; RESOLVED: ${named(resolved, true)}` : '';
  const degraded = content.context.isDegraded
    ? ' [degraded: from one replica, without its store]'
    : '';
  return `${oneLine(`${headingOf(content)}: ${what}${ends}`, MAX_TEXT_LENGTH - degraded.length)}${degraded}`;
}

/** The rule and the series: `partners/shopify`. */
function subjectOf({ rule, key }: Alert): string {
  return key === null || key === '' ? rule : `${rule}/${key}`;
}

/** On one line, no longer than this; half a character is not left over. */
export function oneLine(text: string, maxLength: number = MAX_TEXT_LENGTH): string {
  // Control characters and separators of lines, which would begin a new one.
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  if (line.length <= maxLength) return line;
  return `${line.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function headingOf({ kind, firing, resolved, context }: Content): string {
  const worst = (firing[0] ?? resolved[0])?.severity ?? 'low';
  const [only, ...others] = resolved;
  const lasted = others.length === 0 ? after(only) : '';
  if (kind === 'escalated') return `ESCALATED (${worst})`;
  if (kind === 'repeat') {
    return `STILL FIRING (${worst}) for ${formatDuration(longestMs(firing, context.nowMs))}`;
  }
  if (kind === 'resolved') return `RESOLVED${lasted}`;
  if (kind === 'fired-and-resolved') return `FIRED (${worst}) AND RESOLVED${lasted}`;
  if (kind === 'acknowledged') return `ACKNOWLEDGED${byWhom(firing)} (${worst})`;
  return `FIRING (${worst})`;
}

/** ` after 12m`. */
function after(alert: Alert | undefined): string {
  if (alert?.endedAt == null) return '';
  const lastedMs = Date.parse(alert.endedAt) - Date.parse(alert.startedAt);
  return ` after ${formatDuration(Math.max(0, lastedMs))}`;
}

function longestMs(alerts: readonly Alert[], nowMs: number): number {
  const starts = alerts.map(({ startedAt }) => Date.parse(startedAt));
  return Math.max(0, nowMs - Math.min(nowMs, ...starts));
}

/** Who did so last. */
function byWhom(alerts: readonly Alert[]): string {
  const latest = alerts
    .flatMap(({ acknowledged }) => acknowledged ?? [])
    .reduce<{ by: string; at: string } | undefined>(
      (one, other) => (one !== undefined && one.at >= other.at ? one : other),
      undefined,
    );
  return latest === undefined ? '' : ` by ${oneLine(latest.by, 60)}`;
}

/** ` of rule partners`. */
function ofGroup({ groupLabels }: Content): string {
  const labels = Object.entries(groupLabels).map(([name, value]) => `${name} ${value}`);
  return labels.length === 0 ? '' : ` of ${oneLine(labels.join(', '), 100)}`;
}

function named(alerts: readonly Alert[], isOver: boolean): string {
  const names = alerts
    .slice(0, MAX_NAMED_COUNT)
    .map(
      (alert) => `${subjectOf(alert)}${isOver ? after(alert) : `: ${brief(alert.reason, 100)}`}`,
    );
  const restCount = alerts.length - names.length;
  return names.join('; ') + (restCount > 0 ? `; and ${restCount} more` : '');
}

function brief(reason: string, maxLength: number = MAX_REASON_LENGTH): string {
  return oneLine(reason, maxLength);
}
