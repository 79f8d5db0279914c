import { describe, expect, it } from 'vitest';
import { log } from '../../src/channels/index.ts';
import { createAlerts, spike } from '../../src/index.ts';
import { createManualClock } from '../manual-clock.ts';
import { recordingLogger } from '../setup.ts';

describe('log', () => {
  it('writes at the level that the severity deserves, and an end at info', async () => {
    const logger = recordingLogger();
    const clock = createManualClock();
    const alerts = createAlerts({
      service: 'billing',
      environment: 'test',
      channels: { log: log(logger) },
      rules: {
        errorSpike: spike({
          over: 1,
          within: '1m',
          keepFiringFor: 0,
          severity: { low: 1, high: 2 },
        }),
      },
      routes: [{ to: ['log'] }],
      clock,
    });
    alerts.error('a');
    alerts.error('a');
    await clock.advance(0);
    alerts.error('a');
    await clock.advance(60_000);
    await alerts.close();
    expect(logger.lines.map(({ level, message }) => `${level} ${message.split(':')[0]}`)).toEqual([
      'warn FIRING (low)',
      'error ESCALATED (high)',
      'info RESOLVED after 1m',
    ]);
    expect(logger.lines[0]?.fields).toMatchObject({
      kind: 'firing',
      message: expect.stringMatching(/^msg_/),
      alert: { rule: 'errorSpike', severity: 'low' },
    });
  });

  it('is tried again when the logger throws', async () => {
    const lines = recordingLogger();
    let isBroken = true;
    const flaky = {
      ...lines,
      warn(fields: object, message: string) {
        if (isBroken) throw new Error('disk full');
        lines.warn(fields, message);
      },
    };
    const clock = createManualClock();
    const alerts = createAlerts({
      service: 'billing',
      environment: 'test',
      channels: { log: log(flaky) },
      rules: { errorSpike: spike({ over: 0, within: '1h' }) },
      routes: [{ to: ['log'] }],
      clock,
    });
    alerts.error('a');
    await clock.advance(0);
    expect(lines.lines).toEqual([]);
    isBroken = false;
    await clock.advance(1_000);
    expect(lines.lines).toHaveLength(1);
    await alerts.close();
  });
});
