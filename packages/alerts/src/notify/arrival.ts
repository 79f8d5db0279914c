import { type Group, mapValues, own, type SentMessage, type ToldState } from './group.ts';

/**
 * A message arrived, and with it, or instead of them, all before it of its group and channel. Later
 * catch-up messages then need not say again what it said. Without this the ends of the last 24 h are
 * in every catch-up, and {@link forget} takes more for lost than is. Plan the group afterwards.
 *
 * @returns the same object where the message is not known.
 */
export function delivered(group: Group, channel: string, messageId: string): Group {
  return settled(group, channel, messageId, (told, later) => {
    const hasArrived = told.firstIn !== null && !later.has(told.firstIn);
    return hasArrived ? { ...told, arrived: told.severity } : told;
  });
}

/**
 * A message was given up, and with it all before it that had not arrived. What only they told, the
 * channel does not know: it is told with the next news, or when the next repeat would be due (after
 * an hour and then ever later where the route has none). What had arrived stays told. Plan the group
 * afterwards.
 *
 * @returns the same object where the message is not known.
 */
export function forget(group: Group, channel: string, messageId: string): Group {
  return settled(group, channel, messageId, (told, later) => {
    if (told.severity === null || told.arrived === told.severity) return told;
    if (told.firstIn !== null && later.has(told.firstIn)) return told;
    // A message that still waits names it: its catch-up tells what was lost.
    if (told.lastIn !== null && later.has(told.lastIn)) return { ...told, firstIn: told.lastIn };
    return { ...told, severity: told.arrived, firstIn: null, lastIn: null, isLost: true };
  });
}

function settled(
  group: Group,
  channel: string,
  messageId: string,
  change: (told: ToldState, later: ReadonlySet<string>) => ToldState,
): Group {
  const memory = own(group.channels, channel);
  const at = memory?.unconfirmed.findIndex(({ id }) => id === messageId) ?? -1;
  if (memory === undefined || at < 0) return group;
  const unconfirmed = memory.unconfirmed.slice(at + 1);
  const later = new Set(unconfirmed.map(({ id }) => id));
  const members = mapValues(group.members, (member) => {
    const told = own(member.told, channel);
    if (told === undefined) return member;
    return { ...member, told: { ...member.told, [channel]: change(told, later) } };
  });
  const channels = { ...group.channels, [channel]: { ...memory, unconfirmed } };
  return { ...group, members, channels };
}

/** How long a message may be on its way. Longer than that it has arrived or was given up. */
export const UNCONFIRMED_MS = 86_400_000;

const MAX_UNCONFIRMED_COUNT = 20;
const MAX_ENDED_COUNT = 50;

/** With one more, bounded: the two oldest become one, and the latest ends are kept. */
export function remember(
  unconfirmed: readonly SentMessage[],
  message: SentMessage,
): readonly SentMessage[] {
  const all = [...recent(unconfirmed, message.atMs), message];
  const [first, second, ...rest] = all;
  if (all.length <= MAX_UNCONFIRMED_COUNT || first === undefined || second === undefined)
    return all;
  const ended = [...first.ended, ...second.ended].slice(-MAX_ENDED_COUNT);
  return [{ ...second, ended, isEndKnown: first.isEndKnown || second.isEndKnown }, ...rest];
}

/** Those that may still be on their way. */
export function recent(unconfirmed: readonly SentMessage[], nowMs: number): readonly SentMessage[] {
  return unconfirmed.filter(({ atMs }) => atMs > nowMs - UNCONFIRMED_MS);
}
