import { type QualifiedName, readQualifiedName } from './identifier.ts';
import type { Token } from './lexer.ts';
import { literalValue } from './literal.ts';
import {
  HARMLESS,
  languageName,
  type RoutineBody,
  readDoBlock,
  readRoutineBody,
} from './routine-body.ts';
import { isWord, type Statement } from './split.ts';

/**
 * The procedure that a `call` statement names, as {@link readQualifiedName} gives it: `p`,
 * `app.purge`, `"My".p`; usable for `to_regproc`. Undefined for any other statement.
 */
export function calledProcedure({ tokens }: Statement): string | undefined {
  return isWord(tokens[0], 'call') ? readQualifiedName(tokens, 1)?.name : undefined;
}

/**
 * The procedures that `create [or replace] procedure` statements define. Procedures of one name are
 * taken together, whatever their parameters: what one of them does, the name does.
 */
export function definedProcedures(statements: readonly Statement[]): Map<string, RoutineBody> {
  const defined = new Map<string, RoutineBody>();
  for (const { tokens } of statements) {
    const found = procedureName(tokens);
    if (found === undefined) continue;
    const body = procedureBody(tokens.slice(found.end));
    const other = defined.get(found.name) ?? HARMLESS;
    defined.set(found.name, {
      commits: body.commits || other.commits,
      calls: [...new Set([...other.calls, ...body.calls])],
    });
  }
  return defined;
}

/**
 * The names among `definitions` that end transactions, by themselves or through a call. A name may
 * come more than once, as when a file replaces a procedure that the database has.
 */
export function committingProcedures(
  definitions: Iterable<readonly [name: string, body: RoutineBody]>,
): ReadonlySet<string> {
  const all = [...definitions];
  const committing = new Set<string>();
  for (let before = -1; before < committing.size; ) {
    before = committing.size;
    for (const [name, body] of all) {
      if (body.commits || body.calls.some((call) => namesOneOf(call, committing))) {
        committing.add(name);
      }
    }
  }
  return committing;
}

/**
 * The procedures that the statements call, directly, in a `do` block or through procedures in
 * `known`, and that neither the statements nor `known` define. Ask the database for their language
 * and source, put what {@link readRoutineBody} makes of them into `known` (also the names that are
 * not there, as {@link HARMLESS}), and ask again until nothing is left.
 */
export function unresolvedCalls(
  statements: readonly Statement[],
  known: ReadonlyMap<string, RoutineBody> = new Map(),
): string[] {
  const definitions = [...known, ...definedProcedures(statements)];
  const seen = new Set<string>();
  const unresolved: string[] = [];
  const queue = statements.flatMap((statement) => callsOf(statement));
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const called = name;
    const bodies = definitions.filter(([defined]) => isSameName(called, defined));
    if (bodies.length === 0) unresolved.push(name);
    queue.push(...bodies.flatMap(([, body]) => body.calls));
  }
  return unresolved.toSorted();
}

/** Whether running the statement ends transactions, given the procedures that do. */
export function commitsWhenRun(statement: Statement, committing: ReadonlySet<string>): boolean {
  const isDo = isWord(statement.tokens[0], 'do');
  if (isDo && readDoBlock(statement.tokens).commits) return true;
  return callsOf(statement).some((call) => namesOneOf(call, committing));
}

function callsOf(statement: Statement): readonly string[] {
  const called = calledProcedure(statement);
  if (called !== undefined) return [called];
  return isWord(statement.tokens[0], 'do') ? readDoBlock(statement.tokens).calls : [];
}

function namesOneOf(name: string, names: ReadonlySet<string>): boolean {
  return names.has(name) || [...names].some((each) => isSameName(name, each));
}

/** A name without schema may mean one in any schema: which, only the search path would tell. */
function isSameName(a: string, b: string): boolean {
  if (a === b) return true;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.endsWith(`.${short}`);
}

function procedureName(tokens: readonly Token[]): QualifiedName | undefined {
  const hasReplace = isWord(tokens[1], 'or') && isWord(tokens[2], 'replace');
  const kind = hasReplace ? 3 : 1;
  if (!isWord(tokens[0], 'create') || !isWord(tokens[kind], 'procedure')) return undefined;
  return readQualifiedName(tokens, kind + 1);
}

/** What follows the name. A body in standard SQL (`begin atomic`) cannot end transactions. */
function procedureBody(tokens: readonly Token[]): RoutineBody {
  let depth = 0;
  let language = '';
  let source = '';
  let isInSource = false;
  tokens.forEach((token, at) => {
    if (token.text === '(') depth += 1;
    else if (token.text === ')') depth -= 1;
    if (depth > 0) return;
    isInSource = token.kind === 'string' && (isInSource || isWord(tokens[at - 1], 'as'));
    if (isInSource) source += literalValue(token);
    if (isWord(tokens[at - 1], 'language')) language = languageName(token);
  });
  return readRoutineBody(language, source);
}
