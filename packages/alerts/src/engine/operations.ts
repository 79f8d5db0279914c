import { randomUUID } from 'node:crypto';
import type { Alert } from '../alert.ts';
import { AlertBusyError, AlertNotFoundError } from '../errors.ts';
import type { AlertsEvent, Emit } from '../events.ts';
import { groupKeysOf } from '../notify/routing.ts';
import type { AlertsSettings } from '../options.ts';
import { resolveSeries, type Series } from '../series.ts';
import type { AlertMatch, Silence } from '../silence.ts';
import type { CommitUnit, StoredDocument } from '../store.ts';
import { createGroupDesk } from './group-desk.ts';
import { planDocument } from './plan-document.ts';
import type { AmendView } from './rounds.ts';
import { seriesKey } from './series-book.ts';
import { seriesOf, withSeries } from './series-document.ts';
import type { Worker } from './worker.ts';

/** What people do to alerts. Each is one step in the store, for all replicas. */
export interface Operations {
  acknowledge(id: string, by: string, note: string | undefined): Promise<Alert>;
  resolve(id: string, by: string): Promise<Alert>;
  silence(match: AlertMatch, forMs: number, by: string, reason: string): Promise<Silence>;
  endSilence(id: string): Promise<boolean>;
}

/** What becomes of a series and its alert. */
interface Change {
  readonly series: Series;
  readonly alert: Alert;
  readonly events: readonly AlertsEvent[];
}

export function createOperations(settings: AlertsSettings, main: Worker, emit: Emit): Operations {
  const { session, rounds, loop } = main;
  const { channels, delivery, notify } = settings;
  const compose = { channels, maxAgeMs: delivery.maxAgeMs, emit };

  function unitOf(view: AmendView, document: StoredDocument, change: Change): CommitUnit {
    const { nowMs, silences } = view;
    const { alert } = change;
    const keys = groupKeysOf(notify, alert);
    const desk = createGroupDesk(notify, view.documents, new Set(keys));
    desk.admit(alert, nowMs, undefined);
    const others = view.alerts.filter(({ id }) => id !== alert.id);
    const alerts = alert.endedAt === null ? [...others, alert] : others;
    const input = { settings: notify, compose, isDegraded: false, nowMs, silences, alerts };
    const plans = desk.changed().map((key) => {
      const version = view.documents.get(key)?.version ?? 0;
      return planDocument(key, version, desk.get(key), input);
    });
    const { key, version, value, dueAtMs } = document;
    const changed = { key, version, value: withSeries(value, change.series), dueAtMs };
    return {
      documents: [changed, ...plans.map((plan) => plan.change)],
      messages: plans.flatMap((plan) => plan.messages),
      alerts: [alert],
    };
  }

  async function amend(id: string, build: (series: Series, nowMs: number) => Change | undefined) {
    const known = rounds.view.alerts.find((alert) => alert.id === id) ?? (await stored(id));
    if (known === undefined) throw new AlertNotFoundError(id);
    const docKey = seriesKey(known.rule, known.key ?? '');
    let change: Change | undefined;
    const isApplied = await rounds.amend([docKey, ...groupKeysOf(notify, known)], (view) => {
      const document = view.documents.get(docKey);
      const series = seriesOf(document)?.series;
      const isThere = document !== undefined && series?.alert?.id === id;
      change = isThere && series ? build(series, view.nowMs) : undefined;
      return change && document && unitOf(view, document, change);
    });
    if (change === undefined) throw new AlertNotFoundError(id);
    if (!isApplied) throw new AlertBusyError(id);
    change.events.forEach(emit);
    loop.soon();
    return change.alert;
  }

  async function stored(id: string): Promise<Alert | undefined> {
    const [alert] = await session.history({ sinceMs: 0, id, limitCount: 1 });
    return alert?.endedAt === null ? alert : undefined;
  }

  return {
    acknowledge: (id, by, note) =>
      amend(id, (series, nowMs) => {
        if (series.alert === null) return undefined;
        const at = new Date(nowMs).toISOString();
        const acknowledged = Object.freeze({ by, at, ...(note !== undefined && { note }) });
        const alert = Object.freeze<Alert>({ ...series.alert, acknowledged });
        return { series: { ...series, alert }, alert, events: [] };
      }),
    resolve: (id, by) =>
      amend(id, (series, nowMs) => {
        const resolved = resolveSeries(series, nowMs, `resolved by ${by}`);
        if (resolved === undefined || resolved.step.alert === null) return undefined;
        const { alert, from, to, atMs } = resolved.step;
        const at = new Date(atMs).toISOString();
        const events = [{ type: 'transition', alert, from, to, at }] as const;
        return { series: resolved.series, alert, events };
      }),
    async silence(match, forMs, by, reason) {
      const nowMs = session.now();
      const silence = Object.freeze<Silence>({
        id: `sil_${randomUUID()}`,
        match,
        startsAt: new Date(nowMs).toISOString(),
        endsAt: new Date(nowMs + forMs).toISOString(),
        by,
        reason,
      });
      await session.addSilence(silence);
      rounds.addSilence(silence);
      return silence;
    },
    async endSilence(id) {
      const isEnded = await session.endSilence(id);
      rounds.dropSilence(id);
      loop.soon();
      return isEnded;
    },
  };
}
