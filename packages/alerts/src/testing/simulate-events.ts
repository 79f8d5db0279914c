import { type Duration, toMilliseconds } from '@ops/timeout/check';
import { readSeries } from './simulate-notation.ts';

/** Milliseconds from the beginning of the simulation, or a duration: `'90s'`. */
export type At = number | Duration;

interface EventFacts {
  readonly at: At;
  /** How many at once. @default 1 */
  readonly count?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Something that happens in the app. Plain JSON where `error` and `failure` are texts. */
export type SimulatedEvent =
  /** `alerts.error(error, labels)`. */
  | (EventFacts & { readonly error: unknown })
  /** `alerts.success(labels)`. */
  | (EventFacts & { readonly success: true })
  /** `alerts.failure(failure, labels)`. */
  | (EventFacts & { readonly failure: unknown })
  /** `alerts.beat(rule)`. */
  | (EventFacts & { readonly beat: string })
  /** Errors in the notation of promtool: the value of a step is how many happen at it. */
  | SimulatedSeries;

/** `{ series: '0+5x10 _x3 20x4', every: '1m' }`: 0, 5, … 50 errors, three minutes of none, 20 five times. */
export interface SimulatedSeries {
  readonly series: string;
  /** Time between steps. @default '1m' */
  readonly every?: Duration | undefined;
  /** Time of the first step. @default 0 */
  readonly at?: At | undefined;
  /** What is reported. @default 'Error: simulated' */
  readonly error?: unknown;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** As much of `Alerts` as events are given to. */
interface EventTarget {
  error(error: unknown, labels?: Readonly<Record<string, string>>): void;
  success(labels: Readonly<Record<string, string>>): void;
  failure(error: unknown, labels: Readonly<Record<string, string>>): void;
  beat(rule: string): void;
}

/** Something to be done at a time. */
export interface Happening {
  readonly atMs: number;
  run(target: EventTarget): void;
}

/** Events of one simulation; more is a mistake in a notation, or a benchmark. */
const MAX_EVENTS = 5_000_000;

/** In the order of their times. @throws TypeError naming the event that cannot be read. */
export function happeningsOf(events: readonly SimulatedEvent[]): readonly Happening[] {
  let eventCount = 0;
  const happenings = events.flatMap((event, index) => {
    try {
      const read = 'series' in event ? fromSeries(event) : [fromEvent(event)];
      for (const { count } of read) eventCount += count;
      if (eventCount > MAX_EVENTS) throw new TypeError(`more than ${MAX_EVENTS} events in all`);
      return read;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new TypeError(`events[${index}]: ${message}`, { cause: error });
    }
  });
  return happenings.toSorted((a, b) => a.atMs - b.atMs);
}

/** @throws TypeError */
export function millisecondsOf(at: At, of = 'at'): number {
  const ms = typeof at === 'number' ? at : toMilliseconds(at);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new TypeError(`${of}: expected a duration such as 90s, or milliseconds from the beginning`);
}

type Counted = Happening & { readonly count: number };

function fromSeries({
  series,
  every = '1m',
  at = 0,
  error = 'Error: simulated',
  labels,
}: SimulatedSeries): readonly Counted[] {
  const [everyMs, startMs] = [millisecondsOf(every, 'every'), millisecondsOf(at)];
  return readSeries(series).flatMap((step, index) =>
    step === undefined || step <= 0
      ? []
      : [fromEvent({ at: startMs + index * everyMs, error, labels, count: Math.round(step) })],
  );
}

function fromEvent(event: Exclude<SimulatedEvent, SimulatedSeries>): Counted {
  if (typeof event !== 'object' || event === null) throw new TypeError('expected an object');
  const { count = 1, labels = {} } = event;
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new TypeError('count: expected a whole number, 0 or more');
  }
  const once = actionOf(event, labels);
  return {
    atMs: millisecondsOf(event.at),
    count,
    run(target) {
      for (let done = 0; done < count; done += 1) once(target);
    },
  };
}

function actionOf(
  event: Exclude<SimulatedEvent, SimulatedSeries>,
  labels: Readonly<Record<string, string>>,
): (target: EventTarget) => void {
  if ('error' in event) return (target) => target.error(event.error, labels);
  if ('failure' in event) return (target) => target.failure(event.failure, labels);
  if ('beat' in event) return (target) => target.beat(event.beat);
  if ('success' in event) return (target) => target.success(labels);
  throw new TypeError('expected one of error, success, failure, beat and series');
}
