import type { RowCount } from '../plan.ts';

/** `12,345`. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

/** `12,345`, or `~12,345` where it is an estimate; `?` when it is unknown. */
export function rowCount(rows: RowCount | null): string {
  return rows === null ? '?' : `${rows.isExact ? '' : '~'}${count(rows.count)}`;
}

/** `50 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(share < 0.1 ? 1 : 3))} %`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** In powers of 1,000: `1.2 MB`. */
export function bytes(value: number): string {
  let rest = value;
  let at = 0;
  while (Math.abs(rest) >= 999.5 && at < BYTE_UNITS.length - 1) {
    rest /= 1_000;
    at += 1;
  }
  return `${at > 0 && rest < 9.95 ? rest.toFixed(1) : Math.round(rest)} ${BYTE_UNITS[at]}`;
}

const TIME_UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** The two largest units: `250ms`, `1.5s`, `12m`, `1h 30m`. */
export function duration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`;
  if (durationMs < 59_950) return `${Math.round(durationMs / 100) / 10}s`;
  let rest = Math.round(durationMs / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [unit, unitMs] of TIME_UNITS) {
    const amount = Math.floor(rest / unitMs);
    rest -= amount * unitMs;
    if (amount > 0) parts.push(`${amount}${unit}`);
  }
  return parts.slice(0, 2).join(' ');
}

/** `2026-01-02 12:00:00`, of an ISO text in UTC. */
export function moment(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
