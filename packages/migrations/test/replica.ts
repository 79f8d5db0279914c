import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a replica printed, and how it ended. */
export interface Ended {
  readonly lines: readonly Record<string, unknown>[];
  readonly exitCode: number | null;
  readonly killed: boolean;
}

/**
 * Runs `up` in a process of its own. `onLine` sees each event as it happens and may kill the process
 * with SIGKILL. With `more`, a version, it runs `down` to that one instead.
 */
export async function runReplica(
  url: string,
  folder: string,
  schema: string,
  onLine: (line: Record<string, unknown>, kill: () => void) => void = () => {},
  more: readonly string[] = [],
): Promise<Ended> {
  const script = fileURLToPath(new URL('./up-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url, folder, schema, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines: Record<string, unknown>[] = [];
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as Record<string, unknown>;
    lines.push(line);
    onLine(line, () => child.kill('SIGKILL'));
  }
  await closed;
  return { lines, exitCode: child.exitCode, killed: child.signalCode === 'SIGKILL' };
}

/** The URL with the schema as its whole `search_path`. */
export function inSchema(url: string, schema: string): string {
  const inside = new URL(url);
  inside.searchParams.set('options', `-c search_path=${schema}`);
  return inside.href;
}
