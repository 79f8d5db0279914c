import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { runProcess } from './process.ts';

// Starting Node.js takes seconds where all cores are busy.
describe('ops-alerts as a process', { timeout: 60_000 }, () => {
  it('lists what fires, and exits with 3', async () => {
    const { exitCode, stdout, stderr } = await runProcess(['active'], { env: { ERRORS: '3' } });
    expect([exitCode, stderr]).toEqual([3, '']);
    expect(stdout).toMatch(/^ID +STATE +SEVERITY/);
    expect(stdout).toMatch(/errorSpike-\S+ +firing +high .* 3 errors/);
  });

  it('sends a test message, and says whether it arrived', async () => {
    const [good, bad] = await Promise.all([
      runProcess(['test', 'ops']),
      runProcess(['test', 'broken', '--json']),
    ]);
    expect(good).toMatchObject({ exitCode: 0, stderr: '' });
    expect(good.stdout).toMatch(/^Delivered to ops in \d+ ms\.\n$/);
    expect(bad.exitCode).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      exitCode: 1,
      channel: 'broken',
      isDelivered: false,
    });
    expect(bad.stdout).not.toContain('s3cr3t');
  });

  it('ends by Ctrl-C with 130', async () => {
    const { exitCode, stderr } = await runProcess(['test', 'slow'], {
      onStderr: (text, child) => {
        if (text.includes('sending')) child.kill('SIGINT');
      },
    });
    expect(exitCode).toBe(130);
    expect(stderr).toContain('ops-alerts: Interrupted by SIGINT');
  });

  it('simulates a file of events, also from standard input', async () => {
    const { exitCode, stdout } = await runProcess(['simulate', '--events', 'events.ndjson']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^errorSpike +·+#+/m);
    expect(stdout).toMatch(/→ ops +firing +FIRING \(high\): errorSpike/);
    const input = '[{ "at": 0, "error": "x", "count": 3 }]';
    const json = await runProcess(['simulate', '--events', '-', '--for', '1m', '--json'], {
      input,
    });
    expect(JSON.parse(json.stdout)).toMatchObject({
      exitCode: 0,
      lengthMs: 60_000,
      undeliveredCount: 0,
    });
  });

  it('says what is missing where there is no configuration', async () => {
    const { exitCode, stderr } = await runProcess(['active'], { cwd: tmpdir() });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is no ops.config.ts here, and no --config');
  });
});
