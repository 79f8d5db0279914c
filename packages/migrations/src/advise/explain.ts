import type { Session } from '../database/session.ts';
import { isWord, splitStatements } from '../sql/split.ts';
import type { AdviceQuery } from './advisable.ts';
import { type Attempt, inSavepoint, inTransaction, type Limits } from './attempt.ts';
import type { MeasuredQuery, Trouble } from './measurement.ts';
import { type PlanFacts, readPlan } from './plan.ts';

/** A query and its parameters, or why it cannot be run. */
export interface BoundQuery {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
  readonly trouble?: Trouble | undefined;
}

/** Finds the parameters, running `valuesFrom` where there are none. */
export async function bindQuery(
  session: Session,
  { name, text, values, valuesFrom }: AdviceQuery,
  limits: Limits,
): Promise<BoundQuery> {
  const fault = faultOf(text);
  if (fault !== undefined || values !== undefined || valuesFrom === undefined) {
    const given = { name, text, values: values ?? [] };
    return withTrouble(given, fault ?? countFault(given));
  }
  const wrong = faultOf(valuesFrom);
  if (wrong !== undefined) return withTrouble({ name, text, values: [] }, `valuesFrom: ${wrong}`);
  const found = await inTransaction(session, 'read only', limits, () =>
    inSavepoint(session, () => session.query<Record<string, unknown>>(valuesFrom)),
  );
  if ('trouble' in found)
    return { name, text, values: [], trouble: withLimit(found.trouble, limits) };
  const [row] = found.value.rows;
  const bound = { name, text, values: Object.values(row ?? {}) };
  const missing = 'valuesFrom gave no row: there is nothing to measure with';
  return withTrouble(bound, row === undefined ? missing : countFault(bound));
}

function withTrouble(query: BoundQuery, message: string | undefined): BoundQuery {
  return message === undefined ? query : { ...query, trouble: { message } };
}

/** `explain analyze` of the first of several statements would run the others as they are. */
function faultOf(text: string): string | undefined {
  const statements = splitStatements(text);
  const isOpen = statements.some(({ tokens }) => tokens.some((token) => token.isOpen));
  if (isOpen) return 'has a quote or comment without an end';
  if (statements.length !== 1) return `expected one statement, got ${statements.length} statements`;
  // Under `explain analyze`, `create table as` makes its table in a read-only transaction, too.
  const isQuery = !isWord(statements[0]?.tokens[0], 'create');
  return isQuery ? undefined : 'expected a query, got a statement that creates something';
}

/** The server says it with 08P01, which reads like a broken connection. */
function countFault({ text, values }: BoundQuery): string | undefined {
  const numbers = splitStatements(text).flatMap(({ tokens }) =>
    tokens.flatMap((token) => (/^\$\d+$/.test(token.text) ? Number(token.text.slice(1)) : [])),
  );
  const count = Math.max(0, ...numbers);
  return count === values.length
    ? undefined
    : `expected ${count} values, for $1 and so on, got ${values.length}`;
}

/** Asks the planner, in an open transaction. The query is not run. */
export async function planQuery(
  session: Session,
  query: BoundQuery,
  names: ReadonlyMap<string, string>,
): Promise<MeasuredQuery> {
  if (query.trouble !== undefined) return query;
  const plan = await inSavepoint(session, () => explain(session, query, 'verbose', names));
  if ('trouble' in plan) return { ...query, trouble: plan.trouble };
  const { cost, scans } = plan.value;
  return { ...query, reading: { cost, samplesMs: [], scans } };
}

/** How a query is timed. */
export interface Timing {
  readonly runs: number;
  readonly limits: Limits;
  /** Of this server's pages. */
  readonly pageBytes: number;
  /** Puts each execution into a transaction or savepoint of its own. */
  readonly inOwn: (work: () => Promise<PlanFacts>) => Promise<Attempt<PlanFacts>>;
}

/** Runs the query once uncounted, which brings its pages into the cache, then `runs` times. */
export async function timeQuery(
  session: Session,
  query: BoundQuery,
  { runs, limits, pageBytes, inOwn }: Timing,
): Promise<MeasuredQuery> {
  if (query.trouble !== undefined) return query;
  // `timing off`: reading the clock twice for each row of each node can take longer than the rest.
  const options = 'analyze, buffers, verbose, timing off, summary on';
  const facts: PlanFacts[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const attempt = await inOwn(() => explain(session, query, options, new Map()));
    if ('trouble' in attempt) return { ...query, trouble: withLimit(attempt.trouble, limits) };
    if (run > 0) facts.push(attempt.value);
  }
  const last = facts.at(-1);
  if (last === undefined || new Set(facts.map(({ scans }) => JSON.stringify(scans))).size > 1) {
    const message =
      'its plan changed between the runs: something changed its tables or indexes meanwhile';
    return { ...query, trouble: { message } };
  }
  const samplesMs = facts.flatMap(({ executionMs }) => executionMs ?? []);
  const bytesRead = last.pages === undefined ? undefined : last.pages * pageBytes;
  return { ...query, reading: { cost: last.cost, samplesMs, bytesRead, scans: last.scans } };
}

async function explain(
  session: Session,
  { text, values }: BoundQuery,
  options: string,
  names: ReadonlyMap<string, string>,
): Promise<PlanFacts> {
  const { rows } = await session.query<Record<'QUERY PLAN', unknown>>(
    `explain (${options}, format json) ${text}`,
    [...values],
  );
  return readPlan(rows[0]?.['QUERY PLAN'], names);
}

/** 57014 says that it was cancelled, not after how long. */
function withLimit({ message, sqlstate }: Trouble, { statementMs }: Limits): Trouble {
  if (sqlstate !== '57014') return { message, sqlstate };
  return { message: `${message} (statementTimeout is ${statementMs} ms)`, sqlstate };
}
