import type { Channel, Json } from '../channel.ts';
import type { Emit } from '../events.ts';
import type { Notification } from '../notification.ts';
import { delivered, forget } from '../notify/arrival.ts';
import { composeDigest, composeUndelivered, MAX_LINE_COUNT } from '../notify/compose-notices.ts';
import type { NotifySettings } from '../notify/notify-settings.ts';
import type { Claim, CommitUnit, NewMessage, Settlement, StoreSession } from '../store.ts';
import { type ComposeContext, enveloped, newMessageId } from './compose-messages.ts';
import { groupOf } from './group-desk.ts';
import { type PlannedDocument, planDocument } from './plan-document.ts';
import type { AmendView, Rounds } from './rounds.ts';

/** Tells the store what became of a message, and the group what its channel knows now. */
export interface Outcomes {
  delivered(claim: Claim, receipt: Json | undefined): Promise<void>;
  givenUp(claim: Claim, error: string): Promise<void>;
  /** Puts one message in place of many that wait. False where there are not so many. */
  digest(claim: Claim, channel: Channel): Promise<boolean>;
  settle(settlement: Settlement): Promise<void>;
  /** Tries again what the store could not be told. */
  retry(): Promise<void>;
}

export interface OutcomesOptions {
  readonly session: StoreSession;
  readonly rounds: Rounds;
  readonly settings: NotifySettings;
  readonly compose: ComposeContext;
  readonly isDegraded: boolean;
  readonly emit: Emit;
}

/** More than these waiting messages become a digest, of at most so many: it has a line for each. */
const DIGEST_OVER_COUNT = 10;
const MAX_DIGESTED_COUNT = MAX_LINE_COUNT;
/** The other channels are told that one is broken once in this time. */
const TOLD_BROKEN_MS = 3_600_000;
const MAX_UNSETTLED_COUNT = 1_000;

