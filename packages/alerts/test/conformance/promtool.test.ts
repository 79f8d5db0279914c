import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  minutesFiring,
  type PromScenario,
  promScenarios,
  promtoolFiles,
} from './promtool-scenario.ts';

const SCENARIO_COUNT = 100;
const given = process.env['PROMTOOL_SEED'];
const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
/** Since 2.42 it knows `keep_firing_for`. */
const version = spawnSync('promtool', ['--version'], { encoding: 'utf8' });
const found = `${version.stdout ?? ''}${version.stderr ?? ''}`;
const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(found) ?? [];
const isNewEnough = Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 42);
const reason = version.error
  ? `promtool is not installed (Debian: prometheus)`
  : `promtool is older than 2.42: ${found.split('\n')[0]}`;

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

/** @param distort makes the expectations wrong, to see that promtool does judge them. */
function judge(
  scenarios: readonly PromScenario[],
  distort: (tests: string) => string = (tests) => tests,
) {
  const directory = mkdtempSync(join(tmpdir(), 'ops-promtool-'));
  directories.push(directory);
  const files = scenarios.map((scenario, index) => {
    const { rules, tests } = promtoolFiles(scenario, `rules-${index}.yml`);
    writeFileSync(join(directory, `rules-${index}.yml`), rules);
    writeFileSync(join(directory, `tests-${index}.yml`), distort(tests));
    return `tests-${index}.yml`;
  });
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', ...files], {
    cwd: directory,
    encoding: 'utf8',
    timeout: 50_000,
  });
  return { status, output: `${stdout}\n${stderr}` };
}

describe('Prometheus on `for` and `keep_firing_for`', () => {
  it(`agrees at every minute of ${SCENARIO_COUNT} random scenarios (PROMTOOL_SEED=${seed})`, (test) => {
    test.skip(!isNewEnough, reason);
    const scenarios = fc.sample(promScenarios, { numRuns: SCENARIO_COUNT, seed });
    const { status, output } = judge(scenarios);
    expect(status, `PROMTOOL_SEED=${seed}\n${output}`).toBe(0);
    expect(output.match(/SUCCESS/g)).toHaveLength(SCENARIO_COUNT);
  });

  it('disagrees with an expectation that is wrong', (test) => {
    test.skip(!isNewEnough, reason);
    const scenario: PromScenario = { forMinutes: 1, keepMinutes: 2, gauge: [0, 1, 1, 0, 0, 0, 0] };
    expect(minutesFiring(scenario)).toEqual([false, false, true, true, true, false, false]);
    const { status, output } = judge([scenario], (tests) =>
      tests.replace('[{ exp_labels: {} }]', '[]'),
    );
    expect(status).not.toBe(0);
    expect(output).toContain('FAILED');
  });

  it('is asked about scenarios of which enough fire, wait and come back', () => {
    const scenarios = fc.sample(promScenarios, { numRuns: 200, seed: 1 });
    const lines = scenarios.map((scenario) =>
      minutesFiring(scenario)
        .map((isFiring) => (isFiring ? 'F' : '-'))
        .join(''),
    );
    expect(lines.filter((line) => line.includes('F')).length).toBeGreaterThan(100);
    expect(lines.filter((line) => /F-+F/.test(line)).length).toBeGreaterThan(30);
  });
});
