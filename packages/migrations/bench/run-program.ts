import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** How one process went. */
export interface Run {
  /** From before it is started until it is gone and its output is read. */
  readonly wallMs: number;
  /** Processor time, user and system, of this process alone; the server's is not in it. */
  readonly cpuMs: number;
  readonly exitCode: number | null;
  /** What the program reports; see programs/finish.mjs. */
  readonly result: unknown;
  /** What standard error says when the exit code is not 0: its first line, or the error it names. */
  readonly failure: string | undefined;
  /** URLs, when asked for. */
  readonly loaded: readonly string[];
}

/** Settings of Node that would change what is measured. */
const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...environment } = process.env;

const LIMIT_MS = 120_000;

/** Runs a program as a process of its own. @param flags of Node itself. */
export async function runProgram(
  program: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<Run> {
  const startedNs = process.hrtime.bigint();
  const child = spawn(process.execPath, [...flags, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', flags.length > 0 ? 'pipe' : 'ignore'],
    env: environment,
    timeout: LIMIT_MS,
  });
  const third = child.stdio[3];
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const [exitCode, output, errors, loaded] = await Promise.all([
    closed,
    child.stdout === null ? '' : text(child.stdout),
    child.stderr === null ? '' : text(child.stderr),
    third && 'read' in third ? text(third) : '',
  ]);
  const wallMs = Number(process.hrtime.bigint() - startedNs) / 1e6;
  const report = output.startsWith('{') ? (JSON.parse(output) as Partial<Run>) : {};
  return {
    wallMs,
    cpuMs: report.cpuMs ?? Number.NaN,
    exitCode,
    result: report.result,
    failure:
      exitCode === 0
        ? undefined
        : describe(errors) || `ended by ${child.signalCode ?? `exit code ${exitCode}`}`,
    loaded: loaded.split('\n').filter((line) => line !== ''),
  };
}

function describe(errors: string): string {
  // Node prints the place in the source first when it ends the process itself.
  const lines = errors.trim().split('\n');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? '';
}
