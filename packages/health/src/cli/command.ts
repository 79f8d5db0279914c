import type { ParseArgsOptionsConfig } from 'node:util';
import type { Arguments } from './arguments.ts';

/** Values of environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a command works with. */
export interface CommandContext {
  readonly args: Arguments;
  readonly env: Environment;
  /** Aborted by the first SIGINT or SIGTERM, for commands that are interruptible. */
  readonly signal: AbortSignal;
  /** Keeps the password of this connection out of everything that is printed. */
  hide(url: string): void;
}

/** How the program ends, and what it prints. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
}

/** A command: how its line is read, and where its code is. */
export interface Command {
  readonly name: 'check' | 'doctor';
  readonly usage: string;
  /** How many words it takes besides options. */
  readonly operandCount: number;
  readonly options: ParseArgsOptionsConfig;
  /** Whether it heeds the signal; the others end by SIGINT and SIGTERM themselves. */
  readonly isInterruptible: boolean;
  /** Imports its code; nothing of it is loaded before. */
  load(): Promise<{ run(context: CommandContext): Promise<Ended> }>;
}

/** All of them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'check',
    usage: 'ops-health check <url> [options]',
    operandCount: 1,
    options: {
      timeout: { type: 'string' },
      expect: { type: 'string' },
      header: { type: 'string', multiple: true },
    },
    isInterruptible: false,
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'doctor',
    usage: 'ops-health doctor [options]',
    operandCount: 0,
    options: {
      'database-url': { type: 'string' },
      relation: { type: 'string', multiple: true },
      timeout: { type: 'string' },
      json: { type: 'boolean' },
    },
    isInterruptible: true,
    load: () => import('./commands/doctor.ts'),
  },
];
