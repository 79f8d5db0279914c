import type { Alert } from '../alert.ts';
import type { Notification } from '../notification.ts';
import type { Silence } from '../silence.ts';
import { recent, UNCONFIRMED_MS } from './arrival.ts';
import { type Group, isActive, type Member } from './group.ts';
import type { NotifySettings } from './notify-settings.ts';
import { planChannel } from './plan-channel.ts';
import { routeIdOf } from './routing.ts';
import { type MemberView, type Schedule, timesOf, viewOf } from './schedule.ts';
import { createSuppressor } from './suppression.ts';

/** What a group is planned with. */
export interface PlanContext {
  readonly settings: NotifySettings;
  readonly nowMs: number;
  /** Those that have not ended. */
  readonly silences: readonly Silence[];
  /** All that last, for inhibition; of the group's own members the group knows better. */
  readonly alerts: readonly Alert[];
  /** For {@link Notification.id}: unique. */
  newId(): string;
  readonly isDegraded: boolean;
}

/** A message to be rendered and stored. */
export interface Planned {
  readonly channel: string;
  readonly notification: Notification;
  /** What to send in its place when an earlier message of the group has not arrived. */
  readonly catchUp: Notification;
  /** All it tells of, also those that its lists had no room for. */
  readonly alertIds: readonly string[];
}

/** What {@link planGroup} found. */
export interface GroupPlan {
  /** Undefined: the document is no longer needed. */
  readonly group: Group | undefined;
  /** In the order in which they are to be stored. */
  readonly planned: readonly Planned[];
  /** When to plan again if nothing happens; undefined: never. Later than `nowMs`. */
  readonly dueAtMs: number | undefined;
}

/** What may end at any time (silence, inhibition) is looked at this often, or at every `interval`. */
const LOOK_AGAIN_MS = 15_000;
const LOOK_AGAIN_MIN_MS = 1_000;

/**
 * What is to be told now. Pure: at the same time a second call plans nothing.
 *
 * When the news of one member is due, that of all is told, to be one message and not several.
 */
export function planGroup(given: Group, context: PlanContext): GroupPlan {
  const { settings, nowMs } = context;
  const own = settings.routes.find(({ id }) => id === routeIdOf(given.key));
  const intervalMs = own?.intervalMs ?? 0;
  const hold = holdOf(given, context, intervalMs);
  const scheduleOf = (group: Group): Schedule => ({ settings, group, nowMs, intervalMs });
  let group = withoutUntoldEnds(given);
  let views = viewsOf(scheduleOf(group), hold);
  const isDue = ({ member }: MemberView): boolean =>
    member.newsAtMs !== null && member.newsAtMs <= nowMs;
  const isFlush = views.some((view) => isDue(view) && view.heldUntilMs === undefined);
  if (group.gridFromMs === null && views.some(isDue)) group = { ...group, gridFromMs: nowMs };
  if (isFlush) {
    group = { ...group, members: { ...group.members, ...released(views, nowMs) } };
    views = viewsOf(scheduleOf(group), hold);
  }
  const planned: Planned[] = [];
  for (const channel of channelsOf(views)) {
    const plan = planChannel(scheduleOf(group), views, channel, context);
    if (plan.planned.length === 0) continue;
    planned.push(...plan.planned);
    group = plan.group;
    views = viewsOf(scheduleOf(group), hold);
  }
  group = swept(group, views, nowMs, isFlush);
  const left = viewsOf(scheduleOf(group), hold);
  return ended(group, planned, nextDue(scheduleOf(group), left), own?.groupBy === undefined, nowMs);
}

function viewsOf(schedule: Schedule, hold: Parameters<typeof viewOf>[2]): readonly MemberView[] {
  return Object.values(schedule.group.members).map((member) => viewOf(schedule, member, hold));
}

