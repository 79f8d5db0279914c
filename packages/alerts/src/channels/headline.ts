import { type Alert, isWorse, type Severity } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import type { Notification, NotificationKind } from '../notification.ts';
import { oneLine } from './plain-text.ts';

const LABELS: Readonly<Record<NotificationKind, string>> = {
  firing: 'FIRING',
  escalated: 'ESCALATED',
  repeat: 'STILL FIRING',
  resolved: 'RESOLVED',
  'fired-and-resolved': 'FIRED AND RESOLVED',
  acknowledged: 'ACKNOWLEDGED',
  digest: 'DIGEST',
  undelivered: 'UNDELIVERED',
  test: 'TEST',
};

/** `FIRING (high): errorSpike in billing (production)`, `FIRING (high): 3 alerts in …`; one line. */
export function headline(notification: Notification, maxLength: number): string {
  const { kind, service, environment } = notification;
  const alerts = alertsOf(notification);
  const severity = worstOf(notification);
  const label = severity ? `${LABELS[kind]} (${severity})` : LABELS[kind];
  const [only] = alerts;
  let subject = '';
  if (alerts.length > 1) subject = `${alerts.length} alerts in `;
  else if (only) subject = `${nameOf(only)} in `;
  return oneLine(`${label}: ${subject}${service} (${environment})`, maxLength);
}

/** Those that the message is about: all that fire, or, where none does, those that have ended. */
function alertsOf({ firing, resolved }: Notification): readonly Alert[] {
  return firing.length > 0 ? firing : resolved;
}

/** The worst severity of those; undefined for a message about no alert. */
export function worstOf(notification: Notification): Severity | undefined {
  let worst: Severity | undefined;
  for (const { severity } of alertsOf(notification)) {
    if (worst === undefined || isWorse(severity, worst)) worst = severity;
  }
  return worst;
}

/** `partners shopify`: the rule, and the series where it has several. */
export function nameOf({ rule, key }: Alert): string {
  return key === null || key === '' ? rule : `${rule} ${key}`;
}

/** `12m`; undefined while it lasts. */
export function lastedOf({ startedAt, endedAt }: Alert): string | undefined {
  const durationMs = endedAt === null ? Number.NaN : Date.parse(endedAt) - Date.parse(startedAt);
  return durationMs >= 0 ? formatDuration(durationMs) : undefined;
}
