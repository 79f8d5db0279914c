import { readOptions } from './check-options.ts';
import { type Duration, toMilliseconds } from './duration.ts';

/** How long to wait before the next attempt, in milliseconds. */
export type Backoff = (step: BackoffStep) => number;

/** What a {@link Backoff} knows. */
export interface BackoffStep {
  /** The attempt that failed; 1 for the first. */
  readonly attempt: number;
  /** The wait before that attempt; 0 for the first. */
  readonly previousMs: number;
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/**
 * How much of the wait is chance: `full`, all of it; `equal`, half of it; `none`. Without chance,
 * clients that failed together come back together.
 */
export type Jitter = 'full' | 'equal' | 'none';

/** Options of {@link backoff}`.exponential`. */
export interface ExponentialOptions {
  /** Wait after the first attempt. @default '250ms' */
  readonly base?: Duration | undefined;
  /** Longest wait. @default '30s' */
  readonly max?: Duration | undefined;
  /** Growth per attempt, 1 to 10. @default 2 */
  readonly factor?: number | undefined;
  /** @default 'full' */
  readonly jitter?: Jitter | undefined;
}

/** Options of {@link backoff}`.decorrelated`. */
export interface DecorrelatedOptions {
  /** Shortest wait. @default '250ms' */
  readonly base?: Duration | undefined;
  /** Longest wait. @default '30s' */
  readonly max?: Duration | undefined;
}

function spread(delayMs: number, jitter: Jitter, random: () => number): number {
  if (jitter === 'none') return delayMs;
  return jitter === 'full' ? delayMs * random() : (delayMs * (1 + random())) / 2;
}

function readRange(
  owner: string,
  options: object,
): { read: ReturnType<typeof readOptions>; baseMs: number; maxMs: number } {
  const read = readOptions(owner, options);
  const baseMs = read.duration('base') ?? 250;
  const maxMs = read.duration('max') ?? Math.max(baseMs, 30_000);
  read.fault(maxMs < baseMs, `max: expected at least base (${baseMs} ms), got ${maxMs} ms`);
  return { read, baseMs, maxMs };
}

const JITTERS: readonly Jitter[] = ['full', 'equal', 'none'];

/** `base` × `factor` ^ (attempt − 1), at most `max`, less the jitter. */
function exponential(options: ExponentialOptions = {}): Backoff {
  const { read, baseMs, maxMs } = readRange('backoff.exponential', options);
  const factor = read.number('factor', 1, 10) ?? 2;
  const jitter = read.choice('jitter', JITTERS) ?? 'full';
  read.done();
  return ({ attempt, random }) =>
    spread(Math.min(maxMs, baseMs * factor ** (attempt - 1)), jitter, random);
}

/** Always `delay`, less the jitter (none by default). */
function constant(
  delay: Duration,
  options: { readonly jitter?: Jitter | undefined } = {},
): Backoff {
  const delayMs = toMilliseconds(delay, 'backoff.constant delay');
  const read = readOptions('backoff.constant', options);
  const jitter = read.choice('jitter', JITTERS) ?? 'none';
  read.done();
  return ({ random }) => spread(delayMs, jitter, random);
}

/**
 * Between `base` and three times the wait before, at most `max`.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
function decorrelated(options: DecorrelatedOptions = {}): Backoff {
  const { read, baseMs, maxMs } = readRange('backoff.decorrelated', options);
  read.done();
  return ({ previousMs, random }) =>
    Math.min(maxMs, baseMs + random() * (Math.max(baseMs, previousMs) * 3 - baseMs));
}

/** Ways to space attempts out. A function of your own does as well. */
export const backoff: {
  readonly exponential: typeof exponential;
  readonly constant: typeof constant;
  readonly decorrelated: typeof decorrelated;
} = { exponential, constant, decorrelated };
