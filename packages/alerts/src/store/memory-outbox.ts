import { randomUUID } from 'node:crypto';
import type { Json } from '../channel.ts';
import type {
  Claim,
  ClaimRequest,
  CommitUnit,
  NewMessage,
  Settlement,
  WaitingMessage,
} from '../store.ts';

/** The messages of one scope, and what is known of its channels. */
export interface MemoryOutbox {
  /** Whether the settlement's lease is held, with every message that it names. */
  holds(settlement: Settlement, nowMs: number): boolean;
  settle(settlement: Settlement, nowMs: number): boolean;
  add(unit: CommitUnit, nowMs: number): void;
  claim(request: ClaimRequest, nowMs: number): Claim | undefined;
  waiting(channel: string, nowMs: number): readonly WaitingMessage[];
  /** When the next message of the channel may be claimed; Infinity: none waits. */
  nextMs(request: ClaimRequest, nowMs: number): number;
}

interface Stored {
  readonly message: NewMessage;
  /** Place in the order of its channel; a digest takes that of the first that it replaces. */
  readonly order: number;
  readonly createdAtMs: number;
  isFirst: boolean;
  attempt: number;
  notBeforeMs: number;
  lease: string | undefined;
  leasedUntilMs: number;
}

interface ChannelState {
  readonly messages: Map<string, Stored>;
  pausedUntilMs: number;
  /** Generic cell rate: when the bucket will be full again. */
  fullAtMs: number;
  /** By group; the oldest go first when there are too many. */
  readonly receipts: Map<string, Json>;
}

/** A group beyond it begins a new thread: what was returned for its last message is forgotten. */
const MAX_RECEIPT_COUNT = 1_000;

export function createMemoryOutbox(): MemoryOutbox {
  const channels = new Map<string, ChannelState>();
  let lastOrder = 0;

  function stateOf(channel: string): ChannelState {
    let state = channels.get(channel);
    if (state === undefined) {
      state = { messages: new Map(), pausedUntilMs: 0, fullAtMs: 0, receipts: new Map() };
      channels.set(channel, state);
    }
    return state;
  }

  function heldBy(
    { channel, ids, lease }: Settlement,
    nowMs: number,
  ): readonly Stored[] | undefined {
    const { messages } = stateOf(channel);
    const held = ids.flatMap((id) => messages.get(id) ?? []);
    const isHeld = (one: Stored): boolean => one.lease === lease && one.leasedUntilMs > nowMs;
    return held.length === ids.length && held.every(isHeld) ? held : undefined;
  }

  function settle(settlement: Settlement, nowMs: number): boolean {
    const held = heldBy(settlement, nowMs);
    if (held === undefined) return false;
    const state = stateOf(settlement.channel);
    if (settlement.outcome === 'retry') {
      for (const one of held) release(one, nowMs + settlement.delayMs);
      state.pausedUntilMs = Math.max(state.pausedUntilMs, nowMs + settlement.pauseMs);
      return true;
    }
    for (const { message } of held) state.messages.delete(message.id);
    const group = held[0]?.message.group;
    if (group === undefined) return true;
    if (settlement.outcome === 'failed') {
      const next = inOrder(state).find((one) => one.message.group === group);
      if (next !== undefined && held.some((one) => one.isFirst)) next.isFirst = true;
    } else if (settlement.receipt !== undefined) {
      remember(state.receipts, group, settlement.receipt);
    }
    return true;
  }

  return {
    holds: (settlement, nowMs) => heldBy(settlement, nowMs) !== undefined,
    settle,
    add({ messages, settle: settlement }, nowMs) {
      const places = messages.map((message) => placeOf(stateOf(message.channel), message));
      if (settlement) settle(settlement, nowMs);
      messages.forEach((message, index) => {
        const { messages: stored } = stateOf(message.channel);
        for (const id of message.replaces ?? []) stored.delete(id);
        lastOrder += 1;
        const order = places[index] ?? lastOrder;
        const free = { attempt: 0, notBeforeMs: 0, lease: undefined, leasedUntilMs: 0 };
        const { isFirst } = message;
        stored.set(message.id, { message, order, createdAtMs: nowMs, isFirst, ...free });
      });
    },
    claim(request, nowMs) {
      const state = stateOf(request.channel);
      if (startMs(state, request, nowMs) > nowMs) return undefined;
      const taken = nextGroup(state, nowMs);
      const [oldest] = taken;
      const newest = taken.at(-1);
      if (oldest === undefined || newest === undefined) return undefined;
      const lease = randomUUID();
      for (const one of taken) {
        one.lease = lease;
        one.leasedUntilMs = nowMs + request.leaseMs;
        one.attempt += 1;
      }
      state.fullAtMs = Math.max(state.fullAtMs, nowMs) + request.intervalMs;
      return claimOf(state, oldest, newest, taken, lease);
    },
    waiting: (channel, nowMs) =>
      inOrder(stateOf(channel)).flatMap((one) => (one.leasedUntilMs > nowMs ? [] : waitingOf(one))),
    nextMs(request, nowMs) {
      const state = stateOf(request.channel);
      const readyMs = heads(state).map((head) => Math.max(head.notBeforeMs, head.leasedUntilMs));
      return Math.max(Math.min(...readyMs, Infinity), startMs(state, request, nowMs));
    },
  };
}

