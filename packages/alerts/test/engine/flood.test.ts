import { describe, expect, it } from 'vitest';
import { createAlerts, firstSeen, spike } from '../../src/index.ts';
import { createManualClock } from '../manual-clock.ts';
import { recordingChannel } from '../setup.ts';

describe('a flood in one turn', () => {
  it('counts every event, and makes no more series than there may be', async () => {
    const clock = createManualClock();
    const coarsened: number[] = [];
    const alerts = createAlerts({
      service: 'billing',
      environment: 'test',
      channels: { ops: recordingChannel() },
      rules: {
        errorSpike: spike({ over: 50_000, within: '1h', severity: 'low' }),
        fresh: firstSeen({ severity: 'low', maxSeries: 20 }),
      },
      routes: [{ to: ['ops'], groupBy: [] }],
      clock,
      onEvent: (event) => {
        if (event.type === 'coarsened') coarsened.push(event.eventCount);
      },
    });
    for (let index = 0; index < 40_000; index += 1) {
      const word = index.toString(2).replaceAll('0', 'a').replaceAll('1', 'b');
      alerts.error(new Error(`cannot ${word} it`), { route: `/${index % 300}` });
    }
    await alerts.flush();
    const { series } = await alerts.status();
    expect(series.find(({ rule }) => rule === 'errorSpike')?.value).toBe(40_000);
    const fresh = series.filter(({ rule }) => rule === 'fresh');
    expect(fresh.length).toBeLessThanOrEqual(21);
    expect(fresh.map(({ key }) => key)).toContain('other');
    expect(coarsened).toHaveLength(1);
    expect(coarsened[0]).toBeGreaterThanOrEqual(39_000);
    await alerts.close();
  });
});
