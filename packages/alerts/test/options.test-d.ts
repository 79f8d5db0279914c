import { expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import { log, type WebhookOptions, webhook } from '../src/channels/index.ts';
import type { webhookSchema } from '../src/channels/webhook-options.ts';
import {
  type Alert,
  type Alerts,
  type AlertsEvent,
  type AlertsOptions,
  type Channel,
  createAlerts,
  type ErrorLabels,
  type Logger,
  type Rule,
  type SpikeOptions,
  type SpikeState,
  spike,
} from '../src/index.ts';
import type { alertsSchema } from '../src/options.ts';
import type { spikeSchema } from '../src/spike-options.ts';

test('what the schemas take is what the interfaces say', () => {
  expectTypeOf<Readonly<z.input<typeof spikeSchema>>>().toEqualTypeOf<SpikeOptions>();
  expectTypeOf<Readonly<z.input<typeof webhookSchema>>>().toEqualTypeOf<WebhookOptions>();
  expectTypeOf<Readonly<z.input<typeof alertsSchema>>>().toEqualTypeOf<AlertsOptions>();
});

declare const logger: Logger;
const channels = { ops: webhook({ url: 'https://example.com' }), log: log(logger) };
const rules = { errorSpike: spike({ over: 100, within: '1h' }) };
const base = { service: 'billing', environment: 'production', channels, rules } as const;

test('names are literal types', () => {
  const alerts = createAlerts({
    ...base,
    routes: [
      { match: { severity: ['high', 'critical'], rule: 'errorSpike' }, to: ['ops', 'log'] },
      { to: ['log'] },
    ],
    onEvent(event) {
      expectTypeOf(event).toEqualTypeOf<AlertsEvent<'ops' | 'log', 'errorSpike'>>();
      if (event.type === 'delivered') expectTypeOf(event.channel).toEqualTypeOf<'ops' | 'log'>();
    },
  });
  expectTypeOf(alerts).toEqualTypeOf<Alerts<'errorSpike'>>();
  expectTypeOf(alerts.active()).toEqualTypeOf<readonly Alert<'errorSpike'>[]>();
  expectTypeOf(alerts.error).parameter(1).toEqualTypeOf<ErrorLabels | undefined>();
  expectTypeOf(alerts).toExtend<AsyncDisposable>();
});

test('a wrong name does not compile', () => {
  const create = createAlerts<typeof channels, typeof rules>;
  type Routes = Parameters<typeof create>[0]['routes'];
  expectTypeOf<Routes[number]['to'][number]>().toEqualTypeOf<'ops' | 'log'>();
  // @ts-expect-error no such channel
  createAlerts({ ...base, routes: [{ to: ['pager'] }] });
  // @ts-expect-error no such channel beside one that is
  createAlerts({ ...base, routes: [{ to: ['ops', 'pager'] }] });
  // @ts-expect-error no such rule
  createAlerts({ ...base, routes: [{ match: { rule: 'errorSpik' }, to: ['ops'] }] });
  // @ts-expect-error no such rule in a list
  createAlerts({ ...base, routes: [{ match: { rule: ['errorSpike', 'x'] }, to: ['ops'] }] });
  // @ts-expect-error no such severity
  createAlerts({ ...base, routes: [{ match: { severity: 'hihg' }, to: ['ops'] }] });
  // @ts-expect-error no such option
  createAlerts({ ...base, routes: [{ to: ['ops'] }], env: 'x' });
  // @ts-expect-error no such step
  spike({ over: 1, within: '1h', severity: { hihg: 1 } });
  // @ts-expect-error no such unit
  spike({ over: 1, within: '1 hour' });
});

test('a channel of one’s own may be written in place, and spike is a rule', () => {
  createAlerts({
    ...base,
    channels: {
      mine: {
        kind: 'mine',
        async send(message, { signal }) {
          expectTypeOf(message.body).toBeString();
          expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        },
      },
    },
    routes: [{ to: ['mine'] }],
  });
  expectTypeOf(spike({ over: 1, within: 1 })).toExtend<Rule<SpikeState>>();
  expectTypeOf(spike({ over: 1, within: 1 })).toExtend<Rule>();
  expectTypeOf(channels.ops).toEqualTypeOf<Channel>();
  expectTypeOf(console).toExtend<Logger>();
});
