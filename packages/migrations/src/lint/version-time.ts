const DAY_MS = 86_400_000;

/**
 * Whether a version is written as a time and lies more than a day ahead of `now` (time zones differ
 * by less), or is one that no calendar has. Versions of 14 digits are times to the second, of 12 to
 * the minute; others are numbers.
 */
export function isFarFuture(version: string, now: number): boolean {
  if (!/^\d{14}$|^\d{12}$/.test(version)) return false;
  const [year, month, day, hour, minute, second] = [
    version.slice(0, 4),
    ...(version.slice(4).match(/\d\d/g) ?? []),
  ].map(Number);
  const time = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second ?? 0);
  return time > now + DAY_MS;
}
