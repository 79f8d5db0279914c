import type { Alert } from '../alert.ts';
import type { AlertsEvent } from '../events.ts';
import { groupKeysOf } from '../notify/routing.ts';
import type { CommitUnit, DocumentChange, NewMessage } from '../store.ts';
import type { DraftInput } from './draft-input.ts';
import { createGroupDesk, type GroupDesk } from './group-desk.ts';
import { admitOrphans, isKnownRoute, membersOf, type Orphans, orphansOf } from './orphans.ts';
import { type PlannedDocument, planDocument, planNow } from './plan-document.ts';
import type { SeriesEntry } from './series-book.ts';
import { alertsOf, changesOfSeries, type SeriesChange } from './series-changes.ts';

/** A unit to be committed, and what follows when it is applied. */
export interface DraftUnit {
  readonly unit: CommitUnit;
  readonly entries: readonly SeriesEntry[];
  readonly events: readonly AlertsEvent[];
  readonly hasTransition: boolean;
}

/** What one round is to change. */
export interface Draft {
  readonly units: readonly DraftUnit[];
  /** Keys to be read before it can be made: it is empty then. */
  readonly missing: readonly string[];
}

/** Computes what a round changes. Changes nothing itself. */
export function makeDraft(input: DraftInput): Draft {
  const changes = changesOfSeries(input);
  const orphans = orphansOf(input);
  const desk = createGroupDesk(input.settings, input.documents, input.asked);
  const alerts = alertsAfter(input, changes, orphans);
  const told = [...changes.flatMap(alertsOf), ...orphans.alerts, ...membersOf(orphans, alerts)];
  const missing = desk.missing(told.flatMap((alert) => groupKeysOf(input.settings, alert)));
  if (missing.length > 0) return { units: [], missing: [...new Set(missing)] };
  return { units: unitsOf(input, changes, orphans, desk, alerts), missing: [] };
}

/** Everything with a transition, and the groups that it touches, is one unit; all else is by itself. */
function unitsOf(
  input: DraftInput,
  changes: readonly SeriesChange[],
  orphans: Orphans,
  desk: GroupDesk,
  alerts: ReadonlyMap<string, Alert>,
): readonly DraftUnit[] {
  const turning = changes.filter((one) => alertsOf(one).length > 0);
  const quiet = changes.filter((one) => alertsOf(one).length === 0);
  const passed: NewMessage[] = [];
  const events = turning.flatMap((one) => admitSteps(input, desk, one, alerts, passed));
  admitOrphans(input, desk, orphans, alerts);
  const plans = desk.changed().map((key) => documentOf(input, desk, key, alerts));
  const changedAlerts = [...turning.flatMap(alertsOf), ...orphans.alerts];
  const together: CommitUnit = {
    documents: [
      ...turning.map((one) => one.change),
      ...orphans.removed,
      ...plans.map((one) => one.change),
    ].toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    messages: [...passed, ...plans.flatMap((one) => one.messages)],
    alerts: [...new Map(changedAlerts.map((alert) => [alert.id, alert])).values()],
  };
  const first: DraftUnit = {
    unit: together,
    entries: turning.map((one) => one.entry),
    events,
    hasTransition: true,
  };
  const touched = new Set(together.documents.map(({ key }) => key));
  const dueGroups = input.due.filter(
    ({ key }) => key.startsWith('g:') && !touched.has(key) && isKnownRoute(input, key),
  );
  const alone = [
    ...quiet.map(({ entry, change }) => unitOf(change, [], [entry])),
    ...dueGroups.map(({ key }) => {
      const { change, messages } = documentOf(input, desk, key, alerts);
      return unitOf(change, messages, []);
    }),
  ].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return together.documents.length > 0 ? [first, ...alone] : alone;
}

function keyOf({ unit }: DraftUnit): string {
  return unit.documents[0]?.key ?? '';
}

function unitOf(
  change: DocumentChange,
  messages: readonly NewMessage[],
  entries: readonly SeriesEntry[],
): DraftUnit {
  const unit = { documents: [change], messages, alerts: [] };
  return { unit, entries, events: [], hasTransition: false };
}

/** Takes the steps up in the groups, and says what is to be told of them. */
function admitSteps(
  input: DraftInput,
  desk: GroupDesk,
  { entry, before, steps }: SeriesChange,
  alerts: ReadonlyMap<string, Alert>,
  passed: NewMessage[],
): readonly AlertsEvent[] {
  const events: AlertsEvent[] = [];
  let severity = before?.alert?.severity;
  const kept = new Set<string>();
  const begun = new Set<string>();
  for (const { alert, from, to, isRise, atMs } of steps) {
    if (alert === null) continue;
    const at = new Date(atMs).toISOString();
    if (from !== to) events.push({ type: 'transition', alert, from, to, at });
    if (isRise && severity !== undefined) {
      events.push({ type: 'escalation', alert, from: severity, to: alert.severity, at });
    }
    const isNew = to === 'firing' && (from === 'ok' || from === 'pending' || from === 'no-data');
    const told = isNew ? input.told(alert.id) : undefined;
    if (told === 'ended' || (isNew && !input.mayTell(entry.docKey))) kept.add(alert.id);
    severity = to === 'ok' ? undefined : alert.severity;
    if (kept.has(alert.id)) continue;
    // Its groups are another version's, or the store's that is away: they go on telling of it.
    if (!isNew && !isRise && !desk.holds(alert)) continue;
    // It began and is over before anybody looked: it is told all the same, if it lasted for `wait`.
    const isPassed = steps.some((later) => later.to === 'ok' && later.alert?.id === alert.id);
    if (to === 'ok' && begun.has(alert.id))
      passed.push(...planned(input, desk, alert, atMs, alerts));
    if (isNew) begun.add(alert.id);
    const admittedMs = isPassed && begun.has(alert.id) ? atMs : input.nowMs;
    const isRouted = desk.admit(alert, admittedMs, told === 'ended' ? undefined : told);
    if (!isRouted && (isNew || isRise)) events.push({ type: 'unrouted', alert });
  }
  return events;
}

/** What was due by then in the groups of the alert. */
function planned(
  input: DraftInput,
  desk: GroupDesk,
  alert: Alert,
  nowMs: number,
  alerts: ReadonlyMap<string, Alert>,
): readonly NewMessage[] {
  return groupKeysOf(input.settings, alert).flatMap((key) => {
    const group = desk.get(key);
    if (group === undefined) return [];
    const plan = planNow(key, group, { ...input, nowMs, alerts: [...alerts.values(), alert] });
    desk.put(key, plan.group);
    return plan.messages;
  });
}

function documentOf(
  input: DraftInput,
  desk: GroupDesk,
  key: string,
  alerts: ReadonlyMap<string, Alert>,
): PlannedDocument {
  const version = input.documents.get(key)?.version ?? 0;
  return planDocument(key, version, desk.get(key), { ...input, alerts: [...alerts.values()] });
}

/** All that are active once this draft is applied. */
function alertsAfter(
  input: DraftInput,
  changes: readonly SeriesChange[],
  orphans: Orphans,
): ReadonlyMap<string, Alert> {
  const active = new Map(input.alerts.map((alert) => [alert.id, alert]));
  for (const alert of [...changes.flatMap(alertsOf), ...orphans.alerts]) {
    if (alert.endedAt === null) active.set(alert.id, alert);
    else active.delete(alert.id);
  }
  return active;
}
