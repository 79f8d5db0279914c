import type { Alert } from '../alert.ts';
import type { AlertMatch } from '../silence.ts';
import { isActive } from './group.ts';
import { factOf, matches } from './match.ts';

/**
 * While an alert that matches `source` lasts, nobody is told of those that match `target`. An alert
 * does not inhibit itself, and of two that match both sides neither inhibits the other.
 */
export interface Inhibition<RuleName extends string = string> {
  readonly source: AlertMatch<RuleName>;
  readonly target: AlertMatch<RuleName>;
  /**
   * Only where source and target have the same values here: `'rule'`, `'severity'`, or labels. Two
   * that both lack a label have the same.
   */
  readonly equal?: readonly string[] | undefined;
}

/** An {@link Inhibition} as the inside uses it. */
export interface InhibitionSettings {
  readonly source: AlertMatch;
  readonly target: AlertMatch;
  readonly equal: readonly string[];
}

/**
 * Which of the alerts that are told are inhibited by those that last.
 *
 * The sources are looked through once for each inhibition that some target matches, and not at all
 * where none does: 1,000 targets and 1,000 sources are 2,000 comparisons and not a million.
 */
export function createInhibitor(
  inhibitions: readonly InhibitionSettings[],
  alerts: () => readonly Alert[],
): (target: Alert) => boolean {
  const values = inhibitions.map((inhibition) => lazySources(inhibition, alerts));
  return (target) =>
    inhibitions.some(({ source, target: wanted, equal }, index) => {
      if (!matches(wanted, target)) return false;
      const { all, oneSided } = values[index]?.() ?? NO_SOURCES;
      return (matches(source, target) ? oneSided : all).has(valuesOf(target, equal));
    });
}

/** By the values of `equal`. */
interface Sources {
  readonly all: ReadonlySet<string>;
  /** Those that are not targets themselves. */
  readonly oneSided: ReadonlySet<string>;
}

const NO_SOURCES: Sources = { all: new Set(), oneSided: new Set() };

function lazySources(
  { source, target, equal }: InhibitionSettings,
  alerts: () => readonly Alert[],
): () => Sources {
  let found: Sources | undefined;
  return () => {
    if (found !== undefined) return found;
    const sources = alerts().filter((alert) => isActive(alert) && matches(source, alert));
    found = {
      all: new Set(sources.map((alert) => valuesOf(alert, equal))),
      oneSided: new Set(
        sources.filter((alert) => !matches(target, alert)).map((alert) => valuesOf(alert, equal)),
      ),
    };
    return found;
  };
}

function valuesOf(alert: Alert, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => factOf(alert, name) ?? null));
}
