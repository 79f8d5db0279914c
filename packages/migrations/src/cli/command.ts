import type { Arguments } from './arguments.ts';
import type { Environment } from './environment.ts';
import type { Line } from './line.ts';
import type { LiveReport } from './live-report.ts';
import type { Output } from './output.ts';

/** An option as it is written on the command line, without the two dashes. */
export interface OptionSpec {
  readonly name: string;
  /** Name of its value in the help. Undefined for a flag. */
  readonly value?: string | undefined;
  /** It may be given several times. */
  readonly isList?: boolean | undefined;
  readonly summary: string;
}

/** A command: what help says about it, and where its code is. */
export interface Command {
  readonly name: CommandName;
  /** What may follow the name, as in `<name>` or `[file…]`. */
  readonly operands: string;
  readonly summary: string;
  /** More sentences, for its own help. */
  readonly details?: string | undefined;
  readonly options: readonly OptionSpec[];
  /** What it works with, each with options of its own. */
  readonly needs: readonly Need[];
  /** Imports its code; nothing of it is loaded before. */
  load(): Promise<CommandModule>;
}

/** `files`: folders. `connection`: a database. `migrator`: its history. */
export type Need = 'files' | 'connection' | 'migrator';

type CommandName =
  | 'new'
  | 'plan'
  | 'up'
  | 'status'
  | 'verify'
  | 'lint'
  | 'explain'
  | 'down'
  | 'baseline'
  | 'adopt'
  | 'repair'
  | 'wait'
  | 'advise';

interface CommandModule {
  run(context: CommandContext): Promise<Outcome>;
}

/** What a command works with. */
export interface CommandContext {
  readonly args: Arguments;
  readonly env: Environment;
  readonly output: Output;
  /** Shows events of a migrator as they happen. */
  readonly live: LiveReport;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Keeps the password of this connection out of what is printed. */
  hide(url: string): void;
  /** Milliseconds since 1970. */
  now(): number;
}

/** How a command ended, when it did not throw. */
export interface Outcome {
  /** @default 0 */
  readonly exitCode?: number | undefined;
  /** For `--json`: what the last line has beside the name of the command and the exit code. */
  readonly summary: object;
  /** For `--json`: objects with a `type` that come before the last line. */
  readonly items?: readonly object[] | undefined;
  /** For people. */
  readonly lines?: readonly Line[] | undefined;
  /** In the place of `lines`: text that is made by somebody who takes care of control characters. */
  readonly text?: string | undefined;
}
