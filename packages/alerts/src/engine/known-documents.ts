import type { Alert } from '../alert.ts';
import type { Silence } from '../silence.ts';
import type {
  CommitUnit,
  StoredDocument,
  StoreSession,
  TickAnswer,
  TickRequest,
} from '../store.ts';

/** What this replica has read, or written, last. A commit finds out where it is no longer so. */
export interface KnownDocuments {
  readonly documents: ReadonlyMap<string, StoredDocument>;
  readonly alerts: readonly Alert[];
  readonly silences: readonly Silence[];
  tick(request: TickRequest): Promise<TickAnswer>;
  /** The unit was applied. */
  wrote(unit: CommitUnit): void;
  /** The unit was not applied. */
  forget(unit: CommitUnit): void;
  addSilence(silence: Silence): void;
  dropSilence(id: string): void;
}

/** Documents of other replicas' series and groups are read when they are due, and then not again. */
const MAX_DOCUMENT_COUNT = 5_000;

export function createKnownDocuments(session: StoreSession): KnownDocuments {
  const documents = new Map<string, StoredDocument>();
  let alerts: readonly Alert[] = [];
  let silences: readonly Silence[] = [];

  function set(document: StoredDocument): void {
    documents.delete(document.key);
    documents.set(document.key, document);
    const [oldest] = documents.keys();
    if (documents.size > MAX_DOCUMENT_COUNT && oldest !== undefined) documents.delete(oldest);
  }

  function setAlerts(changed: readonly Alert[]): void {
    if (changed.length === 0) return;
    const byId = new Map(alerts.map((alert) => [alert.id, alert]));
    for (const alert of changed) {
      if (alert.endedAt === null) byId.set(alert.id, alert);
      else byId.delete(alert.id);
    }
    alerts = Object.freeze([...byId.values()]);
  }

  return {
    documents,
    get alerts() {
      return alerts;
    },
    get silences() {
      return silences;
    },
    async tick(request) {
      const answer = await session.tick(request);
      for (const key of request.read) documents.delete(key);
      answer.documents.forEach(set);
      alerts = Object.freeze(answer.alerts.map((alert) => frozen(alert)));
      silences = answer.silences;
      return answer;
    },
    wrote(unit) {
      for (const { key, version, value, dueAtMs } of unit.documents) {
        if (value === undefined) documents.delete(key);
        else set({ key, version: version + 1, value, dueAtMs });
      }
      setAlerts(unit.alerts);
    },
    forget(unit) {
      for (const { key } of unit.documents) documents.delete(key);
    },
    addSilence(silence) {
      silences = [...silences.filter((one) => one.id !== silence.id), silence];
    },
    dropSilence(id) {
      silences = silences.filter((one) => one.id !== id);
    },
  };
}

function frozen(alert: Alert): Alert {
  Object.freeze(alert.labels);
  Object.freeze(alert.samples);
  return Object.freeze(alert);
}
