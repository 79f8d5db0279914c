import type { Alert } from '../alert.ts';
import type { Silence } from '../silence.ts';
import { createInhibitor } from './inhibition.ts';
import { matches } from './match.ts';
import { mutedUntil } from './mute-window.ts';
import type { NotifySettings } from './notify-settings.ts';
import type { RouteSettings } from './route.ts';

/** What suppresses news at one moment. */
export interface SuppressionContext {
  readonly settings: NotifySettings;
  readonly nowMs: number;
  readonly silences: readonly Silence[];
  /** Sources of inhibition. */
  readonly alerts: () => readonly Alert[];
  /** How long what may end at any time is left alone. */
  readonly lookAgainMs: number;
}

/**
 * Says of each alert when to look at it again because nobody is to be told of it now; undefined: it
 * may be told. A mute window is left alone until its end; a silence may be ended by hand before.
 */
export function createSuppressor(
  context: SuppressionContext,
): (alert: Alert, route: RouteSettings | undefined) => number | undefined {
  const { settings, nowMs, silences, alerts, lookAgainMs } = context;
  const isInhibited = createInhibitor(settings.inhibitions, alerts);
  const windows = new Map<object, number | undefined>();
  return (alert, route) => {
    for (const window of [...settings.mutes, ...(route?.mutes ?? [])]) {
      if (!matches(window.match, alert)) continue;
      if (!windows.has(window)) windows.set(window, mutedUntil(window, nowMs));
      const untilMs = windows.get(window);
      if (untilMs !== undefined) return untilMs;
    }
    for (const silence of silences) {
      if (!isSilencing(silence, alert, nowMs)) continue;
      return Math.min(Date.parse(silence.endsAt), nowMs + lookAgainMs);
    }
    return isInhibited(alert) ? nowMs + lookAgainMs : undefined;
  };
}

/** Whether the silence covers the alert at this moment; its end is not part of it. */
function isSilencing(silence: Silence, alert: Alert, nowMs: number): boolean {
  return (
    Date.parse(silence.startsAt) <= nowMs &&
    nowMs < Date.parse(silence.endsAt) &&
    matches(silence.match, alert)
  );
}
