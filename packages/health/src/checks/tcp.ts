import { connect } from 'node:net';
import { parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import { classifyError, systemCodeOf } from '../classify-error.ts';
import { CheckFailedError } from '../errors.ts';
import { openSocket } from './open-socket.ts';
import { type ResponseTimeOptions, responseTimeOptions, timed } from './response-time.ts';

/** Options of {@link tcp}. */
export interface TcpOptions extends CheckPolicy, ResponseTimeOptions {
  /** A name, or an IPv4 or IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A host name or an address: no scheme, no port, no path. */
export const hostName: z.ZodString = z
  .string()
  .regex(/^(?:[\w.-]{1,253}|[\da-f:.]{2,45}(?:%[\w.-]{1,32})?)$/i, {
    error: 'expected a host name or address without scheme, port and path',
  });

/** A port that something can listen on. */
export const portNumber: z.ZodInt = z
  .int('expected a port from 1 to 65535')
  .min(1, 'expected a port from 1 to 65535')
  .max(65_535, 'expected a port from 1 to 65535');

const schema = z.strictObject({
  ...checkPolicy,
  ...responseTimeOptions,
  host: hostName,
  port: portNumber,
} satisfies Shape<TcpOptions>);

/**
 * Passes when a connection can be opened; it is closed at once, and nothing is sent. That shows that
 * something listens, not that it works: ask the service itself where you can. Tells how long it took
 * (`responseTime`, looking up the name included), and warns from `warn` on.
 *
 * Of a name with several addresses one has to answer. Codes: `refused` (also for unreachable and
 * reset), `dns`, `timeout`, `threshold`.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function tcp(options: TcpOptions): ExternalCheckSpec {
  const { host, port, warn, clock, ...policy } = parseOptions(schema, options, { of: 'tcp' });
  const look = async (signal: AbortSignal): Promise<void> => {
    try {
      const socket = await openSocket(() => connect({ host, port }), 'connect', signal);
      socket.destroy();
    } catch (error) {
      throw noConnection(error);
    }
  };
  return {
    ...policy,
    external: true,
    run: ({ signal }) => timed(() => look(signal), { warn, clock }),
  };
}

/** With the system's word for it and no address. */
export function noConnection(error: unknown): CheckFailedError {
  const reason = systemCodeOf(error) ?? 'it could not be opened';
  return new CheckFailedError(classifyError(error), `no connection: ${reason}`, { cause: error });
}
