import type { Alerts } from '@ops/alerts';

/** As much of `process` as is used. */
export interface Crashing {
  on(
    name: 'uncaughtException',
    listener: (error: unknown, origin: 'uncaughtException' | 'unhandledRejection') => void,
  ): unknown;
  exit(code: number): void;
}

/** Time to send what is to be sent. Whoever restarts the process waits for it. */
const DRAIN = '5s';
/** For what else may hang while everything breaks. */
const LIMIT_MS = 7_000;

/**
 * Reports what nobody caught, sends the alerts, and ends the process with 1: after such an error
 * nobody knows what state it is in. Rejections that nobody handles come here too, with another
 * `origin`, as long as there is no listener for `unhandledRejection`: that would keep them from here,
 * and the process would go on.
 */
export function reportCrashes(alerts: Pick<Alerts, 'error' | 'close'>, process: Crashing): void {
  let isEnding = false;
  process.on('uncaughtException', (error, origin) => {
    // Once there is a listener, Node.js prints nothing by itself.
    console.error(error);
    // A second one while the first is being sent: there is nothing more to wait for.
    if (isEnding) return process.exit(1);
    isEnding = true;
    alerts.error(error, { origin });
    // Not unref'd: a process with nothing left to do would end with 0 before all is sent.
    setTimeout(() => process.exit(1), LIMIT_MS);
    void closeAndExit(alerts, process);
  });
}

async function closeAndExit(alerts: Pick<Alerts, 'close'>, process: Crashing): Promise<void> {
  try {
    await alerts.close({ drain: DRAIN });
  } catch (error) {
    console.error(error);
  }
  process.exit(1);
}