function release(one: Stored, notBeforeMs: number): void {
  one.lease = undefined;
  one.leasedUntilMs = 0;
  one.notBeforeMs = notBeforeMs;
}

function remember(receipts: Map<string, Json>, group: string, receipt: Json): void {
  receipts.delete(group);
  receipts.set(group, receipt);
  const [oldest] = receipts.keys();
  if (receipts.size > MAX_RECEIPT_COUNT && oldest !== undefined) receipts.delete(oldest);
}

function placeOf(state: ChannelState, { replaces = [] }: NewMessage): number | undefined {
  const orders = replaces.flatMap((id) => state.messages.get(id)?.order ?? []);
  return orders.length === 0 ? undefined : Math.min(...orders);
}

function inOrder(state: ChannelState): readonly Stored[] {
  return [...state.messages.values()].toSorted((a, b) => a.order - b.order);
}

/** The oldest of each group: nothing overtakes it. */
function heads(state: ChannelState): readonly Stored[] {
  const seen = new Set<string>();
  return inOrder(state).filter(({ message: { group } }) => {
    const isHead = !seen.has(group);
    seen.add(group);
    return isHead;
  });
}

/** When the channel may be used: not paused, nothing in flight, and within its rate. */
function startMs(state: ChannelState, { intervalMs, burst }: ClaimRequest, nowMs: number): number {
  const leases = [...state.messages.values()].map((one) => one.leasedUntilMs);
  const busyUntilMs = Math.max(0, ...leases.filter((untilMs) => untilMs > nowMs));
  const rateMs = intervalMs > 0 ? state.fullAtMs - intervalMs * (burst - 1) : 0;
  return Math.max(state.pausedUntilMs, busyUntilMs, rateMs);
}

/** What of the first group that may go is to be sent, oldest first. */
function nextGroup(state: ChannelState, nowMs: number): readonly Stored[] {
  const head = heads(state).find((one) => one.notBeforeMs <= nowMs && one.leasedUntilMs <= nowMs);
  if (head === undefined) return [];
  if (!head.isFirst) return [head];
  return inOrder(state).filter((one) => one.message.group === head.message.group);
}

function claimOf(
  state: ChannelState,
  oldest: Stored,
  newest: Stored,
  taken: readonly Stored[],
  lease: string,
): Claim {
  const { id, channel, group, kind, text, payload, catchUp } = newest.message;
  return {
    id,
    ids: taken.map((one) => one.message.id),
    channel,
    group,
    kind,
    text,
    payload: oldest.isFirst ? catchUp : payload,
    previous: state.receipts.get(group),
    attempt: oldest.attempt,
    createdAtMs: oldest.createdAtMs,
    alertIds: [...new Set(taken.flatMap((one) => one.message.alertIds))],
    lease,
    pendingCount: state.messages.size,
  };
}

function waitingOf({ message, attempt, createdAtMs }: Stored): WaitingMessage {
  const { id, group, kind, text, alertIds } = message;
  return { id, group, kind, text, alertIds, attempt, createdAtMs };
}
