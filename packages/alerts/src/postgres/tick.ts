import type { Alert } from '../alert.ts';
import type { Json } from '../channel.ts';
import type { NotificationKind } from '../notification.ts';
import type { Silence } from '../silence.ts';
import type { Claim, StoredDocument, TickAnswer, TickRequest } from '../store.ts';
import { claimParts, NO_CLAIMS } from './claim-parts.ts';
import type { Connected } from './connected.ts';
import { nameOf, storedName } from './stored-text.ts';
import { tickStatement } from './tick-statement.ts';

/** A document as statements answer with it. */
export type DocumentRow = readonly [
  key: string,
  version: number,
  life: number,
  dueAtMs: number | null,
  value: Json,
];

/** What a message tells besides its payload, as it is stored. */
export interface MessageBody {
  readonly id: string;
  readonly channel: string;
  readonly group: string;
  readonly kind: NotificationKind;
  readonly text: string;
  readonly alertIds: readonly string[];
}

interface ClaimRow {
  readonly channel: string;
  readonly lease: string;
  readonly payload: Json;
  /** Oldest first. */
  readonly bodies: readonly MessageBody[];
  readonly attempt: number;
  readonly createdAt: number;
  readonly pendingCount: number;
  readonly hasPrevious: boolean;
  readonly previous: Json;
}

interface Ticked {
  readonly documents: readonly DocumentRow[];
  readonly silences: readonly SilenceRow[];
  readonly alerts: readonly Alert[];
  readonly nextDue: number | null;
  readonly claimableAt: number | null;
  readonly claims: readonly ClaimRow[];
}

/** The end is that of the row: it may have been ended early. */
type SilenceRow = readonly [silence: Silence, endsAtMs: number];

/** @param newLease called for each channel that is asked for. */
export async function tick(
  to: Connected,
  request: TickRequest,
  newLease: () => string,
): Promise<TickAnswer> {
  const { read, dueCount, claim } = request;
  const isClaiming = claim.length > 0;
  const values: unknown[] = [to.scope, JSON.stringify(read.map(storedName)), dueCount];
  if (isClaiming) {
    const asked = claim.map(({ channel, intervalMs, burst, leaseMs }) => ({
      channel: storedName(channel),
      interval_ms: intervalMs,
      burst: Math.max(1, burst),
      lease_ms: leaseMs,
      lease: newLease(),
    }));
    values.push(JSON.stringify(asked));
  }
  const statement = tickStatement(to.tables, isClaiming ? claimParts(to.tables) : NO_CLAIMS);
  const answer = await to.ask<Ticked>(statement, values);
  const due = [answer.nextDue, answer.claimableAt].filter((ms) => ms !== null);
  return {
    nowMs: to.serverClock.now(),
    documents: answer.documents.map((row) => documentOf(to, row)),
    silences: answer.silences.map(silenceOf),
    alerts: answer.alerts,
    claims: answer.claims.flatMap(claimOf),
    nextDueMs: due.length > 0 ? Math.ceil(Math.min(...due)) : undefined,
  };
}

/** Remembers the document's life on the way. */
export function documentOf(to: Connected, row: DocumentRow): StoredDocument {
  const [escaped, version, life, dueAtMs, value] = row;
  const key = nameOf(escaped);
  to.lives.saw(key, life);
  return { key, version, value, dueAtMs: dueAtMs ?? undefined };
}

function silenceOf([silence, endsAtMs]: SilenceRow): Silence {
  return { ...silence, endsAt: new Date(endsAtMs).toISOString() };
}

function claimOf(row: ClaimRow): Claim[] {
  const newest = row.bodies.at(-1);
  if (newest === undefined) return [];
  return [
    {
      id: newest.id,
      ids: row.bodies.map(({ id }) => id),
      channel: newest.channel,
      group: newest.group,
      kind: newest.kind,
      text: newest.text,
      payload: row.payload,
      previous: row.hasPrevious ? row.previous : undefined,
      attempt: row.attempt,
      createdAtMs: Math.ceil(row.createdAt),
      alertIds: [...new Set(row.bodies.flatMap(({ alertIds }) => alertIds))],
      lease: row.lease,
      pendingCount: row.pendingCount,
    },
  ];
}
