/** Line breaks forge lines and headers, invisible characters and turned text forge words. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu;

/**
 * One line of at most `maxLength` UTF-16 code units, cut with `…`, that any wire and any reader can
 * take: no control, formatting or direction characters, no half of a surrogate pair.
 */
export function oneLine(text: string, maxLength: number): string {
  const line = text.toWellFormed().replace(INVISIBLE, ' ').trim();
  if (line.length <= maxLength) return line;
  return `${line.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The URL as it may be linked to: `http:` or `https:` only; undefined for anything else. */
export function linkOf(url: string | null): string | undefined {
  const parsed = URL.parse(url ?? '');
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) {
    return undefined;
  }
  const { href } = parsed;
  return href.length <= 2_000 ? href.replace(/[|<>"'`\\]/g, encodeURIComponent) : undefined;
}

/** `2026-01-01 00:00:00 UTC`, which needs no locale to be read; what is no time stays as it is. */
export function timeOf(iso: string): string {
  const [, date, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso) ?? [];
  return date === undefined ? oneLine(iso, 40) : `${date} ${time} UTC`;
}
