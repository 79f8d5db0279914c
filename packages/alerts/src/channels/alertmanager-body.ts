import { createHash } from 'node:crypto';
import type { Alert } from '../alert.ts';
import type { Notification } from '../notification.ts';
import { lastedOf, nameOf } from './headline.ts';
import { linkOf } from './plain-text.ts';

type Labels = Readonly<Record<string, string>>;

/** @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export interface AlertmanagerBody {
  readonly version: '4';
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly status: 'firing' | 'resolved';
  readonly receiver: string;
  readonly groupLabels: Labels;
  readonly commonLabels: Labels;
  readonly commonAnnotations: Labels;
  readonly externalURL: string;
  readonly alerts: readonly AlertmanagerAlert[];
}

interface AlertmanagerAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** Go's zero time, which Alertmanager writes where there is no end. */
const NO_END = '0001-01-01T00:00:00Z';

/**
 * The notification as Alertmanager would send it. `alertname` is the rule; what is about no alert
 * (a test, a digest) is one alert named after its kind.
 */
export function alertmanagerBody(
  notification: Notification,
  { receiver, maxAlertCount }: { readonly receiver: string; readonly maxAlertCount: number },
): AlertmanagerBody {
  const { firing, resolved, group, groupLabels, url } = notification;
  const view = linkOf(url) ?? '';
  const both = [
    ...firing.map((alert) => toAlert(alert, 'firing', view)),
    ...resolved.map((alert) => toAlert(alert, 'resolved', view)),
  ];
  const all = both.length > 0 ? both : [substitute(notification, view)];
  return {
    version: '4',
    groupKey: group,
    truncatedAlerts: Math.max(0, all.length - maxAlertCount),
    status: all.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    receiver,
    groupLabels: labelsFrom(groupLabels),
    commonLabels: common(all.map(({ labels }) => labels)),
    commonAnnotations: common(all.map(({ annotations }) => annotations)),
    externalURL: view,
    alerts: all.slice(0, maxAlertCount),
  };
}

function toAlert(alert: Alert, status: 'firing' | 'resolved', view: string): AlertmanagerAlert {
  const { id, severity, service, environment, startedAt, endedAt, key, samples } = alert;
  const identity = {
    ...labelsFrom(alert.labels),
    alertname: alert.rule,
    service,
    environment,
    ...(key !== null && key !== '' && { series: key }),
  };
  const lasted = lastedOf(alert);
  return {
    status,
    labels: { ...identity, severity },
    annotations: {
      summary: nameOf(alert),
      description: alert.reason,
      alert_id: id,
      ...(alert.runbook !== null && { runbook_url: alert.runbook }),
      ...(lasted !== undefined && { lasted }),
      ...(samples.length > 0 && {
        samples: samples.map(({ count, message }) => `${count} × ${message}`).join('\n'),
      }),
      ...(alert.acknowledged && { acknowledged_by: alert.acknowledged.by }),
    },
    startsAt: startedAt,
    endsAt: status === 'resolved' ? (endedAt ?? NO_END) : NO_END,
    generatorURL: view,
    fingerprint: fingerprintOf(identity),
  };
}

function substitute(notification: Notification, view: string): AlertmanagerAlert {
  const { kind, service, environment, text, lines, at } = notification;
  const labels = { alertname: `ops-alerts ${kind}`, service, environment };
  return {
    status: 'firing',
    labels: { ...labels, severity: kind === 'test' ? 'low' : 'medium' },
    annotations: { summary: text, ...(lines.length > 0 && { description: lines.join('\n') }) },
    startsAt: at,
    endsAt: NO_END,
    generatorURL: view,
    fingerprint: fingerprintOf(labels),
  };
}

/**
 * Receivers know an alert by it, so the severity, which may rise while the alert lasts, is left out
 * where Alertmanager, whose labels cannot change, has all of them in.
 */
function fingerprintOf(labels: Labels): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** Prometheus' names: letters, digits and `_`, no digit first. `rule` is called `alertname`. */
function labelsFrom(labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => {
      const legal = name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d|$)/, '_');
      return [legal === 'rule' ? 'alertname' : legal, value];
    }),
  );
}

function common(all: readonly Labels[]): Labels {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) =>
      others.every((labels) => Object.hasOwn(labels, name) && labels[name] === value),
    ),
  );
}
