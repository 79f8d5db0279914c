import type { Alert, Severity } from '../../src/alert.ts';
import type { Notification } from '../../src/notification.ts';
import { admit } from '../../src/notify/admit.ts';
import { delivered, forget } from '../../src/notify/arrival.ts';
import type { Group } from '../../src/notify/group.ts';
import {
  type NotifyOptions,
  type NotifySettings,
  notifySettingsOf,
} from '../../src/notify/notify-settings.ts';
import { type Planned, planGroup } from '../../src/notify/plan-group.ts';
import { groupKeysOf } from '../../src/notify/routing.ts';
import type { Silence } from '../../src/silence.ts';

/** An alert with what matters, by default `high` and firing since the beginning. */
export function alertOf(id: string, over: Partial<Alert> = {}): Alert {
  return {
    id,
    rule: 'spike',
    key: null,
    service: 'billing',
    environment: 'production',
    labels: {},
    state: 'firing',
    severity: 'high',
    epoch: 1,
    startedAt: iso(0),
    endedAt: null,
    reason: '142 errors in the last 1h, over 100',
    value: 142,
    limit: 100,
    samples: [],
    runbook: null,
    acknowledged: null,
    degraded: false,
    ...over,
  };
}

export function ended(alert: Alert, atMs: number): Alert {
  return { ...alert, state: 'ok', endedAt: iso(atMs) };
}

export function acknowledged(alert: Alert, atMs: number, by = 'ann'): Alert {
  return { ...alert, acknowledged: { by, at: iso(atMs) } };
}

export function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

export const ALL: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

export const RULES: NotifyOptions['rules'] = {
  spike: { announcesEnd: true, severities: ALL },
  db: { announcesEnd: true, severities: ALL },
  fresh: { announcesEnd: false, severities: ['low'] },
};

/** A message that was stored. `channel` and what it says are what tests look at. */
export interface Stored extends Planned {
  readonly atMs: number;
}

/** What arrived at a channel. */
interface Received {
  readonly atMs: number;
  readonly channel: string;
  readonly notification: Notification;
  readonly isCatchUp: boolean;
}

interface Waiting extends Stored {
  /** An earlier one of its group was given up. */
  isAfterLoss: boolean;
}

/**
 * The pure functions as the engine uses them, on a clock that is moved by hand. Every document is
 * written to JSON and read back between any two steps.
 */
export interface World {
  readonly nowMs: number;
  readonly stored: readonly Stored[];
  readonly received: readonly Received[];
  /** Alerts that last, by id. */
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly silences: Silence[];
  readonly settings: NotifySettings;
  /** Ends that were given up, as `channel alert`. */
  readonly lostEnds: ReadonlySet<string>;
  push(...alerts: readonly Alert[]): void;
  /** Plans what is due on the way. */
  moveTo(atMs: number): void;
  /** Plans everything once more, at the same moment. @returns what was planned. */
  planAgain(): readonly Planned[];
  /** Everything that waits for the channel arrives, oldest group first. */
  deliver(channel: string): void;
  /** Everything that waits for the channel is given up. */
  giveUp(channel: string): void;
}

export interface WorldOptions extends Partial<NotifyOptions> {
  readonly routes: NotifyOptions['routes'];
  /** Whether messages arrive as they are stored. @default true */
  readonly isOnline?: boolean;
}

