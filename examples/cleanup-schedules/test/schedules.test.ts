import { readFileSync } from 'node:fs';
import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../../packages/cleanup/src/cli/arguments.ts';

function read(file: string): string {
  return readFileSync(`${import.meta.dirname}/../${file}`, 'utf8');
}

/** Hour and minute, UTC, of every schedule in the file. */
function times(text: string): readonly string[] {
  const patterns = text.matchAll(
    /^[ -]*(?:cron|schedule): ["']([^"']+)["']$|^ {2}'([\d*/, -]+)',$/gm,
  );
  return [...patterns].map(([, yaml, sql]) => {
    const job = new Cron(yaml ?? sql ?? '', { timezone: 'UTC', paused: true, mode: '5-part' });
    const next = job.nextRun()?.toISOString().slice(11, 16) ?? 'never';
    job.stop();
    return next;
  });
}

describe('the schedules', () => {
  it.each([
    ['github-actions/retention.yml', ['02:00', '04:23']],
    ['kubernetes/cronjob.yaml', ['02:00']],
    ['pg-cron.sql', ['02:00', '03:30']],
  ])('of %s are in UTC', (file, expected) => {
    expect(times(read(file))).toEqual(expected);
  });

  it('have command lines that exist', () => {
    const [, action = ''] =
      /npx ops-cleanup (.+?) \$\{/.exec(read('github-actions/retention.yml')) ?? [];
    const [, cluster = ''] = /command: (\[.+\])/.exec(read('kubernetes/cronjob.yaml')) ?? [];
    const [program, ...words] = JSON.parse(cluster.replaceAll("'", '"')) as string[];
    expect(program).toBe('node_modules/.bin/ops-cleanup');
    for (const argv of [action.split(' '), words, [...action.split(' '), '--accept', 'abc']]) {
      const line = readCommandLine(argv);
      expect(line).toMatchObject({ wants: 'run', command: { name: 'run' } });
      expect(line.wants === 'run' && line.args.duration('time')).toBe('20m');
    }
    const mentioned = [...read('README.md').matchAll(/`ops-cleanup ([a-z]+)/g)].map(
      ([, name]) => name,
    );
    expect(mentioned.length).toBeGreaterThan(2);
    for (const name of mentioned)
      expect(readCommandLine([name ?? ''])).toMatchObject({ wants: 'run' });
  });

  it('are YAML as far as indentation goes: two spaces a step, no tabs', () => {
    for (const file of ['github-actions/retention.yml', 'kubernetes/cronjob.yaml']) {
      for (const line of read(file).split('\n')) {
        expect(line).not.toContain('\t');
        expect((/^ */.exec(line)?.[0].length ?? 0) % 2).toBe(0);
      }
    }
  });
});
