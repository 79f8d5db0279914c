import { expectTypeOf, test } from 'vitest';
import {
  email,
  log,
  pagerduty,
  resend,
  sendgrid,
  slack,
  smtp,
  webhook,
} from '../src/channels/index.ts';
import {
  type Alert,
  type Alerts,
  type AlertsEvent,
  type AlertsStatus,
  anomaly,
  burnRate,
  type Channel,
  type CloseReport,
  createAlerts,
  type DeliveryReport,
  type EventLabels,
  failures,
  firstSeen,
  heartbeat,
  type Json,
  type Logger,
  memoryStore,
  type Rule,
  type Silence,
  type SpikeState,
  type Store,
  spike,
} from '../src/index.ts';
import { postgresStore, type SqlPool } from '../src/postgres/index.ts';
import { simulate } from '../src/testing/index.ts';

declare const logger: Logger;
declare const pool: SqlPool;
declare const webhookUrl: string;
declare const routingKey: string;
declare const apiKey: string;
declare const id: string;
const from = 'alerts@example.com';
const to = 'ops@example.com';

function billing() {
  return createAlerts({
    service: 'billing',
    environment: 'production',
    store: postgresStore(pool),
    channels: {
      ops: slack({ webhookUrl }),
      pager: pagerduty({ routingKey }),
      mail: email({ via: resend({ apiKey }), from, to }),
      log: log(logger),
    },
    rules: {
      errorSpike: spike({
        over: 100,
        within: '1h',
        clearBelow: 80,
        keepFiringFor: '15m',
        severity: { medium: 100, high: 200, critical: 500 },
      }),
      unusual: anomaly({ window: '15m', severity: 'medium' }),
      checkout: burnRate({ objective: 0.999, minEvents: 200 }),
      partners: failures({
        by: 'integration',
        consecutive: 5,
        over: [10, '1h'],
        severity: { medium: 10, high: 20, critical: 50 },
      }),
      nightly: heartbeat({ every: '24h', grace: '30m', severity: 'high' }),
      fresh: firstSeen({ severity: 'low' }),
    },
    routes: [
      {
        match: { severity: 'critical' },
        to: ['pager', 'ops'],
        repeat: '30m',
        escalate: [{ after: '10m', unless: 'acknowledged', to: ['mail'] }],
      },
      {
        match: { severity: ['high', 'medium'] },
        to: ['ops'],
        groupBy: ['rule'],
        wait: '30s',
        repeat: { first: '1h', factor: 2, max: '24h' },
      },
      { to: ['log'] },
    ],
  });
}

type RuleName = 'errorSpike' | 'unusual' | 'checkout' | 'partners' | 'nightly' | 'fresh';
type ChannelName = 'ops' | 'pager' | 'mail' | 'log';

test('the call sites are as written, and their names are literal types', () => {
  const use = async (error: Error): Promise<void> => {
    const client = { createCharge: async (amount: number) => ({ amount, id: 'ch_1' }) };
    const alerts = billing();
    expectTypeOf(alerts).toEqualTypeOf<Alerts<ChannelName, RuleName, 'nightly'>>();
    alerts.error(error, { route: '/pay', integration: 'shopify' });
    alerts.error(error, { tenant: 'acme' });
    const charge = alerts.watch('shopify', client.createCharge);
    expectTypeOf(charge).toEqualTypeOf<typeof client.createCharge>();
    alerts.beat('nightly');
    const silence = alerts.silence({
      match: { rule: 'errorSpike' },
      for: '2h',
      by: 'ann',
      reason: 'deploy',
    });
    expectTypeOf(silence).toEqualTypeOf<Promise<Silence>>();
    expectTypeOf(alerts.acknowledge(id, { by: 'ann' })).toEqualTypeOf<Promise<Alert<RuleName>>>();
    expectTypeOf(alerts.resolve(id, { by: 'ann' })).toEqualTypeOf<Promise<Alert<RuleName>>>();
    expectTypeOf(alerts.test('ops')).toEqualTypeOf<Promise<DeliveryReport>>();
    expectTypeOf(alerts.active()).toEqualTypeOf<readonly Alert<RuleName>[]>();
    expectTypeOf(alerts.status()).toEqualTypeOf<Promise<AlertsStatus>>();
    await alerts.history({ since: '7d' });
    await alerts.history({ since: new Date(0), until: '1h', rule: 'fresh', limit: 10 });
    await alerts.flush();
    expectTypeOf(alerts.close({ drain: '5s' })).toEqualTypeOf<Promise<CloseReport>>();
    expectTypeOf(alerts).toExtend<AsyncDisposable>();
    // What does not care about names takes any.
    expectTypeOf(alerts.error).parameter(1).toEqualTypeOf<EventLabels | undefined>();
    email({ via: sendgrid({ apiKey }), from, to });
    email({ via: smtp({ host: 'localhost' }), from, to });
    webhook({ url: webhookUrl });
    void simulate;
  };
  expectTypeOf(use).toBeFunction();
});

