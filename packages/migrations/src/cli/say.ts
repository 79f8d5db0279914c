import type { Blocker, LockHolder } from '../errors.ts';

/** Characters of a query in the way. */
const QUERY_SHOWN = 80;

/** `12 ms`, `1.2 s`, `1m 12s`, `2h 05m`. */
export function sayDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1_000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

/** `1 file`, `2 files`. @param plural where it is not the noun with an s. */
export function sayCount(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** In UTC, to the second: `2025-02-01 12:30:00Z`. */
export function sayTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** A ratio from 0 to 1 as `[█████░░░░░] 50 %`. */
export function sayBar(ratio: number): string {
  const share = Math.min(1, Math.max(0, ratio));
  const full = Math.floor(share * 10);
  return `[${'█'.repeat(full)}${'░'.repeat(10 - full)}] ${Math.floor(share * 100)} %`;
}

/** `pid 4211 (report.sql, 42 s)`. */
export function sayBlocker({ pid, applicationName, ageMs }: Blocker): string {
  const facts = [applicationName, ageMs === undefined ? undefined : sayDuration(ageMs)];
  const known = facts.filter((fact) => fact !== undefined && fact !== '').join(', ');
  return `pid ${pid}${known === '' ? '' : ` (${known})`}`;
}

/** As {@link sayBlocker}, with the start of its statement. */
export function sayBlockerAndQuery(blocker: Blocker): string {
  if (blocker.query === undefined) return sayBlocker(blocker);
  return `${sayBlocker(blocker)}: ${sayShort(blocker.query, QUERY_SHOWN)}`;
}

/** Who holds the migration lock. @param nowMs since 1970. */
export function sayHolder(holder: LockHolder | undefined, nowMs: number): string {
  if (holder === undefined) return 'a session that is gone by now';
  const { pid, applicationName, since } = holder;
  const ageMs = since === undefined ? undefined : Math.max(0, nowMs - since.getTime());
  const connected = ageMs === undefined ? '' : `connected for ${sayDuration(ageMs)}`;
  const known = [applicationName ?? '', connected].filter((fact) => fact !== '').join(', ');
  return `pid ${pid}${known === '' ? '' : ` (${known})`}`;
}

/** On one line, cut. */
export function sayShort(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= width ? line : `${characters.slice(0, width - 1).join('')}…`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
