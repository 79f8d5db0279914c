import type {
  MeasuredIndex,
  MeasuredQuery,
  Measurement,
  QueryReading,
  Scan,
} from './measurement.ts';
import type { AdviceReport, IndexAdvice, PlanChange, QueryAdvice, QueryFigures } from './report.ts';

/** Medians of a few runs on a machine that does other things as well differ by some per cent anyhow. */
const NOISE_RATIO = 1.1;

/**
 * What changed between two measurements of the same queries and indexes, saved as JSON or not. Indexes
 * that are in the second and were not in the first are judged. A query is compared only when its text
 * and its values are the same in both.
 */
export function compareMeasurements(before: Measurement, after: Measurement): AdviceReport {
  return adviceFrom('compare', before, after);
}

/** The report on a measurement, or on two. */
export function adviceFrom(
  method: AdviceReport['method'],
  before: Measurement,
  after: Measurement | undefined,
): AdviceReport {
  const queries = before.queries.map((query) =>
    adviseQuery(
      query,
      after?.queries.find(({ name }) => name === query.name),
      after !== undefined,
    ),
  );
  const last = after ?? before;
  const indexes = last.indexes.map((index) => {
    const earlier = before.indexes.find(
      ({ schema, name }) => schema === index.schema && name === index.name,
    );
    const isNew =
      index.state === 'built' ||
      index.state === 'hypothetical' ||
      (index.state === 'present' && earlier?.state === 'absent');
    const known = withoutFailedRival(index, last.indexes);
    return adviseIndex(known, isNew, usesOf(index, last.queries, queries));
  });
  const { database, serverVersion } = last;
  const notes = [...new Set([...before.notes, ...last.notes, ...differences(before, last)])];
  return { method, database, serverVersion, queries, indexes, notes };
}

function differences(before: Measurement, after: Measurement): string[] {
  const notes: string[] = [];
  if (before.basis !== after.basis) {
    notes.push('One measurement has times and the other estimates; they are not compared.');
  }
  for (const key of ['database', 'serverVersion'] as const) {
    if (before[key] !== after[key]) {
      const what = key === 'database' ? 'database' : 'server version';
      notes.push(`Another ${what}: before ${before[key]}, after ${after[key]}.`);
    }
  }
  return notes;
}

function adviseQuery(
  before: MeasuredQuery,
  after: MeasuredQuery | undefined,
  isPair: boolean,
): QueryAdvice {
  const { name } = before;
  const isSameQuery = after === undefined || sayOf(before) === sayOf(after);
  const trouble =
    before.trouble ??
    after?.trouble ??
    (isSameQuery ? undefined : { message: 'its text or values differ between the measurements' });
  const [first, second] = [before.reading, after?.reading];
  const figures = { before: first && figuresOf(first), after: second && figuresOf(second) };
  if (first === undefined || second === undefined || trouble !== undefined) {
    const missing =
      isPair && after === undefined ? { message: 'it was not measured again' } : undefined;
    return { name, ...figures, outcome: 'unknown', changes: [], trouble: trouble ?? missing };
  }
  const changes = changesOf(first.scans, second.scans);
  const ratio = ratioOf(figuresOf(first), figuresOf(second));
  return { name, ...figures, outcome: outcomeOf(changes, ratio), ratio, changes };
}

function sayOf({ text, values }: MeasuredQuery): string {
  return JSON.stringify([text, values], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

function figuresOf({ cost, samplesMs, bytesRead }: QueryReading): QueryFigures {
  if (samplesMs.length === 0) return { cost };
  const sorted = samplesMs.toSorted((a, b) => a - b);
  const [lower, upper] = [sorted[(sorted.length - 1) >> 1] ?? 0, sorted[sorted.length >> 1] ?? 0];
  return { medianMs: (lower + upper) / 2, minMs: sorted[0], cost, bytesRead };
}

function ratioOf(before: QueryFigures, after: QueryFigures): number | undefined {
  const isTimed = before.medianMs !== undefined && after.medianMs !== undefined;
  const isPlanned = before.medianMs === undefined && after.medianMs === undefined;
  if (!isTimed && !isPlanned) return undefined;
  const ratio = isTimed ? (before.medianMs ?? 0) / (after.medianMs ?? 0) : before.cost / after.cost;
  return Number.isFinite(ratio) ? ratio : undefined;
}

function outcomeOf(
  changes: readonly PlanChange[],
  ratio: number | undefined,
): QueryAdvice['outcome'] {
  if (ratio === undefined) return 'unknown';
  if (changes.length === 0) return 'same';
  if (ratio >= NOISE_RATIO) return 'faster';
  return ratio <= 1 / NOISE_RATIO ? 'slower' : 'same';
}

function changesOf(before: readonly Scan[], after: readonly Scan[]): PlanChange[] {
  const tables = new Map<string, Scan>();
  for (const scan of [...before, ...after]) tables.set(tableOf(scan), scan);
  return [...tables].flatMap(([key, { schema, table }]) => {
    const say = (scans: readonly Scan[]): string =>
      scans
        .filter((scan) => tableOf(scan) === key)
        .map(({ node, indexes }) =>
          indexes.length === 0 ? node : `${node} using ${indexes.join(' and ')}`,
        )
        .join(', ') || 'not read';
    const change = { schema, table, before: say(before), after: say(after) };
    return change.before === change.after ? [] : [change];
  });
}

function tableOf({ schema, table }: Scan): string {
  return JSON.stringify([schema, table]);
}

interface Uses {
  readonly usedBy: readonly string[];
  readonly speedsUp: readonly string[];
}

function usesOf(
  { schema, name }: MeasuredIndex,
  measured: readonly MeasuredQuery[],
  advice: readonly QueryAdvice[],
): Uses {
  const usedBy = measured
    .filter(({ reading }) =>
      reading?.scans.some((scan) => scan.schema === schema && scan.indexes.includes(name)),
    )
    .map((query) => query.name);
  const faster = advice.filter(({ outcome }) => outcome === 'faster').map((query) => query.name);
  return { usedBy, speedsUp: usedBy.filter((query) => faster.includes(query)) };
}

/** One that could not be made, such as a unique one over duplicates, does nothing for another. */
function withoutFailedRival(
  index: MeasuredIndex,
  indexes: readonly MeasuredIndex[],
): MeasuredIndex {
  const { redundantWith, ...rest } = index;
  const hasFailed = indexes.some(
    ({ schema, name, state }) =>
      schema === index.schema && name === redundantWith && state === 'failed',
  );
  return hasFailed ? rest : index;
}

function adviseIndex(index: MeasuredIndex, isNew: boolean, uses: Uses): IndexAdvice {
  const { state, ...known } = index;
  return {
    ...known,
    ...uses,
    speedsUp: isNew ? uses.speedsUp : [],
    isEstimate: state === 'hypothetical',
    verdict: verdictOf(index, isNew, uses),
  };
}

function verdictOf(
  { state, redundantWith }: MeasuredIndex,
  isNew: boolean,
  { usedBy, speedsUp }: Uses,
): IndexAdvice['verdict'] {
  if (state === 'not-applicable') return state;
  if (state === 'failed') return 'not-measured';
  if (redundantWith !== undefined) return 'redundant';
  if (state === 'absent') return 'not-measured';
  if (!isNew) return 'present';
  if (speedsUp.length > 0) return 'buys';
  return usedBy.length > 0 ? 'no-gain' : 'unused';
}
