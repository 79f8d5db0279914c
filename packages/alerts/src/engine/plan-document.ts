import type { Alert } from '../alert.ts';
import type { Group } from '../notify/group.ts';
import type { NotifySettings } from '../notify/notify-settings.ts';
import { planGroup } from '../notify/plan-group.ts';
import type { Silence } from '../silence.ts';
import type { DocumentChange, NewMessage } from '../store.ts';
import { type ComposeContext, messagesOf, newMessageId } from './compose-messages.ts';
import { groupValue } from './group-desk.ts';

/** What has members is looked at again after this, also where nothing is due. */
export const LOOK_AGAIN_MS = 3_600_000;

/** What a group is planned with. */
export interface PlanInput {
  readonly settings: NotifySettings;
  readonly compose: ComposeContext;
  readonly nowMs: number;
  readonly silences: readonly Silence[];
  /** All that are active. */
  readonly alerts: readonly Alert[];
  readonly isDegraded: boolean;
}

/** A group's document as it is to be, and the messages to be stored with it. */
export interface PlannedDocument {
  readonly change: DocumentChange;
  readonly messages: readonly NewMessage[];
}

/** @param group undefined: the document goes. */
export function planDocument(
  key: string,
  version: number,
  group: Group | undefined,
  input: PlanInput,
): PlannedDocument {
  const gone = { key, version, value: undefined, dueAtMs: undefined };
  if (group === undefined) return { change: gone, messages: [] };
  const { group: after, messages, dueAtMs } = planNow(key, group, input);
  if (after === undefined) return { change: gone, messages };
  const due = Math.min(dueAtMs ?? Infinity, input.nowMs + LOOK_AGAIN_MS);
  return { change: { key, version, value: groupValue(after), dueAtMs: due }, messages };
}

/** What is to be told now, and the group that has told it. */
export function planNow(
  key: string,
  group: Group,
  input: PlanInput,
): {
  readonly group: Group | undefined;
  readonly messages: readonly NewMessage[];
  readonly dueAtMs: number | undefined;
} {
  const { settings, compose, nowMs, silences, alerts, isDegraded } = input;
  const about = { settings, nowMs, silences, alerts, newId: newMessageId, isDegraded };
  const { group: after, planned, dueAtMs } = planGroup(group, about);
  return { group: after, messages: messagesOf(planned, group, key, nowMs, compose), dueAtMs };
}
