import { expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { runCampaign } from './campaign.ts';
import type { FaultName } from './faults.ts';
import { chosenSeed } from './random.ts';

// A few of each; the long campaigns make a hundred.
const db = useDatabase();
const OTHERS = {
  table: ['stopped between batches', 'connection cut at COMMIT'],
  files: ['stopped in a batch', 'backend terminated'],
  delete: ['three at once', 'connection cut'],
} as const satisfies Readonly<Record<string, readonly FaultName[]>>;

test.each(['table', 'files', 'delete'] as const)(
  'killed and otherwise hindered, mode %s: no row is lost, doubled or miscounted',
  // Processes start slowly on a machine that does much else.
  { timeout: 180_000 },
  async (mode) => {
    const seed = chosenSeed();
    const { url } = db;
    const report = await runCampaign({ url, mode, seed, kills: 2, others: OTHERS[mode] });
    expect({ seed, wrong: report.wrong }).toEqual({ seed, wrong: [] });
    expect(report.kills).toBeGreaterThanOrEqual(2);
    for (const name of OTHERS[mode]) expect(report.made[name]).toBe(1);
    expect(report.deleted).toBeGreaterThan(100);
    // Rows and their steps.
    expect(report.restored > report.deleted).toBe(mode !== 'delete');
  },
);
