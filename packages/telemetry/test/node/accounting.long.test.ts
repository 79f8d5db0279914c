import { expect, it } from 'vitest';
import { checkSchedules, FATES, seed } from './schedules.ts';

const SHARES = 10;
const numRuns = Number(process.env['FC_RUNS'] ?? 100_000) / SHARES;

// In shares, so that each keeps well within its time, and a failure names its own.
it.each(Array.from({ length: SHARES }, (_, share) => share + 1))(
  `accepted = delivered + dropped + pending after every step (seed ${seed} + %i, ${numRuns} schedules)`,
  async (share) => {
    expect([...(await checkSchedules(numRuns, share))].toSorted()).toEqual(FATES);
  },
  300_000,
);
