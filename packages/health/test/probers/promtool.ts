import assert from 'node:assert/strict';
import { runProgram } from './run-program.ts';

/** `promtool check metrics`: reads the exposition, and complains of bad names, types and help. */
export async function promtool(binary: string, port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/health/metrics`);
  assert.equal(response.status, 200);
  const text = await response.text();
  const { exitCode, output } = await runProgram(binary, ['check', 'metrics'], text);
  assert.equal(output, '');
  assert.equal(exitCode, 0);
  const broken = await runProgram(binary, ['check', 'metrics'], `${text}\nhealth_check_up{`);
  assert.notEqual(broken.exitCode, 0, 'promtool has to notice what is broken');
  return `check metrics: ${text.trim().split('\n').length} lines, no complaint`;
}