export function createWorld(options: WorldOptions): World {
  const settings = notifySettingsOf({
    channels: { ops: {}, pager: { acknowledges: true }, mail: {} },
    rules: RULES,
    service: 'billing',
    environment: 'production',
    ...options,
  });
  const alerts = new Map<string, Alert>();
  const documents = new Map<string, { json: string; dueAtMs: number | undefined }>();
  const stored: Stored[] = [];
  const received: Received[] = [];
  const waiting: Waiting[] = [];
  const silences: Silence[] = [];
  const lostEnds = new Set<string>();
  let nowMs = 0;
  let lastId = 0;

  const read = (key: string): Group | undefined => {
    const json = documents.get(key)?.json;
    return json === undefined ? undefined : (JSON.parse(json) as Group);
  };
  const plan = (group: Group): readonly Planned[] => {
    const result = planGroup(JSON.parse(JSON.stringify(group)) as Group, {
      settings,
      nowMs,
      silences: silences.filter(({ endsAt }) => Date.parse(endsAt) > nowMs),
      alerts: [...alerts.values()],
      newId: () => `m${(lastId += 1)}`,
      isDegraded: false,
    });
    if (result.dueAtMs !== undefined && result.dueAtMs <= nowMs) throw new Error('due in the past');
    if (result.group === undefined) documents.delete(group.key);
    else {
      const json = JSON.stringify(result.group);
      documents.set(group.key, { json, dueAtMs: result.dueAtMs });
    }
    for (const planned of result.planned) {
      stored.push({ ...planned, atMs: nowMs });
      waiting.push({ ...planned, atMs: nowMs, isAfterLoss: false });
      if (options.isOnline !== false) world.deliver(planned.channel);
    }
    return result.planned;
  };
  const settle = (
    channel: string,
    isArrived: boolean,
    group: string,
    messages: readonly Waiting[],
  ): void => {
    const newest = messages.at(-1);
    if (newest === undefined) return;
    for (const message of messages) {
      waiting.splice(waiting.indexOf(message), 1);
      for (const { id } of isArrived ? [] : message.catchUp.resolved)
        lostEnds.add(`${channel} ${id}`);
    }
    const isCatchUp = messages.length > 1 || newest.isAfterLoss;
    if (isArrived) {
      const notification = isCatchUp ? newest.catchUp : newest.notification;
      received.push({ atMs: nowMs, channel, notification, isCatchUp });
    }
    for (const later of waiting) {
      if (!isArrived && later.channel === channel && later.notification.group === group)
        later.isAfterLoss = true;
    }
    const document = read(group);
    if (document === undefined) return;
    const change = isArrived ? delivered : forget;
    const changed = change(document, channel, newest.notification.id);
    if (changed !== document) plan(changed);
  };
  const settleAll = (channel: string, isArrived: boolean): void => {
    const groups = new Set(
      waiting
        .filter((message) => message.channel === channel)
        .map(({ notification }) => notification.group),
    );
    for (const group of groups) {
      const messages = waiting.filter(
        (message) => message.channel === channel && message.notification.group === group,
      );
      settle(channel, isArrived, group, messages);
    }
  };

  const world: World = {
    get nowMs() {
      return nowMs;
    },
    stored,
    received,
    alerts,
    get groups() {
      return new Map([...documents.keys()].map((key) => [key, read(key) as Group]));
    },
    silences,
    settings,
    lostEnds,
    push(...pushed) {
      const changed = new Map<string, Group>();
      for (const alert of pushed) {
        if (alert.state === 'ok') alerts.delete(alert.id);
        else alerts.set(alert.id, alert);
        const known = new Map<string, Group>();
        for (const key of groupKeysOf(settings, alert)) {
          const group = changed.get(key) ?? read(key);
          if (group !== undefined) known.set(key, group);
        }
        for (const [key, group] of admit(settings, known, alert, nowMs)) changed.set(key, group);
      }
      for (const group of changed.values()) plan(group);
    },
    moveTo(atMs) {
      for (;;) {
        const due = [...documents]
          .filter(([, { dueAtMs }]) => dueAtMs !== undefined && dueAtMs <= atMs)
          .toSorted(([, one], [, other]) => (one.dueAtMs ?? 0) - (other.dueAtMs ?? 0))[0];
        if (due === undefined) break;
        nowMs = Math.max(nowMs, due[1].dueAtMs ?? 0);
        plan(read(due[0]) as Group);
      }
      nowMs = atMs;
    },
    planAgain: () => [...documents.keys()].flatMap((key) => plan(read(key) as Group)),
    deliver: (channel) => settleAll(channel, true),
    giveUp: (channel) => settleAll(channel, false),
  };
  return world;
}
