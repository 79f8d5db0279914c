import type { Alert } from '../alert.ts';
import type { NotificationKind } from '../notification.ts';
import { recent, remember } from './arrival.ts';
import { compose } from './compose.ts';
import { type ChannelMemory, type Group, isActive, own, type ToldState, UNTOLD } from './group.ts';
import type { PlanContext, Planned } from './plan-group.ts';
import {
  type MemberView,
  newsOf,
  owesAcknowledgement,
  type Schedule,
  type Times,
  timesOf,
  toldOf,
} from './schedule.ts';

/** What one channel is told now, and the group that knows it. */
export interface ChannelPlan {
  readonly group: Group;
  /** At most two: news or a repeat, then that somebody took charge. */
  readonly planned: readonly Planned[];
}

/** What one message says. */
interface Draft {
  readonly kind: NotificationKind;
  readonly firing: readonly MemberView[];
  readonly ended: readonly MemberView[];
  /** For the notification. */
  readonly repeatCount: number;
  /** What the group remembers of the channel; undefined: pauses between repeats go on as they were. */
  readonly memory: Pick<ChannelMemory, 'sentAtMs' | 'repeatCount'> | undefined;
}

/** Plans what is due for the channel. */
export function planChannel(
  schedule: Schedule,
  views: readonly MemberView[],
  channel: string,
  context: PlanContext,
): ChannelPlan {
  let { group } = schedule;
  const planned: Planned[] = [];
  for (const draft of draftsOf(schedule, views, channel)) {
    const id = context.newId();
    planned.push(messageOf(group, channel, draft, id, context));
    group = sent(group, views, channel, draft, id, schedule.nowMs);
  }
  return { group, planned };
}

function draftsOf(
  schedule: Schedule,
  views: readonly MemberView[],
  channel: string,
): readonly Draft[] {
  const timed = views.map((view) => ({ view, times: timesOf(schedule, view, channel) }));
  const isNow = (atMs: number | undefined): boolean => atMs !== undefined && atMs <= schedule.nowMs;
  const due = (which: keyof Times): readonly MemberView[] =>
    timed.filter(({ times }) => isNow(times[which])).map(({ view }) => view);
  const told = newsDraft(schedule, views, channel, due('newsMs'), due('repeatMs'));
  const drafts = told === undefined ? [] : [told];
  const listed = told?.firing ?? views.filter((view) => isListed(view, channel));
  const isTaken = listed.some((view) => owesAcknowledgement(schedule.settings, view, channel));
  if (!isTaken || (told === undefined && due('acknowledgedMs').length === 0)) return drafts;
  return [
    ...drafts,
    { kind: 'acknowledged', firing: listed, ended: [], repeatCount: 0, memory: undefined },
  ];
}

/** News, or that nothing is new; undefined where nothing is due. */
function newsDraft(
  { group, nowMs }: Schedule,
  views: readonly MemberView[],
  channel: string,
  news: readonly MemberView[],
  repeated: readonly MemberView[],
): Draft | undefined {
  if (news.length + repeated.length === 0) return undefined;
  const begun = news.filter(({ alert }) => isActive(alert));
  const ended = news.filter(({ alert }) => !isActive(alert));
  const known = views.filter((view) => !begun.includes(view) && isListed(view, channel));
  const lost = repeated.filter((view) => newsOf(view, channel) === 'lost');
  const firing = [...new Set([...begun, ...lost, ...known])];
  const count = own(group.channels, channel)?.repeatCount ?? 0;
  const isRepeat = news.length + lost.length === 0;
  return {
    kind: isRepeat ? 'repeat' : kindOf(begun, firing, channel),
    firing,
    ended,
    repeatCount: isRepeat ? count + 1 : 0,
    // An end among others that last begins a new pause, yet not the shortest one.
    memory: {
      sentAtMs: nowMs,
      repeatCount: begun.length > 0 ? 0 : ended.length > 0 ? count : count + 1,
    },
  };
}

/** Whether the channel knows of it, and may be reminded. */
function isListed(view: MemberView, channel: string): boolean {
  const told = toldOf(view, channel);
  const isKnown = told.severity !== null && !told.isHidden && isActive(view.alert);
  return isKnown && view.heldUntilMs === undefined;
}

