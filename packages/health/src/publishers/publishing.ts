import { withTimeout } from '@ops/timeout';
import type { Engine } from '../engine.ts';
import { createEventFeed, type Transition } from '../events.ts';
import type { HealthSettings } from '../options.ts';
import { readFailure } from '../reading.ts';
import type { Redactor } from '../redact.ts';
import { createBacklog } from './backlog.ts';
import type { PublisherSettings } from './publisher-settings.ts';

/** Tells the publishers, each at its own pace. */
export interface Publishing {
  /** Lets them tell what they have not, each for its time limit at most; then tells nothing more. */
  end(): Promise<void>;
}

/** @param outside calls back outside of any request's async context. */
export function createPublishing(
  engine: Engine,
  settings: HealthSettings,
  redact: Redactor,
  outside: (callback: () => void) => void,
): Publishing {
  const { clock, onEvent, publishers } = settings;
  const failures = createEventFeed();
  if (onEvent !== undefined) failures.subscribe(onEvent);
  const fail = (publisher: string, thrown: unknown): void => {
    const { code, message } = readFailure(thrown, redact);
    const at = new Date(clock.now());
    failures.emit([{ type: 'publisher-failed', publisher, code, message, at }]);
  };
  const lines = publishers.map((publisher) => createLine(publisher, settings, fail));
  const unsubscribe = engine.onEvent((event) => {
    if (event.type === 'publisher-failed') return;
    outside(() => {
      for (const line of lines) line.add(event);
    });
  });
  return {
    end: async () => {
      unsubscribe();
      await Promise.all(lines.map((line) => line.end()));
    },
  };
}

interface Line {
  add(event: Transition): void;
  end(): Promise<void>;
}

/** The way to one publisher: one call at a time. */
function createLine(
  { name, timeoutMs, publish }: PublisherSettings,
  { clock, service }: HealthSettings,
  fail: (publisher: string, thrown: unknown) => void,
): Line {
  const backlog = createBacklog();
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    for (let next = backlog.take(); next !== undefined; next = backlog.take()) await tell(next);
    // At once, not when the promise is seen to have settled: what comes in between would wait.
    working = undefined;
  }

  /** Settles when the call has, however late: a publisher that hangs is not called over and over. */
  async function tell(event: Transition): Promise<void> {
    let call: Promise<void> | undefined;
    const limited = withTimeout(
      ({ signal }) => (call = (async () => publish(event, { signal, service }))()),
      timeoutMs,
      { clock },
    );
    await limited.catch((error: unknown) => {
      fail(name, error);
    });
    await call?.catch(() => {});
  }

  return {
    add: (event) => {
      backlog.add(event);
      if (backlog.size > 0) working ??= work();
    },
    end: async () => {
      const rest = working;
      if (rest === undefined) return;
      await withTimeout(() => rest, timeoutMs, { clock }).catch((error: unknown) => {
        if (backlog.size > 0) fail(name, error);
        backlog.clear();
      });
    },
  };
}