const base = {
  service: 'billing',
  environment: 'production',
  channels: {
    ops: webhook({ url: 'https://example.com' }),
    log: log({ info() {}, warn() {}, error() {} }),
  },
  rules: { errorSpike: spike({ over: 100, within: '1h' }), nightly: heartbeat({ every: '24h' }) },
} as const;

test('a wrong name does not compile', () => {
  const wrong = (): void => {
    // @ts-expect-error no such channel
    createAlerts({ ...base, routes: [{ to: ['pager'] }] });
    // @ts-expect-error no such channel beside one that is
    createAlerts({ ...base, routes: [{ to: ['ops', 'pager'] }] });
    // @ts-expect-error no such channel to escalate to
    createAlerts({ ...base, routes: [{ to: ['ops'], escalate: [{ after: '1m', to: ['x'] }] }] });
    // @ts-expect-error no such rule
    createAlerts({ ...base, routes: [{ match: { rule: 'errorSpik' }, to: ['ops'] }] });
    // @ts-expect-error no such rule in a list
    createAlerts({ ...base, routes: [{ match: { rule: ['errorSpike', 'x'] }, to: ['ops'] }] });
    // @ts-expect-error no such severity
    createAlerts({ ...base, routes: [{ match: { severity: 'hihg' }, to: ['ops'] }] });
    // @ts-expect-error no such option
    createAlerts({ ...base, routes: [{ to: ['ops'] }], env: 'x' });
    const inhibit = [{ source: { rule: 'nightl' }, target: {} }] as const;
    // @ts-expect-error no such rule to inhibit by
    createAlerts({ ...base, routes: [{ to: ['ops'] }], inhibit });
    // @ts-expect-error no such rule to mute
    createAlerts({ ...base, routes: [{ to: ['ops'] }], mute: [{ match: { rule: 'nightl' } }] });
    const alerts = createAlerts({ ...base, routes: [{ to: ['ops'] }] });
    // @ts-expect-error no such rule
    alerts.beat('nightli');
    // @ts-expect-error a rule that waits for no beats
    alerts.beat('errorSpike');
    // @ts-expect-error no such channel
    void alerts.test('pager');
    // @ts-expect-error no such rule
    void alerts.silence({ match: { rule: 'errorSpik' }, for: '1h', by: 'ann', reason: 'x' });
    // @ts-expect-error no such rule
    void alerts.history({ since: '1h', rule: 'errorSpik' });
    // @ts-expect-error nobody takes charge
    void alerts.acknowledge('x', {});
    // @ts-expect-error no such step
    spike({ over: 1, within: '1h', severity: { hihg: 1 } });
    // @ts-expect-error no such unit
    spike({ over: 1, within: '1 hour' });
  };
  expectTypeOf(wrong).toBeFunction();
});

test('an alert of one’s own names is told of by them', () => {
  const make = (): void => {
    createAlerts({
      ...base,
      routes: [{ to: ['ops', 'log'] }],
      onEvent(event) {
        expectTypeOf(event).toEqualTypeOf<AlertsEvent<'ops' | 'log', 'errorSpike' | 'nightly'>>();
        if (event.type === 'delivered') expectTypeOf(event.channel).toEqualTypeOf<'ops' | 'log'>();
        if (event.type === 'transition') {
          expectTypeOf(event.alert.rule).toEqualTypeOf<'errorSpike' | 'nightly'>();
        }
      },
    });
  };
  expectTypeOf(make).toBeFunction();
});

test('a channel, a rule and a store of one’s own may be written in place', () => {
  const make = (): void => {
    createAlerts({
      ...base,
      store: memoryStore(),
      channels: {
        mine: {
          kind: 'mine',
          render: ({ text }) => ({ text }),
          async send(payload, { signal, attempt }) {
            expectTypeOf(payload).toEqualTypeOf<Json>();
            expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
            expectTypeOf(attempt).toBeNumber();
          },
        },
      },
      routes: [{ to: ['mine'] }],
    });
  };
  expectTypeOf(make).toBeFunction();
  expectTypeOf(memoryStore()).toEqualTypeOf<Store>();
  expectTypeOf(spike({ over: 1, within: 1 })).toExtend<Rule<SpikeState>>();
  expectTypeOf(spike({ over: 1, within: 1 })).toExtend<Rule>();
  expectTypeOf(base.channels.ops).toExtend<Channel>();
  expectTypeOf(console).toExtend<Logger>();
});
