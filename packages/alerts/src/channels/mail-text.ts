import type { Alert } from '../alert.ts';
import type { Notification } from '../notification.ts';
import { lastedOf, nameOf } from './headline.ts';
import { linkOf, oneLine, timeOf } from './plain-text.ts';

/** More than that in one mail is counted only. */
export const MAX_MAIL_ALERTS = 50;

/** The mail for readers without HTML. */
export function mailText(notification: Notification): string {
  const { text, firing, resolved, lines, at, degraded, url } = notification;
  const parts = [oneLine(text, 500)];
  for (const alert of firing.slice(0, MAX_MAIL_ALERTS)) parts.push(alertText(alert));
  const ended = resolved.slice(0, MAX_MAIL_ALERTS).map((alert) => `- ${endText(alert)}`);
  if (ended.length > 0) parts.push(`Ended:\n${ended.join('\n')}`);
  const more = missingCount(notification);
  if (more > 0) parts.push(`… and ${more} more alerts`);
  if (lines.length > 0) parts.push(lines.map((line) => oneLine(line, 500)).join('\n'));
  if (degraded) parts.push(DEGRADED);
  const link = linkOf(url);
  parts.push(link === undefined ? timeOf(at) : `${timeOf(at)}\nAll alerts: ${link}`);
  return `${parts.join('\n\n')}\n`;
}

export const DEGRADED =
  'Sent by one replica alone, while its store was out of reach: others may send the same.';

export function missingCount({ firing, resolved }: Notification): number {
  return (
    Math.max(0, firing.length - MAX_MAIL_ALERTS) + Math.max(0, resolved.length - MAX_MAIL_ALERTS)
  );
}

/** `high, since 2026-01-01 00:00:00 UTC, taken by ann`; one line. */
export function statusText({ severity, state, startedAt, acknowledged }: Alert): string {
  const facts = [state === 'recovering' ? `${severity}, recovering` : severity];
  facts.push(`since ${timeOf(startedAt)}`);
  if (acknowledged) {
    const note = acknowledged.note ? `: ${acknowledged.note}` : '';
    facts.push(`taken by ${acknowledged.by}${note}`);
  }
  return oneLine(facts.join(', '), 400);
}

/** `partners shopify (high) after 12m: 3 failures …`; one line. */
export function endText(alert: Alert): string {
  const lasted = lastedOf(alert);
  const after = lasted === undefined ? '' : ` after ${lasted}`;
  return oneLine(`${nameOf(alert)} (${alert.severity})${after}: ${alert.reason}`, 500);
}

/** `3 × TypeError: … (/pay, shopify)`; one line. */
export function sampleText({
  count,
  message,
  route,
  integration,
}: Alert['samples'][number]): string {
  const where = [route, integration].filter((part) => part !== undefined).join(', ');
  return oneLine(`${count} × ${message}${where === '' ? '' : ` (${where})`}`, 400);
}

function alertText(alert: Alert): string {
  const { reason, samples, runbook } = alert;
  const lines = [
    `${oneLine(nameOf(alert), 200)}: ${statusText(alert)}`,
    `  ${oneLine(reason, 500)}`,
  ];
  for (const sample of samples) lines.push(`  ${sampleText(sample)}`);
  if (runbook !== null) lines.push(`  Runbook: ${linkOf(runbook) ?? oneLine(runbook, 500)}`);
  return lines.join('\n');
}
