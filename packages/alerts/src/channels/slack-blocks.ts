import type { Alert, Severity } from '../alert.ts';
import type { Notification } from '../notification.ts';
import { headline, lastedOf, nameOf, worstOf } from './headline.ts';
import { linkOf, timeOf } from './plain-text.ts';
import { bold, slackLink, slackPlainText, slackText } from './slack-text.ts';

/**
 * All blocks together, as JSON. Beside the documented limits (50 blocks, 150 characters in a header,
 * 3,000 in a section) Slack has one that it does not document: it refused messages with
 * `msg_blocks_too_long` from about 13,200 characters, and of some makes from 11,300.
 *
 * @see https://github.com/slackapi/bolt-js/issues/2509
 */
const MAX_BYTES = 10_000;
const MAX_SECTION_LENGTH = 1_500;
/** Of a section, so that many short ones cannot make many of them. */
const MAX_LINES = 40;
/** Nobody reads more in a chat; with what stands around them far below 50 blocks. */
const MAX_ALERTS = 20;
const MAX_SAMPLES = 3;
/** Of all lines together: the more there are, the shorter each, so that the hundred of a digest fit. */
const MAX_LINES_LENGTH = 8_000;

const SIGNS: Readonly<Record<Severity, string>> = {
  low: '🔵',
  medium: '🟡',
  high: '🟠',
  critical: '🔴',
};

/** A Block Kit block. */
export type SlackBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: Markup }
  | { readonly type: 'context'; readonly elements: readonly Markup[] };
type PlainText = { readonly type: 'plain_text'; readonly text: string; readonly emoji: true };
/** `verbatim`: nothing in it is looked for and turned into a link or mention. */
type Markup = { readonly type: 'mrkdwn'; readonly text: string; readonly verbatim: true };

/**
 * The message: headline, each alert with its reason, samples and links, what has ended, lines, and
 * a footer. What does not fit is counted instead. Links stand in the text: a button in a message of
 * an app without an interactivity URL answers a click with a warning.
 */
export function slackBlocks(notification: Notification): readonly SlackBlock[] {
  const first = header(notification);
  const last = footer(notification);
  let leftBytes = MAX_BYTES - sizeOf(first) - sizeOf(last) - 200;
  const middle: SlackBlock[] = [];
  const fits = (block: SlackBlock): boolean => {
    const bytes = sizeOf(block);
    if (bytes > leftBytes) return false;
    leftBytes -= bytes;
    middle.push(block);
    return true;
  };
  const { resolved, lines } = notification;
  // The lines of a digest name its alerts already.
  const firing = lines.length > 0 ? [] : notification.firing;
  let toldCount = 0;
  for (const alert of firing.slice(0, MAX_ALERTS)) {
    if (!fits(section(alertText(alert)))) break;
    toldCount += 1;
  }
  toldCount += list(resolved, endText, fits);
  const maxLength = Math.min(300, Math.floor(MAX_LINES_LENGTH / lines.length));
  const lineCount = list(lines, (line) => slackText(line, maxLength), fits);
  const missing = [
    [firing.length + resolved.length - toldCount, 'alerts'] as const,
    [lines.length - lineCount, 'lines'] as const,
  ].filter(([count]) => count > 0);
  if (missing.length > 0) {
    const more = missing.map(([count, what]) => `${count} more ${what}`).join(' and ');
    middle.push(section(`… and ${more}`));
  }
  return [first, ...middle, last];
}

function header(notification: Notification): SlackBlock {
  const severity = worstOf(notification);
  const isOver = notification.firing.length === 0 && notification.resolved.length > 0;
  const sign = isOver ? '✅' : severity ? SIGNS[severity] : 'ℹ️';
  const text = `${sign} ${slackPlainText(headline(notification, 140), 140)}`;
  return { type: 'header', text: { type: 'plain_text', text, emoji: true } };
}

function footer({ at, repeatCount, degraded, url }: Notification): SlackBlock {
  const facts = [slackText(timeOf(at), 50)];
  if (repeatCount > 0) facts.push(`told ${repeatCount} times before`);
  if (degraded) facts.push('sent by one replica alone, its store was out of reach');
  const link = slackLink(linkOf(url), 'All alerts');
  if (link !== undefined) facts.push(link);
  return { type: 'context', elements: [markup(facts.join(' · '))] };
}

function alertText(alert: Alert): string {
  const { severity, state, startedAt, reason, samples, runbook, acknowledged } = alert;
  const status = state === 'recovering' ? `${severity}, recovering` : severity;
  const lines = [
    `${SIGNS[severity]} ${bold(nameOf(alert), 200)} · ${status} · since ${slackText(timeOf(startedAt), 50)}`,
    slackText(reason, 500),
  ];
  if (acknowledged) {
    const note = acknowledged.note ? `: ${acknowledged.note}` : '';
    lines.push(`Taken by ${slackText(`${acknowledged.by}${note}`, 200)}`);
  }
  if (samples.length > 0) {
    const shown = samples.slice(0, MAX_SAMPLES).map(({ count, message, route }) => {
      const where = route ? ` (${route})` : '';
      return slackText(`${count} × ${message}${where}`, 250);
    });
    lines.push(`\`\`\`\n${shown.join('\n')}\n\`\`\``);
  }
  const link = slackLink(linkOf(runbook), 'Runbook');
  if (link !== undefined) lines.push(link);
  else if (runbook !== null) lines.push(`Runbook: ${slackText(runbook, 300)}`);
  return lines.join('\n');
}

function endText(alert: Alert): string {
  const lasted = lastedOf(alert);
  const after = lasted === undefined ? '' : ` after ${lasted}`;
  return `✅ ${bold(nameOf(alert), 200)} (${alert.severity}) ended${after}`;
}

/** Lines in as few sections as they need, as long as they fit. Returns how many did. */
function list<T>(
  items: readonly T[],
  toLine: (item: T) => string,
  fits: (block: SlackBlock) => boolean,
): number {
  let toldCount = 0;
  while (toldCount < items.length) {
    const lines: string[] = [];
    let length = 0;
    for (const item of items.slice(toldCount, toldCount + MAX_LINES)) {
      const line = toLine(item);
      length += line.length + 1;
      if (length > MAX_SECTION_LENGTH) break;
      lines.push(line);
    }
    // A space: a section must not be empty, as lines may be.
    if (!fits(section(lines.join('\n') || ' '))) break;
    toldCount += lines.length;
  }
  return toldCount;
}

function section(text: string): SlackBlock {
  return { type: 'section', text: markup(text) };
}

function markup(text: string): Markup {
  return { type: 'mrkdwn', text, verbatim: true };
}

function sizeOf(block: SlackBlock): number {
  return Buffer.byteLength(JSON.stringify(block)) + 1;
}
