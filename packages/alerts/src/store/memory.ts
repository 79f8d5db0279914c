import { type Clock, systemClock } from '@ops/timeout';
import { type Alert, SEVERITIES } from '../alert.ts';
import type { Silence } from '../silence.ts';
import { steadyTime } from '../steady-time.ts';
import type {
  CommitUnit,
  HistoryQuery,
  Store,
  StoredDocument,
  StoreSession,
  TickRequest,
} from '../store.ts';
import { createMemoryOutbox, type MemoryOutbox } from './memory-outbox.ts';

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Default: that of the first `createAlerts` that opens it. */
  readonly clock?: Clock | undefined;
}

/** With others about, their changes are looked for as often as in a database. */
const SHARED_INTERVAL_MS = 1_000;
const MAX_ACTIVE_COUNT = 1_000;
const MAX_ENDED_COUNT = 1_000;

/**
 * State that lasts as long as the process: a restart starts from zero events and no alert. One object
 * may be given to several `createAlerts`, which then are replicas of each other, as with a database:
 * for tests of one's own. Its time is the wall clock's at the beginning, and from then on monotonic.
 * The last 1,000 alerts that ended are kept.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const scopes = new Map<string, Scope>();
  let now: (() => number) | undefined;
  return Object.freeze<Store>({
    kind: 'memory',
    open(context) {
      now ??= storeTime(options.clock ?? context.clock ?? systemClock);
      const scope = scopes.get(context.scope) ?? createScope();
      scopes.set(context.scope, scope);
      return openSession(scope, now);
    },
  });
}

interface Scope {
  readonly documents: Map<string, StoredDocument>;
  readonly outbox: MemoryOutbox;
  silences: readonly Silence[];
  /** By id, those that ended last at the end. */
  readonly alerts: Map<string, Alert>;
  sessionCount: number;
}

function createScope(): Scope {
  const documents = new Map<string, StoredDocument>();
  const outbox = createMemoryOutbox();
  return { documents, outbox, silences: [], alerts: new Map(), sessionCount: 0 };
}

function storeTime(clock: Clock): () => number {
  const startedAtMs = clock.now();
  const time = steadyTime(clock, () => {});
  const startedMs = time();
  return () => Math.floor(startedAtMs + (time() - startedMs));
}

function openSession(scope: Scope, now: () => number): StoreSession {
  const { documents, outbox } = scope;
  let isOpen = true;
  scope.sessionCount += 1;
  return {
    get intervalMs() {
      return scope.sessionCount > 1 ? SHARED_INTERVAL_MS : 0;
    },
    now,
    async tick(request) {
      const nowMs = now();
      scope.silences = scope.silences.filter((one) => Date.parse(one.endsAt) > nowMs);
      const found = readDocuments(documents, request, nowMs);
      const claims = request.claim.flatMap((one) => outbox.claim(one, nowMs) ?? []);
      return copy({
        nowMs,
        documents: found,
        silences: scope.silences,
        alerts: activeOf(scope),
        claims,
        nextDueMs: nextDueMs(scope, request, found, nowMs),
      });
    },
    async commit(units) {
      const nowMs = now();
      return { nowMs, isApplied: units.map((unit) => apply(scope, copy(unit), nowMs)) };
    },
    settle: async (settlement) => ({ isHeld: outbox.settle(copy(settlement), now()) }),
    waiting: async (channel, limitCount) =>
      copy(outbox.waiting(channel, now()).slice(0, limitCount)),
    async list(prefix, limitCount) {
      const keys = [...documents.keys()].filter((key) => key.startsWith(prefix)).toSorted();
      return copy(keys.slice(0, limitCount).flatMap((key) => documents.get(key) ?? []));
    },
    async addSilence(silence) {
      scope.silences = [...scope.silences, copy(silence)];
    },
    async endSilence(id) {
      const nowMs = now();
      const isThere = scope.silences.some((one) => one.id === id && Date.parse(one.endsAt) > nowMs);
      scope.silences = scope.silences.filter((one) => one.id !== id);
      return isThere;
    },
    history: async (query) => copy(historyOf(scope, query)),
    async close() {
      if (isOpen) scope.sessionCount -= 1;
      isOpen = false;
    },
  };
}

function readDocuments(
  documents: ReadonlyMap<string, StoredDocument>,
  { read, dueCount }: TickRequest,
  nowMs: number,
): readonly StoredDocument[] {
  const asked = new Set(read);
  const due = [...documents.values()]
    .filter((one) => one.dueAtMs !== undefined && one.dueAtMs <= nowMs && !asked.has(one.key))
    .toSorted((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0));
  return [...asked].flatMap((key) => documents.get(key) ?? []).concat(due.slice(0, dueCount));
}

/** What was just given out to be stepped does not count: its step sets the next time. */
function nextDueMs(
  scope: Scope,
  request: TickRequest,
  found: readonly StoredDocument[],
  nowMs: number,
): number | undefined {
  const given = new Set(found.map((one) => one.key));
  let nextMs = Infinity;
  for (const { key, dueAtMs } of scope.documents.values()) {
    if (dueAtMs === undefined || (dueAtMs <= nowMs && given.has(key))) continue;
    nextMs = Math.min(nextMs, dueAtMs);
  }
  for (const one of request.claim) nextMs = Math.min(nextMs, scope.outbox.nextMs(one, nowMs));
  return nextMs === Infinity ? undefined : nextMs;
}

function apply(scope: Scope, unit: CommitUnit, nowMs: number): boolean {
  const { documents, outbox, alerts } = scope;
  const isCurrent = unit.documents.every(
    ({ key, version }) => (documents.get(key)?.version ?? 0) === version,
  );
  if (!isCurrent || (unit.settle && !outbox.holds(unit.settle, nowMs))) return false;
  for (const { key, version, value, dueAtMs } of unit.documents) {
    if (value === undefined) documents.delete(key);
    else documents.set(key, { key, version: version + 1, value, dueAtMs });
  }
  outbox.add(unit, nowMs);
  for (const alert of unit.alerts) {
    if (alert.endedAt !== null) alerts.delete(alert.id);
    alerts.set(alert.id, alert);
  }
  const ended = [...alerts.values()].filter((alert) => alert.endedAt !== null);
  for (const { id } of ended.slice(0, -MAX_ENDED_COUNT)) alerts.delete(id);
  return true;
}

function activeOf({ alerts }: Scope): readonly Alert[] {
  const rank = (alert: Alert): number => SEVERITIES.indexOf(alert.severity);
  return [...alerts.values()]
    .filter((alert) => alert.endedAt === null)
    .toSorted((a, b) => rank(b) - rank(a) || a.startedAt.localeCompare(b.startedAt))
    .slice(0, MAX_ACTIVE_COUNT);
}

function historyOf({ alerts }: Scope, query: HistoryQuery): readonly Alert[] {
  const { sinceMs, untilMs = Infinity, rule, id, limitCount } = query;
  return [...alerts.values()]
    .filter(
      (alert) =>
        (alert.endedAt === null || Date.parse(alert.endedAt) > sinceMs) &&
        Date.parse(alert.startedAt) <= untilMs &&
        (rule === undefined || alert.rule === rule) &&
        (id === undefined || alert.id === id),
    )
    .toSorted((a, b) => b.startedAt.localeCompare(a.startedAt))
    .slice(0, limitCount);
}

/** As a database would give it: nobody's later change shows, and only what JSON holds survives. */
function copy<T>(value: T): T {
  return structuredClone(value);
}
