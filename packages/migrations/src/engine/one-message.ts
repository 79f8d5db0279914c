import type { ServerError } from '../database/client.ts';
import type { TransactionStep } from '../migration.ts';
import { offsetOfCharacter } from '../sql/position.ts';
import type { Statement } from '../sql/split.ts';
import { recordingSql } from './record-progress.ts';
import type { StepRun } from './run.ts';
import { beginSql } from './transaction-settings.ts';

/**
 * In UTF-16 units. A round trip takes as long as the work of a small file; of a large one it is a
 * trifle, and a message that fails is sent a second time, statement by statement.
 */
export const LARGEST_MESSAGE = 65_536;

/** A whole transaction as one text: `begin`, the statements, their record, `commit`. */
export interface Message {
  readonly text: string;
  /** Where each statement of the step begins in it. */
  readonly starts: readonly number[];
}

/** Undefined when the step is too large. */
export function composeMessage(stepRun: StepRun<TransactionStep>): Message | undefined {
  const { state } = stepRun.run;
  const { statements } = stepRun.step;
  const size = (statements.at(-1)?.end ?? 0) - (statements[0]?.start ?? 0);
  if (size > LARGEST_MESSAGE) return undefined;
  return composeTransaction(stepRun, state.isDirty ? `${state.restoreSql}; ` : '');
}

/** @param before what goes in front of it. */
export function composeTransaction(
  stepRun: StepRun<TransactionStep>,
  before: string = '',
): Message {
  let text = `${before}${beginSql(stepRun)};\n`;
  const starts = stepRun.step.statements.map((statement) => {
    const start = text.length;
    text += `${statement.text};\n`;
    return start;
  });
  const done = recordingSql(stepRun, { stepsDone: stepRun.ref.number, isStepRunning: false });
  return { text: `${text}${done};\ncommit`, starts };
}

/** The statement that the server's position lies in, and where in it (UTF-16 units). */
export function placeInMessage(
  { text, starts }: Message,
  statements: readonly Statement[],
  { position }: ServerError,
): { readonly statement: Statement; readonly offset: number } | undefined {
  if (position === undefined) return undefined;
  const at = offsetOfCharacter(text, Number(position));
  const index = starts.findLastIndex((start) => start <= at);
  const statement = statements[index];
  const offset = at - (starts[index] ?? 0);
  if (statement === undefined || offset >= statement.text.length) return undefined;
  return { statement, offset };
}
