import type { CleanupFinding } from './diagnosis.ts';

type Required = Pick<CleanupFinding, 'code' | 'severity' | 'message'>;

/** A finding about nothing in particular, but for what is said. */
export function finding(facts: Required & Partial<CleanupFinding>): CleanupFinding {
  return { policies: [], table: null, remedy: null, sql: [], ...facts };
}

/** `12,345`. */
export function figure(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** In megabytes: `1,234.5 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}

/** In minutes, from two hours in hours, from two days in days. */
export function age(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** Text as SQL. For statements that are shown, and never for one that is sent. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
