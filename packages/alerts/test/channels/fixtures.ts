import * as fc from 'fast-check';
import { expect } from 'vitest';
import { type Alert, SEVERITIES } from '../../src/alert.ts';
import type { Channel, Json, SendContext } from '../../src/channel.ts';
import type { DeliveryError } from '../../src/errors.ts';
import type { Notification, NotificationKind } from '../../src/notification.ts';

export function alertOf(facts: Partial<Alert> = {}): Alert {
  return {
    id: 'errorSpike-k3f9-1',
    rule: 'errorSpike',
    key: null,
    service: 'billing',
    environment: 'production',
    labels: {},
    state: 'firing',
    severity: 'high',
    epoch: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: null,
    reason: '142 errors in the last 1h, over 100 (high over 200)',
    value: 142,
    limit: 100,
    samples: [{ message: 'TypeError: x is not a function', count: 3, route: '/pay' }],
    runbook: 'https://runbooks.example.com/spike?a=1&b=2',
    acknowledged: null,
    degraded: false,
    ...facts,
  };
}

export function endedAlert(facts: Partial<Alert> = {}): Alert {
  return alertOf({ state: 'ok', endedAt: '2026-01-01T00:12:00.000Z', ...facts });
}

export function notificationOf(facts: Partial<Notification> = {}): Notification {
  return {
    id: 'msg_1',
    kind: 'firing',
    service: 'billing',
    environment: 'production',
    at: '2026-01-01T00:00:30.000Z',
    group: 'g:1a2b/rule=errorSpike',
    groupLabels: { rule: 'errorSpike' },
    firing: facts.firing ?? (facts.resolved === undefined ? [alertOf()] : []),
    resolved: [],
    text: 'FIRING (high): errorSpike in billing (production): 142 errors in the last 1h, over 100',
    lines: [],
    repeatCount: 0,
    degraded: false,
    url: 'https://ops.example.com/alerts',
    ...facts,
  };
}

export function contextOf(facts: Partial<SendContext> = {}): SendContext {
  return {
    id: 'msg_1',
    group: 'g:1a2b/rule=errorSpike',
    previous: undefined,
    attempt: 1,
    signal: new AbortController().signal,
    fetch: undefined,
    ...facts,
  };
}

/** Renders, stores as a store does, and sends. */
export async function deliver(
  channel: Channel,
  notification: Notification,
  facts: Partial<SendContext> = {},
): Promise<Json | undefined> {
  const { id, group } = notification;
  const rendered = channel.render ? channel.render(notification) : (notification as unknown);
  if (rendered === null) return undefined;
  const payload = JSON.parse(JSON.stringify(rendered)) as Json;
  return (await channel.send(payload, contextOf({ id, group, ...facts }))) ?? undefined;
}

export async function failureOf(sending: Promise<unknown>): Promise<DeliveryError> {
  const error = await sending.then(
    () => expect.unreachable('delivered'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 'ERR_OPS_ALERT_DELIVERY' });
  return error as DeliveryError;
}

/** What breaks markup, mail headers, JSON, URLs and terminals. */
const NASTY = [
  '<!channel>',
  '<!here|here>',
  '<@U123>',
  '@channel @here @everyone',
  '&amp; &lt; & < >',
  '```',
  '`*_~|',
  '\r\nBcc: evil@example.com\r\n\r\n',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='x",
  '\u202egnp.exe',
  '\u200f\u2066',
  '\ud83d',
  '\udc00',
  '😀'.repeat(60),
  '\0\u0007\u001b[31m',
  '\u2028\u2029',
  '__proto__',
  'javascript:alert(1)',
  'https://evil.example.com/|x>y<"z',
  '日本語',
] as const;

/** At most `maxLength`, often at its very end. */
function hostileText(maxLength: number): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 20 }));
  const short = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
  const long = piece.map((one) => (one === '' ? 'x' : one).repeat(maxLength).slice(0, maxLength));
  return fc.oneof(short, long).map((text) => text.slice(0, maxLength));
}

const time = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) });
const iso = time.map((date) => date.toISOString());
const labels = fc.dictionary(hostileText(30), hostileText(100), { maxKeys: 8 });

const anyAlert: fc.Arbitrary<Alert> = fc.record({
  id: hostileText(300),
  rule: hostileText(100),
  key: fc.option(hostileText(100)),
  service: hostileText(100),
  environment: hostileText(100),
  labels,
  state: fc.constantFrom('firing', 'recovering', 'ok'),
  severity: fc.constantFrom(...SEVERITIES),
  epoch: fc.integer({ min: 1 }),
  startedAt: iso,
  endedAt: fc.option(iso),
  reason: hostileText(500),
  value: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  limit: fc.option(fc.integer()),
  samples: fc.array(
    fc.record({
      message: hostileText(200),
      count: fc.integer({ min: 1 }),
      route: fc.option(hostileText(100), { nil: undefined }),
      integration: fc.option(hostileText(100), { nil: undefined }),
    }),
    { maxLength: 5 },
  ),
  runbook: fc.option(fc.oneof(hostileText(500), fc.webUrl())),
  acknowledged: fc.option(
    fc.record({
      by: hostileText(100),
      at: iso,
      note: fc.option(hostileText(500), { nil: undefined }),
    }),
  ),
  degraded: fc.boolean(),
});

/** 0 to 3, or a thousand made of a few. */
const alerts: fc.Arbitrary<readonly Alert[]> = fc.oneof(
  { weight: 4, arbitrary: fc.array(anyAlert, { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.array(anyAlert, { minLength: 1, maxLength: 3 }).map((few) =>
      Array.from({ length: 1_000 }, (_, index) => ({
        ...(few[index % few.length] as Alert),
        id: `rule-${index}`,
      })),
    ),
  },
);

const KINDS: readonly NotificationKind[] = [
  'firing',
  'escalated',
  'repeat',
  'resolved',
  'fired-and-resolved',
  'acknowledged',
  'digest',
  'undelivered',
  'test',
];

export const anyNotification: fc.Arbitrary<Notification> = fc.record({
  id: fc.oneof(hostileText(300), fc.uuid()),
  kind: fc.constantFrom(...KINDS),
  service: hostileText(100),
  environment: hostileText(100),
  at: iso,
  group: hostileText(500),
  groupLabels: labels,
  firing: alerts,
  resolved: alerts,
  text: hostileText(500),
  lines: fc.array(hostileText(500), { maxLength: 100, size: 'max' }),
  repeatCount: fc.nat(),
  degraded: fc.boolean(),
  url: fc.option(fc.oneof(hostileText(300), fc.webUrl())),
});
