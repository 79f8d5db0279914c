import type { CodeContext } from '../code/define-migration.ts';
import type { SqlResult } from '../database/client.ts';
import type { CodeStep } from '../migration.ts';
import { outline } from '../sql/outline.ts';
import { lockRefusal, refusal } from '../sql/refusal.ts';
import { splitStatements } from '../sql/split.ts';
import type { StepRun } from './run.ts';

/** What a function is given, for as long as its step lasts. */
export interface OpenContext {
  readonly given: CodeContext;
  /** Rejects on abort, so that a function that waits for something else does not hold it up. */
  readonly aborted: Promise<never>;
  close(): void;
}

export function openCodeContext({ run, step }: StepRun<CodeStep>): OpenContext {
  const signal = run.signal ?? new AbortController().signal;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => {});
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let isOver = false;
  const given: CodeContext = {
    signal,
    schema: step.schema,
    async query(text, values) {
      if (isOver) throw new Error('query() was called after its step had ended; await each call');
      refuse(text, step);
      return (await run.session.query(text, values)) as SqlResult;
    },
  };
  return {
    given,
    aborted,
    close() {
      isOver = true;
      signal.removeEventListener('abort', onAbort);
    },
  };
}

/** Outside a transaction a function may begin and end its own, and must still keep the lock. */
function refuse(text: unknown, { isTransactional }: CodeStep): void {
  if (typeof text !== 'string') throw new TypeError('query() takes a string with SQL, and values');
  for (const statement of splitStatements(text)) {
    const words = outline(statement.tokens);
    const refused = isTransactional ? refusal(statement, words) : lockRefusal(statement, words);
    if (refused !== undefined) {
      throw new Error(`${refused.reason}: ${statement.text.slice(0, 80)}. ${refused.hint}`);
    }
  }
}
