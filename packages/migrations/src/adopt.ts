import { readOptions } from '@ops/timeout/check';
import { prepareSession } from './database/prepare-session.ts';
import { safely } from './emit.ts';
import { acquireLock } from './engine/lock.ts';
import { AdoptError, type AdoptProblem, labelOf, type MigrationRef } from './errors.ts';
import { adoptProblem } from './history/adopt/adopt-problem.ts';
import { toEntry } from './history/adopt/entry.ts';
import type { TablePlace } from './history/adopt/find-table.ts';
import { type Adopted, type Match, matchFiles } from './history/adopt/match.ts';
import { orderNotes, trustNotes } from './history/adopt/notes.ts';
import { readForeign } from './history/adopt/read-foreign.ts';
import type { AdoptedTool, Tool } from './history/adopt/tool.ts';
import { TOOLS } from './history/adopt/tools.ts';
import type { History } from './history/history.ts';
import type { HistoryRow } from './history/read-history.ts';
import { refOf } from './migration.ts';
import type { Settings } from './options.ts';
import { inSituation, type Situation } from './situation.ts';

/** Migrations that a message names. */
const SHOWN = 5;
/** Limit on writing the rows. A thousand take less than a second. */
const WRITE_MS = 60_000;

/** Options of `adopt`. */
export interface AdoptOptions {
  /** Schema of the tool's table. @default where the tool puts it, or the search path */
  readonly schema?: string | undefined;
  /** Name of the tool's table, when it was told to use another than its own. */
  readonly table?: string | undefined;
  /** Aborting it rejects with the identical `signal.reason`; nothing was written then. */
  readonly signal?: AbortSignal | undefined;
}

/** What `adopt` has done. */
export interface AdoptReport {
  readonly tool: AdoptedTool;
  /** Schema and name of the tool's table, which stays as it is. */
  readonly table: string;
  /** Recorded by this call, in order of version. */
  readonly adopted: readonly MigrationRef[];
  /** Were in our history before. Then nothing was recorded: `adopted` is empty. */
  readonly alreadyThere: readonly MigrationRef[];
  /** What the next `up` will apply. */
  readonly pending: readonly MigrationRef[];
  /** Sentences for people: what was taken on trust, left out, or needs care from now on. */
  readonly notes: readonly string[];
}

/**
 * Records what another tool has applied as applied by us, with its times. Takes the lock of `up`;
 * reads the tool's table in a read-only transaction with a limit of 10 s, and writes all rows in one
 * statement or none.
 *
 * @throws AdoptError with everything that is in the way.
 * @throws InvalidOptionsError for a tool that there is not.
 */
export async function runAdopt(
  settings: Settings,
  toolName: AdoptedTool,
  options: AdoptOptions = {},
): Promise<AdoptReport> {
  const { signal } = options;
  const place = readPlace(toolName, options);
  return inSituation(settings, signal, async (situation) => {
    const { session } = situation;
    await prepareSession(session);
    const lock = await acquireLock({ session, settings, signal, emit: safely(settings.onEvent) });
    try {
      return await adoptUnderLock(situation, TOOLS[toolName], place);
    } finally {
      await lock.release();
    }
  });
}

function readPlace(tool: string, options: AdoptOptions): TablePlace {
  const read = readOptions('adopt', options);
  const tools = Object.keys(TOOLS);
  read.fault(!tools.includes(tool), `the tool: expected ${tools.join(' or ')}, got ${tool}`);
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const schema = read.value<string>('schema', 'a name', isName);
  const table = read.value<string>('table', 'a name', isName);
  read.object('signal', ['throwIfAborted', 'addEventListener']);
  read.done();
  return { schema, table };
}

async function adoptUnderLock(
  situation: Situation,
  tool: Tool,
  place: TablePlace,
): Promise<AdoptReport> {
  const { session, history } = situation;
  const files = situation.files.filter(({ pack }) => pack === '');
  const { history: foreign, label: table } = await readForeign(session, tool, place);
  const match = matchFiles(foreign, files);
  const rows = (await history.read(session)).filter(({ pack }) => pack === '');
  const done = new Set(rows.flatMap((row) => (row.appliedAt === undefined ? [] : row.version)));
  const problems = [...match.problems];
  const rest = match.adopted.filter(({ file }) => !done.has(file.version));
  if (rows.length > 0 && rest.length > 0) problems.push(goneOn(tool, history, rows, rest));
  if (problems.length > 0) throw new AdoptError({ tool: tool.name, table }, problems);
  const refs = match.adopted.map(({ file }) => refOf(file));
  const report = { tool: tool.name, table, adopted: [], alreadyThere: [] };
  if (rows.length > 0) {
    const pending = files.filter(({ version }) => !done.has(version)).map(refOf);
    const note = `Nothing was recorded: all that ${tool.name} has applied was in ${history.label} already.`;
    return { ...report, alreadyThere: refs, pending, notes: [note] };
  }
  const notes = await record(situation, tool, match);
  return {
    ...report,
    adopted: refs,
    pending: match.pending.map(refOf),
    notes: [
      ...notes,
      `${table} was left as it is. Do not run ${tool.name} on this database any more.`,
    ],
  };
}

/** The other tool was run beside us, or `up` before `adopt`. */
function goneOn(
  { name }: Tool,
  { label }: History,
  rows: readonly HistoryRow[],
  rest: readonly Adopted[],
): AdoptProblem {
  const names = rest.slice(0, SHOWN).map(({ file }) => labelOf(file));
  const more = rest.length > SHOWN ? ', …' : '';
  const message = `${label} has ${rows.length} migrations already, and ${rest.length} that ${name} has applied are not among them: ${names.join(', ')}${more}`;
  const hint = `A history is adopted before the first up(). If ${name} was run again after that, let only one of the two migrate from now on, and bring ${label} up to date with baseline().`;
  return adoptProblem('history', { message, hint });
}

/** Writes all rows or none. Resolves to what is worth knowing about them. */
async function record(
  { session, settings, history }: Situation,
  tool: Tool,
  { adopted, pending, notes }: Match,
): Promise<string[]> {
  const entries = adopted.map((each) => toEntry(each, tool.name));
  if (entries.length > 0) {
    await history.ensure(session, settings.lockTimeoutMs);
    const limits = `set local lock_timeout = ${settings.lockTimeoutMs}; set local statement_timeout = ${WRITE_MS}`;
    try {
      await session.query(`begin; ${limits}`);
      await history.insert(
        session.query,
        entries.map(({ entry }) => entry),
      );
      await session.query('commit');
    } catch (error) {
      await session.settle('rollback').catch(() => {});
      throw error;
    }
  }
  const files = adopted.map(({ file }) => file);
  return [
    ...(entries.length === 0 ? [`${tool.name} has applied nothing.`] : []),
    ...trustNotes(tool, adopted),
    ...notes,
    ...entries.flatMap(({ note }) => note ?? []),
    ...orderNotes(files, pending, settings.clock.now()),
  ];
}
