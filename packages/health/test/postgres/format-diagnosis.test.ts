import { expect, test } from 'vitest';
import { type DoctorReport, formatDiagnosis } from '../../src/postgres/index.ts';

const report: DoctorReport = {
  time: new Date(Date.UTC(2026, 0, 2)),
  server: { version: '18.1', role: 'primary', database: 'shop', user: 'doctor' },
  level: 'warn',
  findings: [
    {
      check: 'indexes',
      name: 'invalid_index',
      level: 'warn',
      object: 'public."a\u001b[31mb\n"',
      detail: 'It is not valid',
      remediation: 'drop index concurrently x;',
    },
    { check: 'migrations', name: 'not_examined', level: 'info', detail: 'no' },
  ],
  examinations: [
    { check: 'indexes', status: 'warn', code: 'threshold', message: '1 index' },
    { check: 'constraints', status: 'pass', code: 'ok', message: undefined },
  ],
};

test('the worst first, what to do below it, and no control character of a name', () => {
  expect(formatDiagnosis(report)).toMatchInlineSnapshot(`
    "PostgreSQL 18.1, primary, database shop as doctor, 2026-01-02T00:00:00.000Z

    WARN   indexes/invalid_index  public."a\\u001b[31mb\\u000a"
           It is not valid
           → drop index concurrently x;

    INFO   migrations/not_examined
           no

    1 warn, 1 info

    indexes      warn (threshold)  1 index
    constraints  pass
    "
  `);
});

test('nothing found', () => {
  const text = formatDiagnosis({ ...report, level: 'ok', findings: [], examinations: [] });
  expect(text).toContain('\nNothing found.\n');
});
