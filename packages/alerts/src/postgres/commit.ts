import { SEVERITIES } from '../alert.ts';
import type { CommitAnswer, CommitUnit, DocumentChange, Settlement } from '../store.ts';
import { batchesOf, type PlacedUnit } from './batches.ts';
import { type CommitParts, commitStatement, placesStatement } from './commit-statement.ts';
import type { Connected } from './connected.ts';
import { LATEST_MS } from './statement.ts';
import { asciiJson, fullName, storedName } from './stored-text.ts';

interface Committed {
  readonly refused: readonly number[];
  readonly made: readonly (readonly [key: string, life: number])[];
}

/** All or nothing for each unit; see {@link commitStatement} for how, and which locks are taken. */
export async function commit(to: Connected, units: readonly CommitUnit[]): Promise<CommitAnswer> {
  const isApplied = units.map(() => false);
  for (const batch of batchesOf(units)) {
    await holdPlaces(to, batch);
    const refused = new Set(await commitBatch(to, batch));
    for (const { place } of batch) isApplied[place] = !refused.has(place);
  }
  return { nowMs: to.serverClock.now(), isApplied };
}

/** The one thing that needs a statement of its own. */
async function holdPlaces(to: Connected, batch: readonly PlacedUnit[]): Promise<void> {
  const places = batch.flatMap(({ unit }) =>
    unit.documents
      .filter(({ version }) => version === 0)
      .map(({ key }) => ({ key: storedName(key), full_key: fullName(key) })),
  );
  if (places.length === 0) return;
  const values = [to.scope, JSON.stringify(places), to.timeoutMs];
  await to.ask(placesStatement(to.tables), values);
}

async function commitBatch(
  to: Connected,
  batch: readonly PlacedUnit[],
): Promise<readonly number[]> {
  const rows = <T>(of: (placed: PlacedUnit) => readonly T[]): T[] => batch.flatMap(of);
  const keys = new Map<string, string>();
  const documents = rows(({ place, unit }) =>
    unit.documents.map((change) => {
      const row = documentRow(to, place, change);
      keys.set(row.key, change.key);
      return row;
    }),
  );
  let order = 0;
  const messages = rows(({ place, unit }) =>
    unit.messages.map((message) => messageRow(place, (order += 1), message)),
  );
  const alerts = rows(alertRows);
  const settlements = rows(({ place, unit }) =>
    unit.settle === undefined ? [] : [settlementRow(place, unit.settle)],
  );
  const parts: CommitParts = {
    hasMessages: messages.length > 0,
    hasAlerts: alerts.length > 0,
    hasSettlements: settlements.length > 0,
  };
  const { refused, made } = await to.ask<Committed>(commitStatement(to.tables, parts), [
    to.scope,
    JSON.stringify(documents),
    to.timeoutMs,
    JSON.stringify(messages),
    JSON.stringify(alerts),
    JSON.stringify(settlements),
    to.tables.messages,
    to.serverClock.isKnown ? to.serverClock.now() + to.timeoutMs : null,
  ]);
  for (const [key, life] of made) to.lives.saw(keys.get(key) ?? key, life);
  return refused;
}

function documentRow(to: Connected, unit: number, change: DocumentChange) {
  const { key, version, value, dueAtMs } = change;
  const dueMs =
    value === undefined || dueAtMs === undefined || Number.isNaN(dueAtMs)
      ? null
      : Math.min(Math.max(dueAtMs, 0), LATEST_MS);
  return {
    unit,
    key: storedName(key),
    version,
    life: version === 0 ? null : to.lives.of(key),
    value: value === undefined ? null : asciiJson(value),
    due_ms: dueMs,
    due_minute: dueMs === null ? null : Math.min(Math.floor(dueMs / 60_000), 2 ** 31 - 1),
  };
}

function messageRow(unit: number, place: number, message: CommitUnit['messages'][number]) {
  const { id, channel, group, kind, text, alertIds, payload, catchUp, isFirst } = message;
  return {
    unit,
    place,
    id: storedName(id),
    channel: storedName(channel),
    group_key: storedName(group),
    is_first: isFirst,
    body: asciiJson({ id, channel, group, kind, text, alertIds }),
    payload: asciiJson(payload),
    catch_up: asciiJson(catchUp),
    expires_ms: Math.min(message.expiresAtMs, LATEST_MS),
    replaces: message.replaces?.map(storedName) ?? null,
  };
}

/** The last of each id, should one be there twice: an upsert refuses to write a row twice. */
function alertRows({ place, unit }: PlacedUnit) {
  const alerts = new Map(unit.alerts.map((alert) => [alert.id, alert]));
  return [...alerts.values()].map((alert) => ({
    unit: place,
    id: storedName(alert.id),
    rule: storedName(alert.rule),
    severity: SEVERITIES.indexOf(alert.severity),
    started_ms: Date.parse(alert.startedAt),
    ended_ms: alert.endedAt === null ? null : Date.parse(alert.endedAt),
    body: asciiJson(alert),
  }));
}

function settlementRow(unit: number, settlement: Settlement) {
  const { ids, channel, lease, outcome } = settlement;
  const isRetry = outcome === 'retry';
  return {
    unit,
    channel: storedName(channel),
    lease: storedName(lease),
    outcome,
    receipt:
      outcome === 'delivered' && settlement.receipt !== undefined
        ? asciiJson(settlement.receipt)
        : null,
    error: outcome === 'delivered' ? null : asciiJson(settlement.error).slice(1, -1),
    delay_ms: isRetry ? settlement.delayMs : 0,
    pause_ms: isRetry ? settlement.pauseMs : 0,
    ids: ids.map(storedName),
  };
}
