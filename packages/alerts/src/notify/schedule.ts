import { type Alert, isWorse } from '../alert.ts';
import { onGrid } from './grid.ts';
import { type Group, isActive, type Member, own, type ToldState, UNTOLD } from './group.ts';
import type { NotifySettings } from './notify-settings.ts';
import type { RouteSettings } from './route.ts';
import { homeKeyOf, routeOf } from './routing.ts';

/** A member with what the settings and the moment say about it. */
export interface MemberView {
  readonly alert: Alert;
  readonly member: Member;
  /** Of the alert as it is now; undefined: none takes it. */
  readonly route: RouteSettings | undefined;
  /** Whether the group is the one that the route gives the alert; else it only goes on telling. */
  readonly isHome: boolean;
  /** Suppressed; then it is looked at again. */
  readonly heldUntilMs: number | undefined;
}

/** What the times of a group are made of. */
export interface Schedule {
  readonly settings: NotifySettings;
  readonly group: Group;
  readonly nowMs: number;
  /** `interval` of the group's own route. */
  readonly intervalMs: number;
}

/** `'fresh'`: to be told as new; `'worse'`: as risen; `'lost'`: what told it was given up. */
export type News = 'fresh' | 'worse' | 'lost' | undefined;

/** Without a `repeat`, what was lost is told again after this, then after twice as long, up to a day. */
const LOST_RETRY = { firstMs: 3_600_000, factor: 2, maxMs: 86_400_000 };

/** @param hold says until when an alert is suppressed. */
export function viewOf(
  { settings, group }: Schedule,
  member: Member,
  hold: (alert: Alert, route: RouteSettings | undefined) => number | undefined,
): MemberView {
  const { alert } = member;
  const route = routeOf(settings, alert);
  return {
    alert,
    member,
    route,
    isHome: homeKeyOf(settings, alert) === group.key,
    heldUntilMs: isActive(alert) ? hold(alert, route) : undefined,
  };
}

/** What the channel was told of it. */
export function toldOf({ member }: MemberView, channel: string): ToldState {
  return own(member.told, channel) ?? UNTOLD;
}

/** What the channel has yet to be told of an alert that lasts. */
export function newsOf(view: MemberView, channel: string): News {
  const told = toldOf(view, channel);
  const isNew = told.severity === null || told.isHidden;
  if (!isNew && !isWorse(view.alert.severity, told.severity ?? 'low')) return undefined;
  if (told.isLost && view.member.newsAtMs === null) return 'lost';
  return isNew ? 'fresh' : 'worse';
}

/** When the channel is to be told something of a member; undefined: not as things stand. */
export interface Times {
  /** That it began, got worse, or ended. */
  readonly newsMs: number | undefined;
  /** That it still lasts, or, of what was lost, that it began. */
  readonly repeatMs: number | undefined;
  /** That somebody took charge. */
  readonly acknowledgedMs: number | undefined;
}

const NEVER: Times = { newsMs: undefined, repeatMs: undefined, acknowledgedMs: undefined };

/** None is earlier than the end of a suppression, except for the news of an end. */
export function timesOf(schedule: Schedule, view: MemberView, channel: string): Times {
  const { settings, nowMs } = schedule;
  const { alert, member } = view;
  if (!isActive(alert)) {
    return isEndTold(settings, view, channel)
      ? { ...NEVER, newsMs: member.newsAtMs ?? nowMs }
      : NEVER;
  }
  const sinceMs = audienceFrom(view, channel);
  if (sinceMs === undefined) return NEVER;
  const held = (atMs: number): number => Math.max(atMs, view.heldUntilMs ?? -Infinity);
  const news = newsOf(view, channel);
  const hasNews = news === 'fresh' || news === 'worse';
  const told = toldOf(view, channel);
  const isOwed = told.severity !== null && owesAcknowledgement(settings, view, channel);
  const repeatMs = hasNews ? undefined : repeatAt(schedule, view, channel, news === 'lost');
  return {
    newsMs: hasNews ? held(Math.max(sinceMs, member.newsAtMs ?? sinceMs)) : undefined,
    repeatMs: repeatMs === undefined ? undefined : held(repeatMs),
    acknowledgedMs: isOwed ? held(nowMs) : undefined,
  };
}

/** Whether the channel is told that the alert has ended. */
function isEndTold(settings: NotifySettings, view: MemberView, channel: string): boolean {
  const isAnnounced = own(settings.rules, view.alert.rule)?.announcesEnd ?? true;
  const isWanted = view.route?.sendsResolved ?? true;
  return isAnnounced && isWanted && toldOf(view, channel).severity !== null;
}

/** Whether the channel takes it, and has yet to be told, that somebody took charge. */
export function owesAcknowledgement(
  settings: NotifySettings,
  view: MemberView,
  channel: string,
): boolean {
  return (
    view.alert.acknowledged !== null &&
    !toldOf(view, channel).isAcknowledged &&
    own(settings.channels, channel)?.acknowledges === true
  );
}

/**
 * From when the channel belongs to those who are told of the alert; −Infinity: from the beginning.
 * An escalation counts from when this group first told of it, not from when the alert began: what
 * became critical after an hour is not escalated at once.
 */
function audienceFrom(
  { alert, member, route, isHome }: MemberView,
  channel: string,
): number | undefined {
  if (route === undefined || member.elsewhere.includes(channel)) return undefined;
  const steps = route.escalate.filter(({ to }) => to.includes(channel));
  const isTold = Object.hasOwn(member.told, channel);
  if (route.to.includes(channel)) return isHome || isTold ? -Infinity : undefined;
  if (steps.length > 0 && isTold) return -Infinity;
  if (!isHome || member.toldAtMs === null) return undefined;
  const isAcknowledged = alert.acknowledged !== null;
  const times = steps.flatMap(({ afterMs, isUnlessAcknowledged }) =>
    isUnlessAcknowledged && isAcknowledged ? [] : [(member.toldAtMs ?? 0) + afterMs],
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

function repeatAt(
  { group, intervalMs }: Schedule,
  { alert, route }: MemberView,
  channel: string,
  isLost: boolean,
): number | undefined {
  const memory = own(group.channels, channel);
  if (memory === undefined || (!isLost && alert.acknowledged !== null)) return undefined;
  const repeat = route?.repeat ?? (isLost ? LOST_RETRY : undefined);
  if (repeat === undefined) return undefined;
  const delayMs = Math.min(repeat.firstMs * repeat.factor ** memory.repeatCount, repeat.maxMs);
  return onGrid(group.gridFromMs, intervalMs, memory.sentAtMs + delayMs);
}
