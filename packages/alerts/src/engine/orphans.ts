import type { Alert } from '../alert.ts';
import { disband } from '../notify/admit.ts';
import type { Told } from '../notify/group.ts';
import { routeIdOf } from '../notify/routing.ts';
import { endedAlert } from '../series-alert.ts';
import type { DocumentChange } from '../store.ts';
import type { DraftInput } from './draft-input.ts';
import { type GroupDesk, groupOf } from './group-desk.ts';
import { seriesOf } from './series-document.ts';

/** They are taken apart when they are overdue for so long: until then they belong to another version of the app. */
const ORPHANED_MS = 120_000;

/** Documents of rules and routes that no running version of the app seems to have. */
export interface Orphans {
  readonly removed: readonly DocumentChange[];
  /** Of rules that are gone; ended. */
  readonly alerts: readonly Alert[];
  readonly members: readonly { readonly alert: Alert; readonly told: Told }[];
}

export function orphansOf(input: DraftInput): Orphans {
  const overdue = input.due.filter(
    ({ dueAtMs }) => dueAtMs !== undefined && dueAtMs + ORPHANED_MS <= input.nowMs,
  );
  const series = overdue.filter((document) => {
    const held = document.key.startsWith('s:') ? seriesOf(document)?.series : undefined;
    return document.key.startsWith('s:') && (!held || !input.entryOf(held));
  });
  const groups = overdue.filter(({ key }) => key.startsWith('g:') && !isKnownRoute(input, key));
  return {
    removed: [...series, ...groups].map(({ key, version }) => ({
      key,
      version,
      value: undefined,
      dueAtMs: undefined,
    })),
    alerts: series.flatMap((document) => {
      const alert = seriesOf(document)?.series.alert;
      const isActive = alert !== null && alert !== undefined && alert.endedAt === null;
      return isActive ? [endedAlert(alert, input.nowMs, 'its rule no longer exists')] : [];
    }),
    members: groups.flatMap((document) => {
      const group = groupOf(document);
      return group === undefined ? [] : disband(group);
    }),
  };
}

export function isKnownRoute({ settings }: DraftInput, groupKey: string): boolean {
  const id = routeIdOf(groupKey);
  return settings.routes.some((route) => route.id === id);
}

/** As they are now: what is not active any more has ended. */
export function membersOf(orphans: Orphans, alerts: ReadonlyMap<string, Alert>): readonly Alert[] {
  return orphans.members.flatMap(({ alert }) => alerts.get(alert.id) ?? alert);
}

/** Tells the groups of the present routes. */
export function admitOrphans(
  input: DraftInput,
  desk: GroupDesk,
  orphans: Orphans,
  alerts: ReadonlyMap<string, Alert>,
): void {
  for (const alert of orphans.alerts) desk.admit(alert, input.nowMs, undefined);
  for (const { alert, told } of orphans.members) {
    const current = alerts.get(alert.id);
    desk.admit(current ?? alert, input.nowMs, told);
    if (current !== undefined || alert.endedAt !== null) continue;
    desk.admit(endedAlert(alert, input.nowMs, 'it was over'), input.nowMs, undefined);
  }
}
