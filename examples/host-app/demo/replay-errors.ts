import type { Alerts } from '@ops/alerts';
import type { Receiver } from './doubles.ts';
import { count, say } from './output.ts';
import type { ReplayClock } from './replay-clock.ts';

const PATIENCE_MS = 10_000;

/** Plays errors against the hourly rule and checks what the operator's receiver is sent. */
export async function replayErrors(replay: {
  readonly alerts: Alerts;
  readonly clock: ReplayClock;
  readonly receiver: Receiver;
  readonly logged: readonly string[];
  readonly signal: AbortSignal;
}): Promise<void> {
  const { alerts, clock, receiver, logged } = replay;
  const burst = async (errorCount: number, everyMs: number): Promise<void> => {
    for (let index = 0; index < errorCount; index += 1) {
      replay.signal.throwIfAborted();
      alerts.error(new Error(`order ${index}: upstream answered 503`), { integration: 'shopify' });
      await clock.advance(everyMs);
    }
  };
  const expectMessages = async (wanted: number, what: string): Promise<void> => {
    await waitFor(() => receiver.received.length >= wanted && logged.length >= wanted);
    if (receiver.received.length !== wanted || logged.length !== wanted) {
      throw new Error(
        `${what}: expected ${wanted} messages, the receiver has ${receiver.received.length}, the log ${logged.length}`,
      );
    }
  };

  const before = logged.length;
  if (before !== 0) throw new Error(`the log has ${before} messages before the burst`);
  await burst(100, 10_000);
  await expectMessages(0, '100 errors');
  say('100 errors in 17 minutes: no alert, the rule says over 100');
  await burst(60, 10_000);
  await expectMessages(1, '160 errors');
  say(`60 more: one alert, to the receiver and to the log: ${logged[0]}`);
  await burst(30, 10_000);
  await expectMessages(1, '190 errors');
  say('30 more: not told again');
  await clock.advance(2 * 3_600_000);
  await expectMessages(2, 'two quiet hours');
  say(`two quiet hours: ${logged[1]}`);
  say(`the receiver has ${count(receiver.received.length)} messages in all`);
}

async function waitFor(isReached: () => boolean): Promise<void> {
  const begun = performance.now();
  while (!isReached() && performance.now() - begun < PATIENCE_MS) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
