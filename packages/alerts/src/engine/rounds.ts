import type { Alert, ErrorSample } from '../alert.ts';
import type { AlertsEvent, Emit } from '../events.ts';
import type { Told } from '../notify/group.ts';
import type { NotifySettings } from '../notify/notify-settings.ts';
import { groupKeysOf } from '../notify/routing.ts';
import type { Silence } from '../silence.ts';
import type {
  Claim,
  ClaimRequest,
  CommitUnit,
  StoredDocument,
  StoreSession,
  TickAnswer,
} from '../store.ts';
import type { ComposeContext } from './compose-messages.ts';
import { type Draft, type DraftUnit, makeDraft } from './draft.ts';
import { createKnownDocuments } from './known-documents.ts';
import type { EventKind } from './pending-runs.ts';
import type { SeriesBook, SeriesEntry } from './series-book.ts';
import { lastCommitOf, seriesOf } from './series-document.ts';
import { step } from './step-series.ts';

/** Reads, computes and commits: everything by which the state in a store is changed. */
export interface Rounds {
  /** Takes events in; true when by what this replica knows they turn an alert: to be stored at once. */
  add(events: readonly CountedEvent[]): boolean;
  /**
   * One round: everything that waits or is due. Rejects when the store cannot be reached, what waits
   * then goes on waiting.
   *
   * @param onClaims given what is to be sent as soon as it is claimed, whatever becomes of the rest.
   */
  run(
    claim: readonly ClaimRequest[],
    onClaims: (claims: readonly Claim[]) => void,
  ): Promise<RoundReport>;
  /**
   * Changes documents by what they are now: reads, builds, commits, and does so anew while others are
   * faster. False when `build` gave up (undefined), or it was not applied after 5 times.
   */
  amend(
    keys: readonly string[],
    build: (view: AmendView) => CommitUnit | undefined,
  ): Promise<boolean>;
  readonly view: AmendView;
  addSilence(silence: Silence): void;
  dropSilence(id: string): void;
  /** Whether events wait for the store. */
  readonly isWaiting: boolean;
}

/** Equal events, by the steady time of this process. */
export interface CountedEvent {
  readonly kind: EventKind;
  readonly atMs: number;
  readonly count: number;
}

/** What is known of the store. */
export interface AmendView {
  readonly documents: ReadonlyMap<string, StoredDocument>;
  readonly alerts: readonly Alert[];
  readonly silences: readonly Silence[];
  readonly nowMs: number;
}

interface RoundReport {
  /** Undefined: nothing is due as far as is known. */
  readonly nextDueMs: number | undefined;
  /** There is more to do right now. */
  readonly isUnfinished: boolean;
  /** Messages were stored, and wait to be claimed. */
  readonly hasMessages: boolean;
}

export interface RoundsOptions {
  readonly session: StoreSession;
  readonly book: SeriesBook;
  readonly settings: NotifySettings;
  readonly compose: ComposeContext;
  readonly replica: string;
  readonly isDegraded: boolean;
  readonly time: () => number;
  readonly emit: Emit;
  readonly samples: (entry: SeriesEntry) => readonly ErrorSample[];
  readonly told: (alertId: string) => Told | 'ended' | undefined;
  readonly mayTell: (docKey: string) => boolean;
}

const DUE_COUNT = 100;
/** How often a transition is tried again at once when another replica was faster. */
const MAX_ATTEMPTS = 4;
const MAX_AMENDS = 5;
/** A store's statements are over long before: a commit that was not seen by then never was. */
const COMMIT_OVER_MS = 60_000;

const TOLD_FAULT_MS = 60_000;

interface Doubt {
  readonly number: number;
  readonly events: readonly AlertsEvent[];
}

