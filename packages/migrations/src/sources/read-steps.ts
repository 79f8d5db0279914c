import type { Step, TransactionStep } from '../migration.ts';
import { classify } from '../sql/classify.ts';
import { readIndexTarget } from '../sql/index-statement.ts';
import type { Token } from '../sql/lexer.ts';
import { committingProcedures, definedProcedures } from '../sql/procedures.ts';
import { describePsqlCommand } from '../sql/psql-command.ts';
import { type Statement, splitStatements } from '../sql/split.ts';
import type { Trouble } from './trouble.ts';

/** A text that can be run. */
export interface RunnableText {
  readonly statements: readonly Statement[];
  readonly steps: readonly Step[];
}

export interface StepOptions {
  /** Every statement becomes a step of its own, those that may have a transaction with one. */
  readonly noTransaction: boolean;
  /** Procedures that end transactions, beside those that the text defines. */
  readonly committing: ReadonlySet<string> | undefined;
}

/** A step that may still grow. */
type Draft = Exclude<Step, TransactionStep> | { kind: 'transaction'; statements: Statement[] };

/**
 * Cuts a text into statements, and these into steps. The first thing wrong is returned instead, since
 * what follows a broken quote or a psql command cannot be trusted.
 */
export function readSteps(text: string, options: StepOptions): RunnableText | Trouble {
  const broken = characterTrouble(text);
  if (broken !== undefined) return broken;
  const statements = splitStatements(text);
  const defined = committingProcedures(definedProcedures(statements));
  const committing = new Set([...defined, ...(options.committing ?? [])]);
  const steps: Draft[] = [];
  for (const statement of statements) {
    const trouble = tokenTrouble(statement) ?? addToSteps(steps, statement, options, committing);
    if (trouble !== undefined) return trouble;
  }
  return { statements, steps };
}

function characterTrouble(text: string): Trouble | undefined {
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    return {
      offset: nul,
      message: 'has a NUL byte, which PostgreSQL cannot take',
      hint: 'Remove it. If there are many, the file is binary or UTF-16: save it as UTF-8.',
    };
  }
  if (text.isWellFormed()) return undefined;
  return {
    offset: text.search(/\p{Surrogate}/u),
    message: 'has half of a surrogate pair, which is no character',
    hint: 'Text was cut in the middle of a character, such as an emoji. Write the whole character.',
  };
}

function tokenTrouble(statement: Statement): Trouble | undefined {
  for (const token of statement.tokens) {
    if (token.kind === 'meta') return { offset: token.start, ...describePsqlCommand(token.text) };
    if (token.isOpen) return unfinished(token);
    if (token.kind === 'word' && token.text.startsWith('\uFEFF')) {
      return {
        offset: token.start,
        message: 'has a byte order mark in the middle, which PostgreSQL takes for a letter',
        hint: 'Remove this invisible character; files were probably joined.',
      };
    }
  }
  return undefined;
}

function unfinished(token: Token): Trouble {
  const what = { string: 'literal', quoted: 'quoted name' }[token.kind as 'string'] ?? 'comment';
  return {
    offset: token.start,
    message: `the ${what} that begins here has no end`,
    hint: `Close it. It begins with ${token.text.slice(0, 20).split(/[\n\r]/, 1)[0]}`,
  };
}

function addToSteps(
  steps: Draft[],
  statement: Statement,
  { noTransaction }: StepOptions,
  committing: ReadonlySet<string>,
): Trouble | undefined {
  const found = classify(statement, committing);
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
      if (last?.kind === 'transaction' && !noTransaction) last.statements.push(statement);
      else steps.push({ kind: 'transaction', statements: [statement] });
      break;
    }
  }
  return undefined;
}
