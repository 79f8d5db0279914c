import type { Run } from './run-program.ts';

/** Something that is measured beside others. */
export interface Contestant {
  readonly label: string;
  /** One process, with whatever it needs made before and removed after the time is taken. */
  run(): Promise<Run>;
}

/** Its runs, in the order of the rounds. */
export interface Outcome {
  readonly label: string;
  readonly runs: readonly Run[];
}

/** How often each is run. */
export interface Rounds {
  /** Those that are counted. */
  readonly count: number;
  /** Those before them. */
  readonly warmUps: number;
}

/**
 * A B C A B C …, so that a busy moment of the machine falls on all of them, and the runs of one round
 * may be compared.
 */
export async function inTurn(
  contestants: readonly Contestant[],
  { count, warmUps }: Rounds,
): Promise<Outcome[]> {
  const outcomes = contestants.map(({ label }) => ({ label, runs: [] as Run[] }));
  for (let round = -warmUps; round < count; round += 1) {
    for (const [at, contestant] of contestants.entries()) {
      const run = await contestant.run();
      if (round >= 0) outcomes[at]?.runs.push(run);
    }
  }
  return outcomes;
}
