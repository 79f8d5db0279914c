import { expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { runCampaign } from './campaign.ts';
import { FAULTS, type FaultName } from './faults.ts';
import type { Mode } from './jobs-cleanup.ts';
import { chosenSeed } from './random.ts';

const KILLS = 100;
/** Stopping the server would stop that of other tests, too. */
const OTHERS = (Object.keys(FAULTS) as FaultName[]).filter(
  (name) => !name.startsWith('killed') && name !== 'server stopped',
);

/** Each mode in a file of its own, so that they run side by side. */
export function testHundredKills(mode: Mode): void {
  const db = useDatabase();
  test(`killed a hundred times, mode ${mode}, every other fault twice: no row is lost, doubled or miscounted`, {
    timeout: 600_000,
  }, async () => {
    const seed = chosenSeed();
    const others = [...OTHERS, ...OTHERS];
    const report = await runCampaign({ url: db.url, mode, seed, kills: KILLS, others });
    expect({ seed, wrong: report.wrong }).toEqual({ seed, wrong: [] });
    expect(report.kills).toBeGreaterThanOrEqual(KILLS);
    expect(report.made).toMatchObject(Object.fromEntries(OTHERS.map((name) => [name, 2])));
    expect(report.deleted).toBeGreaterThan(KILLS);
    // Rows and their steps.
    expect(report.restored > report.deleted).toBe(mode !== 'delete');
  });
}
