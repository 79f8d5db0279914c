import { expect, it } from 'vitest';
import { checkSchedules, FATES, seed } from './schedules.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 1_000);

it(`accepted = delivered + dropped + pending after every step (seed ${seed}, ${numRuns} schedules)`, async () => {
  expect([...(await checkSchedules(numRuns))].toSorted()).toEqual(FATES);
}, 120_000);
