import { formatDuration } from '../format-duration.ts';
import { html, type Markup } from './markup.ts';

/** A moment in UTC, to the second. Anything else than a time is shown as it is. */
export function moment(iso: string): Markup {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) return html`${iso}`;
  const exact = new Date(ms).toISOString();
  return html`<time datetime="${exact}">${exact.slice(0, 10)} ${exact.slice(11, 19)}</time>`;
}

/** The time from one moment to another, by its two largest units. */
export function lasting(fromIso: string, toMs: number): string {
  return formatDuration(Math.max(0, toMs - Date.parse(fromIso)) || 0);
}
