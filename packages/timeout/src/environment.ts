import { classifyError } from './classify.ts';
import { systemClock } from './clock.ts';
import type { Environment } from './policy.ts';

/** For a layer that is used without a pipeline. */
export const defaultEnvironment: Environment = {
  clock: systemClock,
  classify: classifyError,
  random: () => Math.random(),
  emit: undefined,
  fedBudgets: [],
};
