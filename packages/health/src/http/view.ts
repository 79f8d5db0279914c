import type { Engine } from '../engine.ts';
import type { HealthReport } from '../report.ts';
import { HEALTHY, type Standing, worstOf } from '../status.ts';
import type { PageRoute } from './route.ts';

/** A check on a page, or what stands beside the checks: `ping`, `fatal`, `shutdown`. */
export interface Line {
  readonly name: string;
  readonly standing: Standing;
  /** Redacted, for authorised readers only. */
  readonly message: string | undefined;
  readonly isExcluded: boolean;
  /** Whether it is one of the checks. */
  readonly isCheck: boolean;
}

/** What a request may leave out and ask for besides. */
export interface Selection {
  readonly excludes: ReadonlySet<string>;
  readonly isVerbose: boolean;
}

/** What one request looks at. */
export interface View {
  readonly lines: readonly Line[];
  /** Of what is not excluded: its status, its checks. */
  readonly report: HealthReport;
}

/** More are not looked at: each may cost a line of the answer. */
const MOST_EXCLUDES = 32;

const WHOLE: Selection = { excludes: new Set(), isVerbose: false };

/** `?verbose` counts by its presence, `?exclude=` may be repeated. */
export function selectionOf(query: string): Selection {
  if (query === '') return WHOLE;
  const parameters = new URLSearchParams(query);
  return {
    excludes: new Set(parameters.getAll('exclude').slice(0, MOST_EXCLUDES)),
    isVerbose: parameters.has('verbose'),
  };
}

/**
 * Changes nothing, runs nothing: what is excluded is left out of this one answer. `undefined` when
 * the only check asked for is no member.
 */
export function viewOf(
  engine: Engine,
  { group, only }: PageRoute,
  { excludes }: Selection,
): View | undefined {
  const report = engine.report(group);
  const all = linesOf(engine, report).map((line) => ({
    ...line,
    isExcluded: only === undefined && excludes.has(line.name),
  }));
  const lines = only === undefined ? all : all.filter(({ name }) => name === only);
  if (lines.length === 0) return undefined;
  const counted = lines.filter(({ isExcluded }) => !isExcluded);
  const checks = new Set(counted.filter(({ isCheck }) => isCheck).map(({ name }) => name));
  // What is said of the service comes before what its checks say.
  const byWeight = counted.toSorted((a, b) => Number(a.isCheck) - Number(b.isCheck));
  const isFatal = counted.some(({ name }) => name === 'fatal');
  return {
    lines,
    report: {
      ...report,
      ...worstOf(byWeight.map(({ standing }) => standing)),
      reason: isFatal ? report.reason : undefined,
      checks: Object.fromEntries(
        Object.entries(report.checks).filter(([name]) => checks.has(name)),
      ),
    },
  };
}

/** Whether the group passes whatever its checks say. */
export function isLatched(engine: Engine, group: string): boolean {
  return group === 'startup' && engine.hasStarted();
}

function linesOf(engine: Engine, report: HealthReport): Omit<Line, 'isExcluded'>[] {
  const { group, checks } = report;
  const isPassing = isLatched(engine, group);
  const lines: Omit<Line, 'isExcluded'>[] = Object.entries(checks).map(
    ([name, { status, code, message }]) => ({
      name,
      standing: isPassing ? HEALTHY : { status, code },
      message,
      isCheck: true,
    }),
  );
  // kube-apiserver puts in a ping where there is nothing else to ask.
  if (lines.length === 0) lines.push(beside('ping', HEALTHY));
  const fatal = engine.fatalReason(group);
  if (fatal !== undefined) lines.push(beside('fatal', { status: 'fail', code: 'fatal' }, fatal));
  if (engine.isDraining() && (group === 'ready' || group === 'all')) {
    lines.push(beside('shutdown', { status: 'fail', code: 'shutting_down' }));
  }
  return lines;
}

function beside(name: string, standing: Standing, message?: string): Omit<Line, 'isExcluded'> {
  return { name, standing, message, isCheck: false };
}
