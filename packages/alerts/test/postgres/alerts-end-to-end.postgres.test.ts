import { afterEach, describe, expect, it } from 'vitest';
import {
  type Alerts,
  type AlertsEvent,
  createAlerts,
  failures,
  heartbeat,
  type Route,
  type Rule,
  spike,
} from '../../src/index.ts';
import { postgresStore } from '../../src/postgres/index.ts';
import { recordingChannel } from '../setup.ts';
import { useAlertsDatabase } from './setup.ts';

const { db } = useAlertsDatabase();

interface Replica {
  readonly alerts: Alerts;
  /** What this process did: `firing@ops`, `>firing`, `fault`. */
  readonly done: string[];
  readonly lines: string[];
}

/** What the replicas of one test did together, and who waits for it. */
interface Fleet {
  start(): Replica;
  /** Resolves when they have together done this. */
  did(what: string): Promise<void>;
  all(): readonly string[];
}

const open: Alerts[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((alerts) => alerts.close({ drain: 0 })));
});

function fleet(rules: Readonly<Record<string, Rule>>, route: Partial<Route> = {}): Fleet {
  const replicas: Replica[] = [];
  const waiting = new Set<() => void>();
  const all = (): readonly string[] => replicas.flatMap(({ done }) => done);

  function start(): Replica {
    const done: string[] = [];
    const lines: string[] = [];
    const channelOf = (name: string) => ({
      ...recordingChannel(),
      async send(payload: unknown): Promise<undefined> {
        const { lines: told } = payload as { readonly lines: readonly string[] };
        lines.push(...told.map((line) => `${name} ${line}`));
      },
    });
    const alerts: Alerts = createAlerts({
      service: 'billing',
      environment: 'test',
      store: postgresStore(db.pool({ max: 2 }), { schema: db.schema }),
      channels: { ops: channelOf('ops'), pager: channelOf('pager') },
      rules,
      routes: [{ to: ['ops'], repeat: false, ...route }] as Route<'ops' | 'pager'>[],
      onEvent(event) {
        done.push(...wordOf(event));
        for (const look of waiting) look();
      },
    });
    const replica = { alerts, done, lines };
    replicas.push(replica);
    open.push(alerts);
    return replica;
  }

  return {
    start,
    all,
    did: (what) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!all().includes(what)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

function wordOf(event: AlertsEvent): readonly string[] {
  if (event.type === 'transition') return [`>${event.to}`];
  if (event.type === 'delivered') return [`${event.message.kind}@${event.channel}`];
  return event.type === 'retry' || event.type === 'fault' ? [event.type] : [];
}

describe('alerts of processes with one database', () => {
  it('wait for `for` and keepFiringFor, and are told once, whoever counted', async () => {
    const { start, did, all } = fleet({
      errorSpike: spike({
        over: 3,
        within: '3s',
        for: '300ms',
        keepFiringFor: '300ms',
        severity: 'high',
      }),
    });
    const [a, b] = [start(), start()];
    for (const { alerts } of [a, b]) {
      for (let count = 0; count < 2; count += 1) alerts.error(new Error('down'));
    }
    await did('resolved@ops');
    expect(all().toSorted()).toEqual(
      ['>firing', 'firing@ops', '>recovering', '>ok', 'resolved@ops'].toSorted(),
    );
    const [ended] = await b.alerts.history({ since: '1h' });
    expect(ended?.reason).toContain('(clear for 300ms)');
  });

  it('go on after a restart: repeated, escalated, acknowledged and ended by others', async () => {
    const { start, did, all } = fleet(
      {
        partners: failures({
          by: 'integration',
          consecutive: 2,
          keepFiringFor: 0,
          severity: { medium: 2, high: 4 },
        }),
      },
      { repeat: '1s', escalate: [{ after: '2s', unless: 'acknowledged', to: ['pager'] }] },
    );
    const first = start();
    const shop = { integration: 'shop' };
    for (let count = 0; count < 3; count += 1) first.alerts.failure(new Error('down'), shop);
    await did('firing@ops');
    await first.alerts.close({ drain: 0 });
    const [b, c] = [start(), start()];
    await did('repeat@ops');
    await did('escalated@pager');
    b.alerts.failure(new Error('down'), shop);
    await did('escalated@ops');
    await c.alerts.flush();
    const [alert] = c.alerts.active();
    expect(alert).toMatchObject({ severity: 'high', value: 4 });
    await c.alerts.acknowledge(alert?.id ?? '', { by: 'ann' });
    c.alerts.success(shop);
    await did('resolved@ops');
    await did('resolved@pager');
    expect(all().filter((word) => word.startsWith('>'))).toEqual(['>firing', '>ok']);
  });

  it('miss a heart that never beat, also when the process was restarted meanwhile', async () => {
    const { start, did, all } = fleet({
      nightly: heartbeat({ every: '2s', grace: 0, severity: 'high' }),
    });
    const first = start();
    await first.alerts.flush();
    await first.alerts.close({ drain: 0 });
    expect(first.done).toEqual([]);
    const [b] = [start(), start()];
    await did('firing@ops');
    b.alerts.beat('nightly');
    await did('resolved@ops');
    expect(all().filter((word) => word.endsWith('@ops'))).toHaveLength(2);
  });

  it('are each named when 200 begin at once in three of them', async () => {
    const { start, all } = fleet({
      partners: failures({ by: 'integration', consecutive: 1, maxSeries: 200, severity: 'high' }),
    });
    const replicas = [start(), start(), start()];
    const names = Array.from({ length: 200 }, (_, index) => `shop${1_000 + index}`);
    for (const { alerts } of replicas) {
      for (const integration of names) alerts.failure(new Error('down'), { integration });
    }
    const named = (): readonly string[] => {
      const told = replicas.flatMap(({ lines }) => lines).join('\n');
      return names.filter((name) => told.includes(`partners/${name} `));
    };
    while (named().length < names.length) await replicas[0]?.alerts.flush();
    expect(all().filter((word) => word === '>firing')).toHaveLength(200);
    expect(all()).not.toContain('fault');
  });
});
