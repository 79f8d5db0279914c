import { html, type Markup } from './markup.ts';

const MINUTE = 60_000;
const UNITS = [
  ['d', 1_440],
  ['h', 60],
  ['min', 1],
] as const;

/** A length of time by its two largest units, down to minutes, as `2 h 5 min`. */
export function lengthOf(ms: number): string {
  let minutes = Math.floor(Math.max(0, ms) / MINUTE);
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(minutes / size);
    minutes -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || 'less than a minute';
}

/** A moment to the minute, in UTC. */
export function moment(date: Date): Markup {
  const iso = date.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)}</time>`;
}
