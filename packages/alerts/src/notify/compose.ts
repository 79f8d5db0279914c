import { type Alert, SEVERITIES } from '../alert.ts';
import type { Notification, NotificationKind } from '../notification.ts';
import { MAX_LISTED_COUNT } from './group.ts';
import { textOf } from './notification-text.ts';
import type { NotifySettings } from './notify-settings.ts';

/** What a notification of a group is made of. */
export interface Content {
  readonly id: string;
  readonly kind: NotificationKind;
  readonly group: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  /** In any order, any number. */
  readonly firing: readonly Alert[];
  readonly resolved: readonly Alert[];
  readonly repeatCount: number;
  readonly context: {
    readonly settings: Pick<NotifySettings, 'service' | 'environment' | 'url'>;
    readonly nowMs: number;
    readonly isDegraded: boolean;
  };
}

/** Lists the worst and oldest, at most {@link MAX_LISTED_COUNT} of each kind; `text` says how many there are. */
export function compose(content: Content): Notification {
  const { id, kind, group, groupLabels, repeatCount, context } = content;
  const { service, environment, url } = context.settings;
  const firing = worstFirst(content.firing);
  const resolved = worstFirst(content.resolved);
  return Object.freeze({
    id,
    kind,
    service,
    environment,
    at: new Date(context.nowMs).toISOString(),
    group,
    groupLabels,
    firing: Object.freeze(firing.slice(0, MAX_LISTED_COUNT)),
    resolved: Object.freeze(resolved.slice(0, MAX_LISTED_COUNT)),
    text: textOf({ ...content, firing, resolved }),
    lines: Object.freeze([]),
    repeatCount,
    degraded: context.isDegraded,
    url,
  });
}

/** Worst first, of those the oldest, in a fixed order. */
export function worstFirst(alerts: readonly Alert[]): readonly Alert[] {
  const keyOf = ({ startedAt, id }: Alert): string => `${startedAt} ${id}`;
  const rank = ({ severity }: Alert): number => SEVERITIES.indexOf(severity);
  return alerts.toSorted(
    (one, other) => rank(other) - rank(one) || (keyOf(one) < keyOf(other) ? -1 : 1),
  );
}
