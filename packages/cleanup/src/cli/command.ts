import type { ParseArgsOptionsConfig } from 'node:util';
import type { Arguments } from './arguments.ts';
import type { Paint } from './paint.ts';
import type { Progress } from './progress.ts';

type CommandName = 'plan' | 'run' | 'status' | 'undo' | 'restore' | 'stop' | 'doctor';

/** What a command works with. */
export interface CommandContext {
  readonly args: Arguments;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by the first SIGINT or SIGTERM, by an `Interruption`. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly paint: Paint;
  /** Width that a table has at most; undefined where it may have any, as in a file. */
  readonly columns: number | undefined;
}

/** How a command ends. */
export interface Outcome {
  /** @default 0 */
  readonly exitCode?: number | undefined;
  /** Printed with `--json`, with the exit code. */
  readonly json: object;
  /** Printed otherwise. What is in it that others wrote has been through `plainText`. */
  readonly lines: readonly string[];
}

/** How a command's line is read, and where its code is. */
export interface Command {
  readonly name: CommandName;
  readonly summary: string;
  readonly usage: string;
  /** What is said of its options in the help. */
  readonly help: readonly (readonly [option: string, text: string])[];
  readonly details?: string | undefined;
  /** What its exit codes mean. */
  readonly exits: string;
  /** What it takes besides options; all required. */
  readonly operands: readonly string[];
  readonly options: ParseArgsOptionsConfig;
  /** Imports its code; nothing of it is loaded before. */
  load(): Promise<{ run(context: CommandContext): Promise<Outcome> }>;
}