/** Suppression, remembered for each alert: it is asked for again and again. */
function holdOf(
  group: Group,
  { settings, nowMs, silences, alerts }: PlanContext,
  intervalMs: number,
): Parameters<typeof viewOf>[2] {
  const suppress = createSuppressor({
    settings,
    nowMs,
    silences,
    alerts: () => [
      ...Object.values(group.members).map(({ alert }) => alert),
      ...alerts.filter(({ id }) => !Object.hasOwn(group.members, id)),
    ],
    lookAgainMs: Math.max(
      LOOK_AGAIN_MIN_MS,
      Math.min(LOOK_AGAIN_MS, intervalMs === 0 ? LOOK_AGAIN_MS : intervalMs),
    ),
  });
  const held = new Map<string, number | undefined>();
  return (alert, route) => {
    if (!held.has(alert.id)) held.set(alert.id, suppress(alert, route));
    return held.get(alert.id);
  };
}

/** The news of all who are not suppressed is due with that of the first. */
function released(views: readonly MemberView[], nowMs: number): Readonly<Record<string, Member>> {
  return Object.fromEntries(
    views
      .filter(({ heldUntilMs }) => heldUntilMs === undefined)
      .map(({ alert, member }) => [alert.id, { ...member, newsAtMs: nowMs }]),
  );
}

/** In a fixed order, so that every replica plans the same. */
function channelsOf(views: readonly MemberView[]): readonly string[] {
  const names = views.flatMap(({ member, route }) => [
    ...(route?.to ?? []),
    ...(route?.escalate.flatMap(({ to }) => to) ?? []),
    ...Object.keys(member.told),
  ]);
  return [...new Set(names)].toSorted();
}

/** What ended before anybody was told is not told at all. */
function withoutUntoldEnds(group: Group): Group {
  const members = Object.entries(group.members).filter(
    ([, { alert, told }]) =>
      isActive(alert) || Object.values(told).some(({ severity }) => severity !== null),
  );
  return { ...group, members: Object.fromEntries(members) };
}

/** After the news was told: without what has ended. */
function swept(group: Group, views: readonly MemberView[], nowMs: number, isFlush: boolean): Group {
  const members = views.flatMap(({ alert, member, heldUntilMs }) => {
    if (!isActive(alert)) return isFlush ? [] : [[alert.id, member] as const];
    if (!isFlush || heldUntilMs !== undefined) return [[alert.id, member] as const];
    return [[alert.id, { ...member, newsAtMs: null, toldAtMs: member.toldAtMs ?? nowMs }] as const];
  });
  return { ...group, members: Object.fromEntries(members) };
}

function nextDue(schedule: Schedule, views: readonly MemberView[]): number | undefined {
  const times = channelsOf(views).flatMap((channel) =>
    views.flatMap((view) =>
      Object.values(timesOf(schedule, view, channel)).flatMap(
        (atMs: number | undefined) => atMs ?? [],
      ),
    ),
  );
  // What no channel waits for still ends the wait, from which escalation counts.
  const waits = views.flatMap(({ member, heldUntilMs }) =>
    member.newsAtMs === null ? [] : [Math.max(member.newsAtMs, heldUntilMs ?? 0)],
  );
  const dueMs = Math.min(...times, ...waits);
  return dueMs === Infinity ? undefined : Math.max(dueMs, schedule.nowMs + 1);
}

/**
 * A group without members is kept while ends that it told may not have arrived, for the catch-up of
 * the alert that comes next; where each alert is by itself none will.
 */
function ended(
  group: Group,
  planned: readonly Planned[],
  dueAtMs: number | undefined,
  isSingle: boolean,
  nowMs: number,
): GroupPlan {
  if (Object.keys(group.members).length > 0) return { group, planned, dueAtMs };
  const waiting = Object.entries(group.channels).flatMap(([channel, memory]) => {
    const unconfirmed = recent(memory.unconfirmed, nowMs);
    const isOpen = unconfirmed.some(({ ended: ends }) => ends.length > 0);
    return isOpen ? [[channel, { ...memory, unconfirmed }] as const] : [];
  });
  if (isSingle || waiting.length === 0) return { group: undefined, planned, dueAtMs: undefined };
  const lastMs = Math.max(
    ...waiting.flatMap(([, memory]) => memory.unconfirmed.map(({ atMs }) => atMs)),
  );
  return {
    group: { ...group, gridFromMs: null, channels: Object.fromEntries(waiting) },
    planned,
    dueAtMs: lastMs + UNCONFIRMED_MS,
  };
}
