import { SEVERITIES } from './alert.ts';
import type { Rule } from './rule.ts';

const METHODS = ['keyOf', 'labelsOf', 'init', 'on', 'evaluate'] as const;
const LENGTHS = ['forMs', 'keepFiringForMs', 'lookbackMs'] as const;

/** A rule of one's own that lacks a number would compare with NaN, and its alert never end. */
export function isRule(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const rule = value as Partial<Rule>;
  const { severities, maxSeriesCount } = rule;
  return (
    METHODS.every((method) => typeof rule[method] === 'function') &&
    LENGTHS.every((length) => Number(rule[length]) >= 0 && typeof rule[length] === 'number') &&
    Array.isArray(severities) &&
    severities.length > 0 &&
    severities.every((severity) => SEVERITIES.includes(severity)) &&
    Number.isInteger(maxSeriesCount) &&
    Number(maxSeriesCount) >= 1
  );
}

/** Fit to be a part of ids and keys. */
export function isRuleName(name: string): boolean {
  return /^[\w.-]{1,60}$/.test(name);
}