function kindOf(
  begun: readonly MemberView[],
  firing: readonly MemberView[],
  channel: string,
): NotificationKind {
  if (firing.length === 0) return 'resolved';
  if (begun.some((view) => newsOf(view, channel) === 'worse')) return 'escalated';
  return begun.length > 0 && begun.every((view) => isByStep(view, channel))
    ? 'escalated'
    : 'firing';
}

/** Whether an escalation step brings it to the channel. */
function isByStep({ route }: MemberView, channel: string): boolean {
  return route !== undefined && !route.to.includes(channel);
}

function messageOf(
  group: Group,
  channel: string,
  draft: Draft,
  id: string,
  context: PlanContext,
): Planned {
  const { kind, repeatCount } = draft;
  const firing = draft.firing.map(({ alert }) => alert);
  const resolved = draft.ended.map(({ alert }) => alert);
  const waiting = recent(own(group.channels, channel)?.unconfirmed ?? [], context.nowMs);
  const over = [...waiting.flatMap(({ ended }) => ended), ...resolved];
  const isKnown =
    draft.ended.some((view) => toldOf(view, channel).arrived !== null) ||
    waiting.some(({ isEndKnown }) => isEndKnown);
  const isStep = draft.firing.every((view) => isByStep(view, channel));
  const lasting = isStep ? 'escalated' : 'firing';
  const missed = isKnown ? 'resolved' : 'fired-and-resolved';
  const content = { id, group: group.key, groupLabels: group.labels, context };
  return {
    channel,
    notification: compose({ ...content, kind, firing, resolved, repeatCount }),
    catchUp: compose({
      ...content,
      kind: firing.length > 0 ? lasting : missed,
      firing,
      resolved: over,
      repeatCount: 0,
    }),
    alertIds: [...firing, ...resolved].map((alert) => alert.id),
  };
}

function sent(
  group: Group,
  views: readonly MemberView[],
  channel: string,
  draft: Draft,
  id: string,
  nowMs: number,
): Group {
  const members = { ...group.members };
  const tell = (view: MemberView, change: (told: ToldState) => ToldState): void => {
    const member = own(members, view.alert.id) ?? view.member;
    const told = change(own(member.told, channel) ?? UNTOLD);
    members[view.alert.id] = { ...member, told: { ...member.told, [channel]: told } };
  };
  for (const view of draft.firing) tell(view, (told) => toldIn(told, view.alert, draft.kind, id));
  for (const view of draft.kind === 'resolved' ? views : []) {
    // "All is over" hides what is suppressed; when it may be told again, it is news.
    if (!isActive(view.alert) || toldOf(view, channel).severity === null) continue;
    tell(view, (told) => ({ ...told, isHidden: true }));
    const member = members[view.alert.id] ?? view.member;
    members[view.alert.id] = { ...member, newsAtMs: member.newsAtMs ?? nowMs };
  }
  const before = own(group.channels, channel);
  const unconfirmed = remember(before?.unconfirmed ?? [], {
    id,
    atMs: nowMs,
    ended: draft.ended.map(({ alert }): Alert => ({ ...alert, samples: [] })),
    isEndKnown: draft.ended.some((view) => toldOf(view, channel).arrived !== null),
  });
  const memory = draft.memory ?? before ?? { sentAtMs: nowMs, repeatCount: 0 };
  const channels = { ...group.channels, [channel]: { ...memory, unconfirmed } };
  return { ...group, members, channels };
}

function toldIn(told: ToldState, alert: Alert, kind: NotificationKind, id: string): ToldState {
  const isSame = told.severity === alert.severity && !told.isHidden;
  const isTaken = kind === 'acknowledged' && alert.acknowledged !== null;
  return {
    severity: alert.severity,
    arrived: told.arrived,
    firstIn: isSame ? told.firstIn : id,
    lastIn: id,
    isLost: false,
    isAcknowledged: told.isAcknowledged || isTaken,
    isHidden: false,
  };
}
