import type { Alert } from '../alert.ts';
import { formatDuration } from '../format-duration.ts';
import { tableLines } from './table.ts';

const HEAD = ['ID', 'STATE', 'SEVERITY', 'SINCE (UTC)', 'LASTED', 'ACK', 'WHY'];

/** One line an alert; without an end it has lasted until `nowMs`. */
export function alertLines(alerts: readonly Alert[], nowMs: number): readonly string[] {
  return tableLines(
    HEAD,
    alerts.map(({ id, state, severity, startedAt, endedAt, acknowledged, reason }) => {
      const endMs = endedAt === null ? nowMs : Date.parse(endedAt);
      return [
        id,
        state === 'ok' ? 'resolved' : state,
        severity,
        momentOf(startedAt),
        formatDuration(Math.max(0, endMs - Date.parse(startedAt))),
        acknowledged?.by ?? '',
        reason,
      ];
    }),
  );
}

/** `2026-01-02 12:00:00`. */
export function momentOf(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
