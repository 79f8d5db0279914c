import type { Node, RawStmt } from 'libpg-query';
import { classify } from '../sql/classify.ts';
import { readIndexTarget } from '../sql/index-statement.ts';
import { type Statement, splitStatements } from '../sql/split.ts';
import type { SqlParser } from './parser.ts';
import { createTextMap, type TextMap } from './text-map.ts';

/** One statement with its parse tree. */
export interface LintStatement {
  readonly node: Node;
  readonly statement: Statement;
  /** From 1, among all of the file's, those that cannot be parsed included. */
  readonly number: number;
  /** Statements that share a transaction share this number; it is unique to the file. */
  readonly segment: number;
  /** Why the runner would refuse it. */
  readonly refusal: Refusal | undefined;
  /** A `do` block that ends transactions. */
  readonly commits: boolean;
  /** UTF-16 offset of a place in the tree. */
  offsetOf(location: number): number;
}

interface Refusal {
  readonly isTransactionControl: boolean;
  readonly reason: string;
  readonly hint: string;
}

export interface ParsedSql {
  readonly statements: readonly LintStatement[];
  /** As the splitter cut them, parsed or not. */
  readonly pieces: readonly Statement[];
  readonly statementCount: number;
  readonly map: TextMap;
  /** The first place that PostgreSQL cannot read. */
  readonly syntaxError: SyntaxProblem | undefined;
}

interface SyntaxProblem {
  readonly message: string;
  readonly start: number;
  readonly end: number;
  /** From 1; 0 when it lies in none. */
  readonly statement: number;
}

/**
 * Parses a file in one go. Where that fails, there is one error, and what can be parsed by itself
 * still is, so that later files do not seem to use tables that nobody made.
 *
 * @param separate every statement has a transaction of its own.
 */
export function parseSql(parser: SqlParser, text: string, separate = false): ParsedSql {
  const map = createTextMap(text);
  const pieces = splitStatements(text);
  const nul = text.indexOf('\0');
  const whole = nul === -1 ? attempt(parser, text) : undefined;
  if (Array.isArray(whole) && whole.length === pieces.length) {
    const parsed = pieces.map((statement, at) => {
      return { statement, node: whole[at]?.stmt, offsetOf: map.fromByte };
    });
    return { ...number(parsed, separate), pieces, map, syntaxError: undefined };
  }
  const parsed = pieces.map((statement) => ({ statement, ...parseAlone(parser, statement) }));
  const problem =
    nul === -1
      ? (locate(whole, map.fromCharacter, pieces) ?? firstProblem(parsed))
      : {
          message: 'a NUL byte, which PostgreSQL cannot take',
          start: nul,
          end: nul + 1,
          statement: 0,
        };
  return {
    ...number(parsed, separate),
    pieces,
    map,
    syntaxError: metaCommand(pieces, problem) ?? problem,
  };
}

interface Parsed {
  readonly statement: Statement;
  readonly node: Node | undefined;
  readonly error?: unknown;
  offsetOf(location: number): number;
}

function attempt(parser: SqlParser, text: string): readonly RawStmt[] | Error {
  // Without this, libpg-query says that a query cannot be empty.
  if (text.trim() === '') return [];
  try {
    return parser.parse(text);
  } catch (error) {
    return error as Error;
  }
}

function parseAlone(parser: SqlParser, { text, start }: Statement): Omit<Parsed, 'statement'> {
  const found = text.includes('\0') ? new Error('a NUL byte') : attempt(parser, text);
  const node = Array.isArray(found) && found.length === 1 ? (found[0] as RawStmt).stmt : undefined;
  const inner = createTextMap(text);
  return {
    node,
    error: found instanceof Error ? found : undefined,
    offsetOf: (location) => start + inner.fromByte(location),
  };
}

/** Gives each its number and its transaction, as the runner would cut them. */
function number(
  parsed: readonly Parsed[],
  separate: boolean,
): Pick<ParsedSql, 'statements' | 'statementCount'> {
  let segment = 0;
  let previous = '';
  const statements = parsed.flatMap(({ statement, node, offsetOf }, at): LintStatement[] => {
    const { kind, refusal } = runnerView(statement);
    if (separate || kind !== 'transactional' || previous !== 'transactional') segment += 1;
    previous = kind;
    if (node === undefined) return [];
    const commits = kind === 'standalone' && 'DoStmt' in node;
    return [{ node, statement, number: at + 1, segment, refusal, commits, offsetOf }];
  });
  return { statements, statementCount: parsed.length };
}

function runnerView(statement: Statement): { kind: string; refusal: Refusal | undefined } {
  const found = classify(statement);
  if (found.kind === 'refused') {
    const isTransactionControl = /begin or end transactions/.test(found.reason);
    return { kind: 'transactional', refusal: { isTransactionControl, ...found } };
  }
  const target = found.kind === 'index' ? readIndexTarget(statement) : undefined;
  if (typeof target !== 'string') return { kind: found.kind, refusal: undefined };
  const hint = 'Write: create index concurrently <name> on <table> (…)';
  return { kind: found.kind, refusal: { isTransactionControl: false, reason: target, hint } };
}

function firstProblem(parsed: readonly Parsed[]): SyntaxProblem | undefined {
  for (const { statement, error } of parsed) {
    if (!(error instanceof Error)) continue;
    return locate(error, () => statement.start, [statement]);
  }
  return undefined;
}

function locate(
  error: unknown,
  fromCharacter: (character: number) => number,
  pieces: readonly Statement[],
): SyntaxProblem | undefined {
  if (!(error instanceof Error)) return undefined;
  const cursor = Reflect.get(error, 'sqlDetails') as { cursorPosition?: number } | undefined;
  const start = fromCharacter(Math.max(0, cursor?.cursorPosition ?? 0));
  const at = pieces.findIndex((piece) => start < piece.end);
  const token = pieces[at]?.tokens.find((each) => each.start === start);
  const message =
    error instanceof RangeError ? 'nested more deeply than the parser can follow' : error.message;
  return { message, start, end: token?.end ?? start + 1, statement: at + 1 };
}

/** psql's own commands make syntax errors that say something else. */
function metaCommand(
  pieces: readonly Statement[],
  problem: SyntaxProblem | undefined,
): SyntaxProblem | undefined {
  for (const [at, { tokens, end }] of pieces.entries()) {
    if (problem && end < problem.start) continue;
    const meta = tokens.find(({ kind }) => kind === 'meta');
    if (meta === undefined) return undefined;
    const message = `${meta.text.split(/\s/, 1)[0]} is a psql command, not SQL`;
    return { message, start: meta.start, end: meta.end, statement: at + 1 };
  }
  return undefined;
}
