import type { Alert } from '../alert.ts';
import type { Json } from '../channel.ts';
import { admit } from '../notify/admit.ts';
import type { Group, Told } from '../notify/group.ts';
import type { NotifySettings } from '../notify/notify-settings.ts';
import { groupKeysOf } from '../notify/routing.ts';
import type { StoredDocument } from '../store.ts';

/** The groups that one round has to do with, as read and as changed. */
export interface GroupDesk {
  /** The keys among these whose documents were not read: the round has to read them and begin anew. */
  missing(keys: readonly string[]): readonly string[];
  /** As it is by now. */
  get(key: string): Group | undefined;
  /** Whether a group of the alert's routes holds it. */
  holds(alert: Alert): boolean;
  /** False where no route takes the alert. */
  admit(alert: Alert, nowMs: number, told: Told | undefined): boolean;
  put(key: string, group: Group | undefined): void;
  /** Keys of groups that were admitted to or put. */
  changed(): readonly string[];
}

export function createGroupDesk(
  settings: NotifySettings,
  documents: ReadonlyMap<string, StoredDocument>,
  asked: ReadonlySet<string>,
): GroupDesk {
  const groups = new Map<string, Group | undefined>();
  const changed = new Set<string>();
  const get = (key: string): Group | undefined =>
    groups.has(key) ? groups.get(key) : groupOf(documents.get(key));
  return {
    missing: (keys) => keys.filter((key) => !asked.has(key) && !documents.has(key)),
    get,
    holds: (alert) =>
      groupKeysOf(settings, alert).some((key) => Object.hasOwn(get(key)?.members ?? {}, alert.id)),
    admit(alert, nowMs, told) {
      const keys = groupKeysOf(settings, alert);
      const held = new Map<string, Group>();
      for (const key of keys) {
        const group = get(key);
        if (group !== undefined) held.set(key, group);
      }
      for (const [key, group] of admit(settings, held, alert, nowMs, told)) {
        groups.set(key, group);
        changed.add(key);
      }
      return keys.length > 0;
    },
    put(key, group) {
      groups.set(key, group);
      changed.add(key);
    },
    changed: () => [...changed],
  };
}

/** The group in a document, or undefined. */
export function groupOf(document: StoredDocument | undefined): Group | undefined {
  const value = document?.value as unknown as Partial<Group> | null | undefined;
  const isGroup = typeof value === 'object' && value !== null && typeof value.members === 'object';
  return isGroup ? (value as Group) : undefined;
}

export function groupValue(group: Group): Json {
  return group as unknown as Json;
}
