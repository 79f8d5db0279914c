import type { FileProblem, MigrationRef } from '../errors.ts';
import { hashFile, type Migration, type Step, type TransactionStep } from '../migration.ts';
import { classify } from '../sql/classify.ts';
import { readIndexTarget } from '../sql/index-statement.ts';
import type { Token } from '../sql/lexer.ts';
import { positionOf } from '../sql/position.ts';
import { type Statement, splitStatements } from '../sql/split.ts';

interface Trouble {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

/** A step that may still grow. */
type Draft = Exclude<Step, TransactionStep> | { kind: 'transaction'; statements: Statement[] };

const decoder = new TextDecoder('utf-8', { fatal: true }); // drops a byte order mark

/**
 * Reads one file. At most one problem is reported for it: the first, since what follows a broken
 * quote or a psql command cannot be trusted.
 */
export function parseMigration(ref: MigrationRef, bytes: Uint8Array): Migration | FileProblem {
  let text: string;
  try {
    // Also inside literals: what git does to line ends on checkout must not change what is run.
    text = decoder.decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    const hint = 'Save it as UTF-8.';
    return {
      file: ref.file,
      line: undefined,
      column: undefined,
      message: 'is not UTF-8 text',
      hint,
    };
  }
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    return problemAt(ref, text, {
      offset: nul,
      message: 'has a NUL byte, which PostgreSQL cannot take',
      hint: 'Remove it. If there are many, the file is binary or UTF-16: save it as UTF-8.',
    });
  }
  const statements = splitStatements(text);
  const steps: Draft[] = [];
  for (const statement of statements) {
    const trouble = tokenTrouble(statement) ?? addToSteps(steps, statement);
    if (trouble) return problemAt(ref, text, trouble);
  }
  if (statements.length === 0) {
    return problemAt(ref, text, {
      offset: 0,
      message: 'has no statement',
      hint: 'Write one, or delete the file. To do nothing on purpose: select 1;',
    });
  }
  return { ...ref, text, statements, steps, hash: hashFile(statements) };
}

function problemAt(
  ref: MigrationRef,
  text: string,
  { offset, message, hint }: Trouble,
): FileProblem {
  return { file: ref.file, ...positionOf(text, offset), message, hint };
}

function tokenTrouble(statement: Statement): Trouble | undefined {
  for (const token of statement.tokens) {
    if (token.kind === 'meta') {
      return {
        offset: token.start,
        message: `${token.text.split(/\s/, 1)[0]} is a psql command, not SQL`,
        hint: 'Only psql understands lines that begin with a backslash. Write the SQL itself (pg_dump: use --inserts and remove \\restrict).',
      };
    }
    if (token.isOpen) return unfinished(token);
  }
  return undefined;
}

function unfinished(token: Token): Trouble {
  const what = { string: 'literal', quoted: 'quoted name' }[token.kind as 'string'] ?? 'comment';
  return {
    offset: token.start,
    message: `the ${what} that begins here has no end`,
    hint: `Close it. It begins with ${token.text.slice(0, 20).split('\n', 1)[0]}`,
  };
}

function addToSteps(steps: Draft[], statement: Statement): Trouble | undefined {
  const found = classify(statement);
  switch (found.kind) {
    case 'refused':
      return { offset: statement.start, message: found.reason, hint: found.hint };
    case 'index': {
      const target = readIndexTarget(statement);
      if (typeof target === 'string') {
        const hint = 'Write: create index concurrently <name> on <table> (…)';
        return { offset: statement.start, message: target, hint };
      }
      steps.push({ kind: 'index', statements: [statement], target });
      break;
    }
    case 'standalone':
      steps.push({ kind: 'standalone', statements: [statement], traits: found });
      break;
    case 'transactional': {
      const last = steps.at(-1);
      if (last?.kind === 'transaction') last.statements.push(statement);
      else steps.push({ kind: 'transaction', statements: [statement] });
      break;
    }
  }
  return undefined;
}
