import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ensureTables } from '../../src/postgres/index.ts';
import { runProcess } from './process.ts';

const db = useDatabase();

describe('ops-alerts with a database', () => {
  it('shows, acknowledges and silences what another process saw', async () => {
    await ensureTables(db.pool(), { schema: db.schema });
    const env = { DATABASE_URL: db.url, SCHEMA: db.schema, USER: 'ann' };
    const run = (...args: string[]): ReturnType<typeof runProcess> =>
      runProcess([...args, '--config', 'shared.config.ts', '--json'], { env });
    const seen = await runProcess(['active', '--config', 'shared.config.ts', '--json'], {
      env: { ...env, ERRORS: '3' },
    });
    expect(seen).toMatchObject({ exitCode: 3, stderr: '' });
    const { alerts } = JSON.parse(seen.stdout) as { alerts: { id: string }[] };
    const id = alerts[0]?.id ?? '';
    const [acknowledged, silenced] = await Promise.all([
      run('ack', id, '--note', 'on it'),
      run('silence', '--rule', 'errorSpike', '--for', '2h', '--reason', 'deploy'),
    ]);
    expect([acknowledged.exitCode, silenced.exitCode]).toEqual([0, 0]);
    const later = await run('active');
    expect(JSON.parse(later.stdout)).toMatchObject({
      exitCode: 3,
      alerts: [{ id, acknowledged: { by: 'ann', note: 'on it' } }],
      silences: [{ match: { rule: ['errorSpike'] }, by: 'ann', reason: 'deploy' }],
    });
    const past = await run('history', '--since', '1h');
    expect(JSON.parse(past.stdout)).toMatchObject({ exitCode: 0, alerts: [{ id }] });
    expect(await run('ack', 'errorSpike-none-1')).toMatchObject({ exitCode: 1 });
  });

  it('says that the database cannot be reached, and exits with 1', async () => {
    const { exitCode, stdout, stderr } = await runProcess(
      ['active', '--config', 'shared.config.ts'],
      {
        env: { DATABASE_URL: 'postgres://app:hunter2secret@127.0.0.1:1/app' },
      },
    );
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ops-alerts: /);
    expect(stderr).not.toContain('hunter2secret');
  });
});