export function createOutcomes(options: OutcomesOptions): Outcomes {
  const { session, rounds, settings, compose, isDegraded, emit } = options;
  let unsettled: readonly Settlement[] = [];

  async function settle(settlement: Settlement): Promise<void> {
    try {
      await session.settle(settlement);
    } catch {
      // The store is away. The lease may run out meanwhile; then the message goes out again.
      unsettled = [...unsettled, settlement].slice(-MAX_UNSETTLED_COUNT);
    }
  }

  /** With the group's document, or where that cannot be had, without it. */
  async function settleWith(
    keys: readonly string[],
    settlement: Settlement,
    build: (view: AmendView) => CommitUnit | undefined,
  ): Promise<void> {
    const isApplied = await rounds.amend(keys, build).catch(() => false);
    if (!isApplied) await settle(settlement);
  }

  function planned(
    view: AmendView,
    key: string,
    change: (group: NonNullable<ReturnType<typeof groupOf>>) => ReturnType<typeof groupOf>,
  ): PlannedDocument | undefined {
    const document = view.documents.get(key);
    const group = groupOf(document);
    if (document === undefined || group === undefined) return undefined;
    const after = change(group);
    if (after === group) return undefined;
    const { nowMs, silences, alerts } = view;
    const input = { settings, compose, isDegraded, nowMs, silences, alerts };
    return planDocument(key, document.version, after, input);
  }

  async function digest(claim: Claim, channel: Channel): Promise<boolean> {
    if (channel.digests === false || claim.pendingCount <= DIGEST_OVER_COUNT) return false;
    if (isNotice(claim)) return false;
    const others = await session.waiting(claim.channel, MAX_DIGESTED_COUNT).catch(() => []);
    const waiting = others
      .filter(({ kind }) => !NOTICES.includes(kind))
      .slice(0, MAX_DIGESTED_COUNT - 1);
    if (waiting.length < DIGEST_OVER_COUNT) return false;
    const nowMs = session.now();
    const about = { settings, id: newMessageId(), nowMs, isDegraded };
    const told = [claim, ...waiting];
    const notification = composeDigest(about, claim.channel, told, rounds.view.alerts);
    const message = noticeOf(
      claim.channel,
      notification,
      told.flatMap((one) => one.alertIds),
      nowMs,
    );
    if (message === undefined) return false;
    const { ids, lease, channel: name } = claim;
    const replaces = [...ids, ...waiting.map(({ id }) => id)];
    const unit: CommitUnit = {
      documents: [],
      messages: [{ ...message, replaces }],
      alerts: [],
      settle: { ids, lease, channel: name, outcome: 'delivered', receipt: undefined },
    };
    // Without an answer the digest may be stored, so the message is left alone: its lease runs out.
    const { isApplied } = await session.commit([unit]).catch(() => ({ isApplied: [false] }));
    if (isApplied[0]) emit({ type: 'digest', channel: name, messageCount: replaces.length });
    // Not applied: the lease is no longer ours, nor is the message.
    return true;
  }

  function noticeOf(
    channel: string,
    notification: Notification,
    alertIds: readonly string[],
    nowMs: number,
  ): NewMessage | undefined {
    const payload = enveloped(channel, notification, compose);
    if (payload === null) return undefined;
    const { id, kind, text, group } = notification;
    const expiresAtMs = nowMs + compose.maxAgeMs;
    const unique = [...new Set(alertIds)];
    const facts = { id, channel, group, kind, text, alertIds: unique, expiresAtMs };
    return { ...facts, payload, catchUp: payload, isFirst: true };
  }

  /** To every other channel, that this one does not take alerts. */
  function undelivered(claim: Claim, error: string, view: AmendView): CommitUnit | undefined {
    const key = `c:${claim.channel}`;
    const document = view.documents.get(key);
    const value = document?.value as { readonly toldBrokenAtMs?: number } | null | undefined;
    const { nowMs } = view;
    if (nowMs - (value?.toldBrokenAtMs ?? Number.NEGATIVE_INFINITY) < TOLD_BROKEN_MS)
      return undefined;
    const messages = Object.keys(settings.channels).flatMap((name) => {
      if (name === claim.channel) return [];
      const about = { settings, id: newMessageId(), nowMs, isDegraded };
      const notification = composeUndelivered(about, claim.channel, error, [claim.text]);
      return noticeOf(name, notification, claim.alertIds, nowMs) ?? [];
    });
    const change = {
      key,
      version: document?.version ?? 0,
      value: { toldBrokenAtMs: nowMs },
      dueAtMs: undefined,
    };
    return { documents: [change], messages, alerts: [] };
  }

  return {
    settle,
    digest,
    async delivered(claim, receipt) {
      const { ids, lease, channel, group, id } = claim;
      const settlement: Settlement = { ids, lease, channel, outcome: 'delivered', receipt };
      if (isNotice(claim)) return settle(settlement);
      await settleWith([group], settlement, (view) => {
        const plan = planned(view, group, (one) => delivered(one, channel, id));
        return (
          plan && {
            documents: [plan.change],
            messages: plan.messages,
            alerts: [],
            settle: settlement,
          }
        );
      });
    },
    async givenUp(claim, error) {
      const { ids, lease, channel, group, id } = claim;
      const settlement: Settlement = {
        ids,
        lease,
        channel,
        outcome: 'failed',
        error: error.slice(0, 500),
      };
      if (claim.kind === 'undelivered' || claim.kind === 'test') return settle(settlement);
      await settleWith([group, `c:${channel}`], settlement, (view) => {
        const plan = planned(view, group, (one) => forget(one, channel, id));
        const notice = undelivered(claim, error, view);
        return {
          documents: [...(notice?.documents ?? []), ...(plan ? [plan.change] : [])],
          messages: [...(plan?.messages ?? []), ...(notice?.messages ?? [])],
          alerts: [],
          settle: settlement,
        };
      });
    },
    async retry() {
      const again = unsettled;
      unsettled = [];
      for (const settlement of again) await settle(settlement);
    },
  };
}

/** Messages that no group has planned. */
const NOTICES: readonly string[] = ['digest', 'undelivered', 'test'];

function isNotice({ kind }: Pick<Claim, 'kind'>): boolean {
  return NOTICES.includes(kind);
}
