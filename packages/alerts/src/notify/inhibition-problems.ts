import { type AlertKind, matchesKind } from './alert-kind.ts';
import type { Inhibition } from './inhibition.ts';
import { canonicalMatch } from './match.ts';
import type { NotifyProblem } from './notify-problems.ts';

/**
 * Inhibitions that can do nothing, since every source is a target and every target a source; and
 * those that close a circle, in which alerts inhibit each other and nobody is told of any. Where
 * labels of a match decide it, nothing is found.
 */
export function inhibitionProblems(
  inhibit: readonly Inhibition[],
  kinds: readonly AlertKind[],
): readonly NotifyProblem[] {
  return inhibit.flatMap((inhibition, index) => {
    const path = ['inhibit', index];
    if (canonicalMatch(inhibition.source) === canonicalMatch(inhibition.target)) {
      const message = 'source and target are the same, and no alert inhibits itself';
      return [{ path, message }];
    }
    const circle = circleOf(inhibition, inhibit.slice(0, index + 1), kinds);
    if (circle === undefined) return [];
    const { from, to } = circle;
    const message =
      `'${from.rule}' (${from.severity}) and '${to.rule}' (${to.severity}) would inhibit each other,` +
      ' and nobody be told of either';
    return [{ path, message }];
  });
}

interface Inhibited {
  readonly from: AlertKind;
  readonly to: AlertKind;
}

/** What it inhibits, and by what, where by the others, step by step, the latter is inhibited in turn. */
function circleOf(
  inhibition: Inhibition,
  inhibit: readonly Inhibition[],
  kinds: readonly AlertKind[],
): Inhibited | undefined {
  for (const from of kinds) {
    for (const to of kinds) {
      if (inhibits(inhibition, from, to) && reached(to, inhibit, kinds).has(from))
        return { from, to };
    }
  }
  return undefined;
}

function reached(
  start: AlertKind,
  inhibit: readonly Inhibition[],
  kinds: readonly AlertKind[],
): ReadonlySet<AlertKind> {
  const found = new Set([start]);
  // Grows while it is walked.
  for (const from of found) {
    for (const to of kinds) {
      if (inhibit.some((inhibition) => inhibits(inhibition, from, to))) found.add(to);
    }
  }
  return found;
}

function inhibits(
  { source, target, equal = [] }: Inhibition,
  from: AlertKind,
  to: AlertKind,
): boolean {
  if (hasLabels(source) || hasLabels(target)) return false;
  if (equal.includes('rule') && from.rule !== to.rule) return false;
  if (equal.includes('severity') && from.severity !== to.severity) return false;
  const isTwoSided = matchesKind(target, from) && matchesKind(source, to);
  return matchesKind(source, from) && matchesKind(target, to) && !isTwoSided;
}

function hasLabels({ labels = {} }: Inhibition['source']): boolean {
  return Object.keys(labels).length > 0;
}
