import type { Alert } from '../../src/alert.ts';
import type { AlertsStatus } from '../../src/alerts.ts';
import type { ViewedAlerts } from '../../src/view/index.ts';

export const NOW_MS = Date.UTC(2026, 0, 2, 12);

/** An alert that began at 11:00 and fires. */
export function alertOf(changed: Partial<Alert> = {}): Alert {
  return {
    id: 'errorSpike-k3f9-1',
    rule: 'errorSpike',
    key: null,
    service: 'billing',
    environment: 'production',
    labels: {},
    state: 'firing',
    severity: 'medium',
    epoch: 1,
    startedAt: '2026-01-02T11:00:00.000Z',
    endedAt: null,
    reason: '142 errors in the last 1h, over 100',
    value: 142,
    limit: 100,
    samples: [{ message: 'Error: card declined', count: 7, route: '/pay' }],
    runbook: null,
    acknowledged: null,
    degraded: false,
    ...changed,
  };
}

export const STATUS: AlertsStatus = {
  store: 'memory',
  service: 'billing',
  environment: 'production',
  isDegraded: false,
  series: [
    {
      rule: 'errorSpike',
      key: null,
      state: 'firing',
      why: '142 errors in the last 1h, over 100',
      value: 142,
      limit: 100,
    },
    {
      rule: 'nightly',
      key: null,
      state: 'no-data',
      why: 'no beat since the start',
      value: null,
      limit: null,
    },
  ],
  channels: [{ channel: 'ops', pendingCount: 3, pausedUntil: null, isBroken: false }],
};

/** Alerts as somebody else keeps them; `history` answers as a store does: newest first, `until` included. */
export function viewed(
  changed: Partial<ViewedAlerts> = {},
  past: readonly Alert[] = [],
): ViewedAlerts {
  return {
    active: () => [alertOf()],
    silences: () => [],
    status: async () => STATUS,
    async history({ since, until, rule, limit = 100 }) {
      return past
        .filter(({ startedAt }) => until === undefined || Date.parse(startedAt) <= Number(until))
        .filter(({ endedAt }) => endedAt === null || Date.parse(endedAt) > Number(since))
        .filter((alert) => rule === undefined || alert.rule === rule)
        .toSorted((a, b) => b.startedAt.localeCompare(a.startedAt))
        .slice(0, limit);
    },
    ...changed,
  };
}
