import {
  clockOf,
  createDouble,
  type Double,
  type DoubleAnswer,
  type DoubleOptions,
  isObject,
  jsonAnswer,
  parseJson,
} from './double.ts';
import { rateWindow } from './rate-window.ts';

/** Options of {@link pagerdutyDouble}. */
export interface PagerDutyDoubleOptions extends DoubleOptions {
  /**
   * Events that the integration takes in a sliding minute.
   * @default 120
   */
  readonly perMinute?: number | undefined;
}

/** An incident. A trigger after its end opens another with the same key. */
export interface PagerDutyDoubleIncident {
  readonly dedupKey: string;
  readonly status: 'triggered' | 'acknowledged' | 'resolved';
  /** Of the latest trigger. */
  readonly severity: string;
  readonly summary: string;
  /** Triggers that it took, the first included: each but the first was a repetition. */
  readonly triggerCount: number;
}

/** A PagerDuty with one integration. */
export interface PagerDutyDouble extends Double {
  readonly routingKey: string;
  /** All that were ever opened, oldest first. */
  readonly incidents: readonly PagerDutyDoubleIncident[];
  /** Those that are not resolved. */
  open(): readonly PagerDutyDoubleIncident[];
  /** As a person would, in PagerDuty. */
  resolve(dedupKey: string): void;
}

const ROUTING_KEY = 'd0ub1e0000000000000000000secret0';
const URLS = new Set([
  'https://events.pagerduty.com/v2/enqueue',
  'https://events.eu.pagerduty.com/v2/enqueue',
]);
const MAX_BYTES = 512 * 1_024;
const ACTIONS = new Set(['trigger', 'acknowledge', 'resolve']);
const SEVERITIES = new Set(['critical', 'error', 'warning', 'info']);

/**
 * PagerDuty's Events API v2. Checks every field, answers 400 with the list of faults, 413 beyond 512
 * KB and 429 beyond 120 events in a sliding minute; opens, acknowledges and resolves incidents by
 * `dedup_key`. As there, an acknowledgement or end of what is not open is taken and has no effect,
 * and so is an event for another integration.
 */
export function pagerdutyDouble(options: PagerDutyDoubleOptions = {}): PagerDutyDouble {
  const clock = clockOf(options);
  const window = rateWindow(options.perMinute ?? 120, 60_000);
  const incidents: PagerDutyDoubleIncident[] = [];
  let generatedCount = 0;
  const openIndex = (key: string): number =>
    incidents.findIndex(({ dedupKey, status }) => dedupKey === key && status !== 'resolved');

  function change(key: string, status: PagerDutyDoubleIncident['status']): void {
    const index = openIndex(key);
    const incident = incidents[index];
    if (incident !== undefined) incidents[index] = { ...incident, status };
  }

  function trigger(dedupKey: string, payload: Fields): void {
    const facts = { severity: String(payload['severity']), summary: String(payload['summary']) };
    const index = openIndex(dedupKey);
    const incident = incidents[index];
    if (incident === undefined) {
      incidents.push({ dedupKey, status: 'triggered', ...facts, triggerCount: 1 });
    } else {
      incidents[index] = { ...incident, ...facts, triggerCount: incident.triggerCount + 1 };
    }
  }

  function take(event: Fields): DoubleAnswer {
    const { event_action: action, dedup_key: given, payload } = event;
    generatedCount += 1;
    const dedupKey = typeof given === 'string' ? given : `generated-${generatedCount}`;
    if (action === 'trigger') trigger(dedupKey, payload as Fields);
    else change(dedupKey, action === 'acknowledge' ? 'acknowledged' : 'resolved');
    const answer = { status: 'success', message: 'Event processed', dedup_key: dedupKey };
    return jsonAnswer(202, answer);
  }

  const double = createDouble({
    name: 'PagerDuty',
    clock,
    owns: (url) => URLS.has(url.href),
    rateLimited: THROTTLED,
    serverError: jsonAnswer(500, { status: 'internal error', message: 'Internal error' }),
    answer({ body, atMs }) {
      if (window.take(atMs) > 0) return THROTTLED;
      if (Buffer.byteLength(body) > MAX_BYTES) return { status: 413, body: 'Payload Too Large' };
      const event = parseJson(body);
      const errors = isObject(event) ? faultsOf(event) : ['Event is not a JSON object'];
      if (!isObject(event) || errors.length > 0) {
        const message = 'Event object is invalid';
        return jsonAnswer(400, { status: 'invalid event', message, errors });
      }
      return take(event);
    },
  });
  return {
    ...double,
    routingKey: ROUTING_KEY,
    incidents,
    open: () => incidents.filter(({ status }) => status !== 'resolved'),
    resolve: (dedupKey) => change(dedupKey, 'resolved'),
  };
}

type Fields = Readonly<Record<string, unknown>>;

const THROTTLED = jsonAnswer(429, {
  status: 'throttle exceeded',
  message: 'Requests for this service are arriving too quickly.  Please retry later.',
  errors: ['Enhance Your Calm.'],
});

function faultsOf(event: Fields): string[] {
  const { routing_key: routingKey, event_action: action, dedup_key: dedupKey, links } = event;
  const faults: string[] = [];
  const expect = (isRight: boolean, fault: string): void => {
    if (!isRight) faults.push(fault);
  };
  expect(routingKey === ROUTING_KEY, "'routing_key' is invalid");
  expect(typeof action === 'string' && ACTIONS.has(action), "'event_action' is invalid");
  expect(isOptionalText(dedupKey, 255), "'dedup_key' is longer than 255 characters");
  if (action === 'trigger') faults.push(...payloadFaults(event['payload']));
  else expect(dedupKey !== undefined, "'dedup_key' is missing or blank");
  expect(
    links === undefined ||
      (Array.isArray(links) &&
        links.every((link) => isObject(link) && isText(link['href'], 2_048))),
    "'links' is invalid",
  );
  return faults;
}

function payloadFaults(payload: unknown): string[] {
  if (!isObject(payload)) return ["'payload' is missing or blank"];
  const { summary, source, severity, timestamp, custom_details: details } = payload;
  const faults: string[] = [];
  if (!isText(summary, 1_024)) faults.push("'payload.summary' is missing, blank or too long");
  if (!isText(source, 1_024)) faults.push("'payload.source' is missing or blank");
  if (typeof severity !== 'string' || !SEVERITIES.has(severity)) {
    faults.push("'payload.severity' is invalid (must be one of: critical, error, warning, info)");
  }
  const isTime = typeof timestamp === 'string' && Number.isFinite(Date.parse(timestamp));
  if (timestamp !== undefined && !isTime) faults.push("'payload.timestamp' is invalid");
  if (details !== undefined && !isObject(details))
    faults.push("'payload.custom_details' is invalid");
  for (const name of ['component', 'group', 'class']) {
    if (!isOptionalText(payload[name], 1_024)) faults.push(`'payload.${name}' is invalid`);
  }
  return faults;
}

function isText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength;
}

function isOptionalText(value: unknown, maxLength: number): boolean {
  return value === undefined || isText(value, maxLength);
}
