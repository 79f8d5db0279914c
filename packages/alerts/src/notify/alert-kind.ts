import type { Severity } from '../alert.ts';
import type { AlertMatch } from '../silence.ts';
import { accepts } from './match.ts';

/** What an alert can be, before its labels are known. */
export interface AlertKind {
  readonly rule: string;
  readonly severity: Severity;
}

/** All that the rules can give. */
export function kindsOf(
  rules: Readonly<Record<string, { readonly severities: readonly Severity[] }>>,
): readonly AlertKind[] {
  return Object.entries(rules).flatMap(([rule, { severities }]) =>
    severities.map((severity) => ({ rule, severity })),
  );
}

/** Whether an alert of this kind can match. */
export function matchesKind(match: AlertMatch, { rule, severity }: AlertKind): boolean {
  return accepts(match.rule, rule) && accepts(match.severity, severity);
}
