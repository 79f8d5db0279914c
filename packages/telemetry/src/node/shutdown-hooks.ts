import { constants } from 'node:os';
import { type Duration, InvalidOptionsError } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { Telemetry } from '../client/telemetry.ts';

/** Options of {@link installShutdownHooks}. */
export interface ShutdownHookOptions {
  /**
   * Signals to flush at.
   * @default ['SIGTERM', 'SIGINT']
   */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /**
   * How long the end of the process may be held up.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined;
}

/** What the hooks use of a client. */
type Closable = Pick<Telemetry<never>, 'flush' | 'shutdown'>;

const signalName = z.custom<NodeJS.Signals>(
  (name) =>
    typeof name === 'string' && Object.hasOwn(constants.signals, name) && !UNCATCHABLE.has(name),
  'expected a signal that can be caught, such as SIGTERM',
);

const schema = z.strictObject({
  signals: z.array(signalName).readonly().default(['SIGTERM', 'SIGINT']),
  timeout: durationMs().default(5_000),
} satisfies Shape<ShutdownHookOptions>);

const UNCATCHABLE: ReadonlySet<string> = new Set(['SIGKILL', 'SIGSTOP']);

/** Marks our listeners, of any copy of this package: none of them ends the process by itself. */
const OURS = Symbol.for('@ops/telemetry.shutdownHook');

/**
 * Delivers what is pending when the process ends:
 *
 * - At a signal that nothing else listens to it shuts down and then raises the signal again, so that
 *   the process ends by it, with its exit code. A signal that comes again meanwhile changes nothing.
 * - At a signal that other code listens to it flushes, and leaves the end to that code, which may
 *   still be serving requests.
 * - When nothing keeps the process alive any more (`beforeExit`), it shuts down.
 * - At `process.exit()` nothing can be sent any more. What is pending is dropped as `shutdown` and told
 *   to `onDrop` and the log, which must write at once to be heard.
 *
 * Does not keep the process alive except for that. `uncaughtException` is left alone.
 *
 * @returns what removes the hooks again.
 * @throws InvalidOptionsError
 */
export function installShutdownHooks(
  telemetry: Closable,
  options: ShutdownHookOptions = {},
): () => void {
  const { signals, timeout } = parseOptions(schema, options, { of: 'installShutdownHooks' });
  if (typeof telemetry?.shutdown !== 'function') {
    throw new InvalidOptionsError('installShutdownHooks: expected what createTelemetry has made');
  }
  const beforeExit = (): void => {
    void telemetry.shutdown({ timeout });
  };
  const exit = (): void => {
    void telemetry.shutdown({ timeout: 0 });
  };
  const removers = [...new Set(signals)].map((signal) => hookSignal(signal, telemetry, timeout));
  process.on('beforeExit', beforeExit);
  process.on('exit', exit);
  return () => {
    process.off('beforeExit', beforeExit);
    process.off('exit', exit);
    for (const remove of removers) remove();
  };
}

function hookSignal(signal: NodeJS.Signals, telemetry: Closable, timeout: number): () => void {
  const shutDown = async (): Promise<void> => {
    await telemetry.shutdown({ timeout });
    remove();
    // The last of ours ends the process. Whoever began to listen meanwhile has it in hand.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const listener = (): void => {
    // First in line, so that those who listen once have not left it yet.
    if (process.listeners(signal).some((other) => !(OURS in other))) {
      void telemetry.flush({ timeout });
    } else void shutDown();
  };
  const remove = (): void => void process.off(signal, listener);
  Object.defineProperty(listener, OURS, { value: true });
  process.prependListener(signal, listener);
  return remove;
}
