import type { Alert } from '../alert.ts';
import type { AlertMatch, OneOrMore } from '../silence.ts';

/** Whether all that the match asks for holds. A label that the alert does not have matches nothing. */
export function matches(match: AlertMatch, alert: Alert): boolean {
  return (
    accepts(match.rule, alert.rule) &&
    accepts(match.severity, alert.severity) &&
    Object.entries(match.labels ?? {}).every(
      ([name, wanted]) => Object.hasOwn(alert.labels, name) && accepts(wanted, alert.labels[name]),
    )
  );
}

/** Whether the value is among the wanted; undefined wants everything. */
export function accepts(wanted: OneOrMore<string> | undefined, value: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (value === undefined) return false;
  return typeof wanted === 'string' ? wanted === value : wanted.includes(value);
}

/** `'rule'`, `'severity'`, or a label of the alert; undefined where it has none of that name. */
export function factOf(alert: Alert, name: string): string | undefined {
  if (name === 'rule') return alert.rule;
  if (name === 'severity') return alert.severity;
  return Object.hasOwn(alert.labels, name) ? alert.labels[name] : undefined;
}

/** The same text for matches that mean the same. */
export function canonicalMatch(match: AlertMatch): string {
  const labels = Object.entries(match.labels ?? {}).toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return JSON.stringify([
    sortedOf(match.rule),
    sortedOf(match.severity),
    labels.map(([name, wanted]) => [name, sortedOf(wanted)]),
  ]);
}

function sortedOf(wanted: OneOrMore<string> | undefined): readonly string[] | null {
  return wanted === undefined ? null : [...new Set([wanted].flat())].toSorted();
}
