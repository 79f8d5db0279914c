import { createHash } from 'node:crypto';
import type { Alert, Severity } from '../alert.ts';
import type { Notification } from '../notification.ts';
import { headline, nameOf } from './headline.ts';
import { linkOf, oneLine } from './plain-text.ts';

/** @see https://developer.pagerduty.com/docs/events-api-v2-overview */
const MAX_EVENT_BYTES = 512 * 1_024;
const MAX_SUMMARY_LENGTH = 1_024;
const MAX_KEY_LENGTH = 255;
/** Beyond it incidents come without samples, so that a flood stays small in the store. */
const MAX_DETAILED_EVENTS = 20;
/** Put into each event as it is sent; counted here. */
const ROUTING_KEY_BYTES = 100;

const SEVERITIES: Readonly<Record<Severity, string>> = {
  low: 'info',
  medium: 'warning',
  high: 'error',
  critical: 'critical',
};

/** One request, without the routing key, which is stored nowhere. */
export type PagerDutyEvent = {
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key: string;
  readonly payload?: Payload | undefined;
  readonly links?: readonly { readonly href: string; readonly text: string }[] | undefined;
  readonly client?: string | undefined;
  readonly client_url?: string | undefined;
};

type Payload = {
  readonly summary: string;
  readonly source: string;
  readonly severity: string;
  readonly timestamp?: string | undefined;
  readonly component?: string | undefined;
  readonly group?: string | undefined;
  readonly class?: string | undefined;
  readonly custom_details?: Readonly<Record<string, unknown>> | undefined;
};

/**
 * One incident an alert: its `dedup_key` is the alert's id, so it stays the same through a rise of
 * severity and a change of route, which both put the alert into another group. So every event may be
 * sent twice. First what opens, worst first; an end is told of every alert that ended, since
 * PagerDuty passes over the end of what is not open.
 */
export function pagerDutyEvents(notification: Notification): readonly PagerDutyEvent[] {
  const { kind, firing, resolved } = notification;
  if (kind === 'test') {
    const test = eventAbout(notification, notification.id, 'info');
    return [test, { event_action: 'resolve', dedup_key: test.dedup_key }];
  }
  if (kind === 'undelivered' || kind === 'digest') {
    return [eventAbout(notification, notification.group, 'warning')];
  }
  const isDetailed = firing.length <= MAX_DETAILED_EVENTS;
  const events: PagerDutyEvent[] = [];
  for (const alert of firing) {
    if (kind !== 'acknowledged') events.push(trigger(alert, notification, isDetailed));
    if (alert.acknowledged) events.push({ event_action: 'acknowledge', dedup_key: keyOf(alert) });
  }
  for (const alert of resolved) events.push({ event_action: 'resolve', dedup_key: keyOf(alert) });
  return events;
}

/** What the event brings about; the same for two events of which the second changes nothing. */
export function effectOf({
  event_action: action,
  dedup_key: key,
  payload,
}: PagerDutyEvent): string {
  return `${action === 'trigger' ? payload?.severity : action} ${key}`;
}

function trigger(alert: Alert, notification: Notification, isDetailed: boolean): PagerDutyEvent {
  const { service, environment, severity } = alert;
  const subject = `${nameOf(alert)} in ${service} (${environment})`;
  const time = Date.parse(alert.startedAt);
  return bounded({
    event_action: 'trigger',
    dedup_key: keyOf(alert),
    payload: {
      summary: oneLine(`${subject}: ${alert.reason}`, MAX_SUMMARY_LENGTH),
      source: oneLine(`${service} (${environment})`, 255),
      severity: SEVERITIES[severity],
      ...(Number.isFinite(time) && { timestamp: new Date(time).toISOString() }),
      ...unlessBlank({ component: alert.key || service, group: service, class: alert.rule }),
      custom_details: detailsOf(alert, isDetailed),
    },
    ...about(notification, alert.runbook),
  });
}

function eventAbout(
  notification: Notification,
  id: string,
  severity: 'info' | 'warning',
): PagerDutyEvent {
  const { service, environment, text, lines } = notification;
  return bounded({
    event_action: 'trigger',
    dedup_key: scoped(service, environment, id),
    payload: {
      summary: oneLine(text, MAX_SUMMARY_LENGTH) || headline(notification, MAX_SUMMARY_LENGTH),
      source: oneLine(`${service} (${environment})`, 255),
      severity,
      custom_details: { lines: lines.map((line) => oneLine(line, 500)) },
    },
    ...about(notification, null),
  });
}

function detailsOf(alert: Alert, isDetailed: boolean): Readonly<Record<string, unknown>> {
  const { id, severity, value, limit, labels, degraded } = alert;
  const samples = isDetailed ? alert.samples : [];
  return {
    alert: id,
    severity,
    value,
    limit,
    labels,
    ...(alert.runbook !== null && { runbook: oneLine(alert.runbook, 2_000) }),
    ...(degraded && { degraded }),
    samples: samples.map(({ count, message, route }) =>
      oneLine(`${count} × ${message}${route ? ` (${route})` : ''}`, 400),
    ),
  };
}

function about({ url }: Notification, runbook: string | null): Partial<PagerDutyEvent> {
  const href = linkOf(runbook);
  const view = linkOf(url);
  return {
    ...(href !== undefined && { links: [{ href, text: 'Runbook' }] }),
    client: '@ops/alerts',
    ...(view !== undefined && { client_url: view }),
  };
}

/** A field that is there must say something. */
function unlessBlank(fields: Readonly<Record<string, string>>): Partial<Payload> {
  const lines = Object.entries(fields).map(([name, value]) => [name, oneLine(value, 255)] as const);
  return Object.fromEntries(lines.filter(([, line]) => line !== ''));
}

/** An incident without its details is better than none. */
function bounded(event: PagerDutyEvent): PagerDutyEvent {
  const bytes = Buffer.byteLength(JSON.stringify(event)) + ROUTING_KEY_BYTES;
  if (bytes <= MAX_EVENT_BYTES || event.payload === undefined) return event;
  const { custom_details: _, ...payload } = event.payload;
  return { ...event, payload };
}

function keyOf({ id, service, environment }: Alert): string {
  return scoped(service, environment, id);
}

function scoped(service: string, environment: string, id: string): string {
  const key = `${service}/${environment}/${id}`;
  if (key.length <= MAX_KEY_LENGTH && /^[\x21-\x7e]+$/.test(key)) return key;
  return createHash('sha256').update(key.toWellFormed()).digest('hex');
}