export function createRounds(options: RoundsOptions): Rounds {
  const { session, book, settings, compose, replica, isDegraded, time, emit } = options;
  const known = createKnownDocuments(session);
  const doubts = new Map<string, Doubt>();
  const predicted = new Set<string>();
  let lastNumber = 0;
  let lastDoubtMs = Number.NEGATIVE_INFINITY;

  /** A rule that throws does so on every event: it is told of once a minute for each series. */
  function onFault(error: unknown, entry: SeriesEntry): void {
    if (time() - entry.toldFaultMs < TOLD_FAULT_MS) return;
    entry.toldFaultMs = time();
    emit({ type: 'fault', error });
  }

  const stepContext = () => {
    const nowMs = session.now();
    const { service, environment } = settings;
    const offsetMs = nowMs - time();
    return { service, environment, isDegraded, nowMs, offsetMs, samples: options.samples, onFault };
  };

  /** Folds what came in on what is known, to see at once what the store would make of it. */
  function guess(entry: SeriesEntry): boolean {
    const held = seriesOf(known.documents.get(entry.docKey));
    const { runs } = entry.pending;
    const isAnew = entry.guess === undefined || entry.foldedCount > runs.length;
    const from = isAnew ? held?.series : entry.guess;
    const fresh = isAnew ? runs : runs.slice(entry.foldedCount);
    // What was folded must not grow.
    entry.pending.fence();
    const context = { ...stepContext(), samples: () => [], onFault: () => {} };
    const stepped = step(entry, from, fresh, context);
    entry.guess = stepped?.series;
    entry.foldedCount = runs.length;
    const alerts = stepped?.steps.flatMap(({ alert }) => alert ?? []) ?? [];
    for (const alert of alerts) {
      for (const key of groupKeysOf(settings, alert)) predicted.add(key);
    }
    return alerts.length > 0;
  }

  /** What the documents that were just read say of the commits of this replica. */
  function discharge(documents: readonly StoredDocument[]): void {
    for (const document of documents) {
      const last = lastCommitOf(seriesOf(document), replica);
      const doubt = doubts.get(document.key);
      if (doubt !== undefined && last >= doubt.number) {
        doubts.delete(document.key);
        if (last === doubt.number) doubt.events.forEach(emit);
      }
      const entry = book.get(document.key);
      if (entry === undefined) continue;
      entry.guess = undefined;
      entry.pending.drop(last);
      if (time() - lastDoubtMs > COMMIT_OVER_MS) entry.pending.unseal();
    }
  }

  async function read(
    keys: readonly string[],
    dueCount: number,
    claim: readonly ClaimRequest[],
  ): Promise<TickAnswer> {
    const answer = await known.tick({ read: keys, dueCount, claim });
    discharge(answer.documents);
    return answer;
  }

  function draftOf(asked: ReadonlySet<string>, due: readonly StoredDocument[]): Draft {
    return makeDraft({
      ...stepContext(),
      documents: known.documents,
      asked,
      due: due.map(({ key }) => known.documents.get(key)).filter((one) => one !== undefined),
      entries: book.waiting(),
      alerts: known.alerts,
      silences: known.silences,
      settings,
      compose,
      replica,
      number: lastNumber + 1,
      entryOf: ({ rule, key }) => book.entryOf(rule, key),
      told: options.told,
      mayTell: options.mayTell,
    });
  }

  /** @returns whether every unit with a transition was applied. */
  async function commit(units: readonly DraftUnit[]): Promise<readonly boolean[]> {
    lastNumber += 1;
    const number = lastNumber;
    for (const { entries } of units) {
      for (const entry of entries) entry.pending.seal(number);
    }
    try {
      const { isApplied } = await session.commit(units.map(({ unit }) => unit));
      units.forEach((unit, index) => {
        if (isApplied[index] === true) applied(unit, number);
      });
      return isApplied;
    } catch (error) {
      lastDoubtMs = time();
      for (const { unit, events } of units) {
        const key = unit.documents.find((document) => document.key.startsWith('s:'))?.key;
        if (key !== undefined && events.length > 0) doubts.set(key, { number, events });
      }
      throw error;
    }
  }

  function applied({ unit, entries, events }: DraftUnit, number: number): void {
    known.wrote(unit);
    for (const entry of entries) {
      entry.pending.drop(number);
      entry.isWanted = false;
      entry.guess = undefined;
      const change = unit.documents.find(({ key }) => key === entry.docKey);
      if (change?.value === undefined) book.drop(entry.docKey);
    }
    events.forEach(emit);
  }

  async function run(
    claim: readonly ClaimRequest[],
    onClaims: (claims: readonly Claim[]) => void,
  ): Promise<RoundReport> {
    let dueTimes: (number | undefined)[] = [];
    let isUnfinished = false;
    let hasMessages = false;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const keys = new Set([...book.waiting().map(({ docKey }) => docKey), ...predicted]);
      predicted.clear();
      const answer = await read([...keys], DUE_COUNT, attempt === 1 ? claim : []);
      if (attempt === 1) onClaims(answer.claims);
      isUnfinished = answer.documents.filter(({ key }) => !keys.has(key)).length >= DUE_COUNT;
      const due = answer.documents.filter(
        ({ dueAtMs }) => dueAtMs !== undefined && dueAtMs <= session.now(),
      );
      let draft = draftOf(keys, due);
      while (draft.missing.length > 0) {
        for (const key of draft.missing) keys.add(key);
        await read(draft.missing, 0, []);
        draft = draftOf(keys, due);
      }
      dueTimes = [answer.nextDueMs];
      if (draft.units.length === 0) break;
      const isApplied = await commit(draft.units);
      draft.units.forEach(({ unit, hasTransition }, index) => {
        // Counts alone can wait for the next interval, where there is one: so a replica sends two
        // statements a second also when others are faster now and then.
        if (isApplied[index] !== true) {
          isUnfinished ||= hasTransition || session.intervalMs === 0;
          // Somebody else was faster: what is known of these is to be read again.
          known.forget(unit);
          return;
        }
        dueTimes.push(...unit.documents.map(({ dueAtMs }) => dueAtMs));
        if (unit.messages.length > 0) hasMessages = true;
      });
      const isBeaten = draft.units.some((one, index) => one.hasTransition && !isApplied[index]);
      if (!isBeaten) break;
    }
    const nextDueMs = Math.min(...dueTimes.map((ms) => ms ?? Infinity));
    return {
      nextDueMs: nextDueMs === Infinity ? undefined : nextDueMs,
      isUnfinished,
      hasMessages,
    };
  }

  const view: AmendView = {
    get documents() {
      return known.documents;
    },
    get alerts() {
      return known.alerts;
    },
    get silences() {
      return known.silences;
    },
    get nowMs() {
      return session.now();
    },
  };

  return {
    run,
    view,
    add(events) {
      const touched = new Set<SeriesEntry>();
      for (const { kind, atMs, count } of events) {
        for (const entry of book.offer(kind, atMs, count)) touched.add(entry);
      }
      return [...touched].filter(guess).length > 0;
    },
    async amend(keys, build) {
      for (let attempt = 1; attempt <= MAX_AMENDS; attempt += 1) {
        await read(keys, 0, []);
        const unit = build(view);
        if (unit === undefined) return false;
        const { isApplied } = await session.commit([unit]);
        if (isApplied[0] !== true) continue;
        known.wrote(unit);
        return true;
      }
      return false;
    },
    addSilence: (silence) => known.addSilence(silence),
    dropSilence: (id) => known.dropSilence(id),
    get isWaiting() {
      return book.waiting().length > 0;
    },
  };
}
