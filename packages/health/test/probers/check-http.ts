import assert from 'node:assert/strict';
import { runProgram } from './run-program.ts';
import type { State } from './service.ts';

/** Of the Nagios plugins. */
const [OK, CRITICAL] = [0, 2];

/** `check_http` of the monitoring plugins, which Nagios, Icinga and others run. */
export async function checkHttp(binary: string, port: number, state: State): Promise<string> {
  const check = async (path: string, ...more: string[]) => {
    const args = ['-I', '127.0.0.1', '-p', String(port), '-u', path, '-t', '5', ...more];
    return runProgram(binary, args);
  };
  const ready = await check('/readyz');
  assert.equal(ready.exitCode, state === 'healthy' ? OK : CRITICAL, ready.output);
  const head = await check('/readyz', '--method=HEAD');
  assert.equal(head.exitCode, ready.exitCode, head.output);
  const live = await check('/livez', '--string=ok');
  assert.equal(live.exitCode, OK, live.output);
  const page = await check('/health', '--header=accept: application/health+json');
  assert.equal(page.exitCode, ready.exitCode, page.output);
  return (ready.output.split('|')[0] ?? '').trim();
}
