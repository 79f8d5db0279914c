import { isObject } from './double.ts';

/** `ops@example.com` or `Ops <ops@example.com>`, in one line. */
export function isMailAddress(value: unknown): value is string {
  if (typeof value !== 'string' || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) return false;
  const address = /^(?:[^<>]*<)?([^<>\s,;]+@[^<>\s,;]+)>?$/.exec(value.trim())?.[1];
  return address !== undefined && value.includes('<') === value.includes('>');
}

/** Names and values that cannot break out of a header. */
export function isSafeHeaders(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(
      ([name, content]) =>
        /^[\w-]+$/.test(name) && typeof content === 'string' && !/[\r\n\0]/.test(content),
    )
  );
}
