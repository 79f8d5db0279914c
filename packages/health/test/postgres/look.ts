import type { CheckSpec } from '../../src/index.ts';
import type { Measurement } from '../../src/measurement.ts';

/** Runs a check once, as the engine would; a limit that a loaded machine keeps. */
export async function look(
  check: CheckSpec,
  { timeoutMs = 20_000, signal = new AbortController().signal } = {},
): Promise<Measurement> {
  const outcome = await check.run({ signal, timeoutMs, name: 'it', attempt: 1 });
  return outcome as Measurement;
}

/** Runs a check once and lets go of what it holds. */
export async function lookOnce(check: CheckSpec): Promise<Measurement> {
  try {
    return await look(check);
  } finally {
    await check.close?.();
  }
}
