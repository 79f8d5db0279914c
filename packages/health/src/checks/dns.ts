import { Resolver } from 'node:dns/promises';
import { isIP, SocketAddress } from 'node:net';
import { callable, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckContext, ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy } from '../check-policy.ts';
import { CheckFailedError } from '../errors.ts';
import { untilAborted } from '../until-aborted.ts';
import { errnoOf } from './errno.ts';
import { type ResponseTimeOptions, responseTimeOptions, timed } from './response-time.ts';
import { hostName } from './tcp.ts';

/** What looks a name up; `dns.promises.Resolver` fits. */
export interface DnsResolver {
  resolve4(name: string): Promise<readonly string[]>;
  resolve6(name: string): Promise<readonly string[]>;
  /** Ends outstanding queries. */
  cancel?(): void;
}

/** Options of {@link dns}. */
export interface DnsOptions extends CheckPolicy, ResponseTimeOptions {
  readonly name: string;
  /**
   * Which records there have to be; `any`: of one kind at least.
   * @default 'any'
   */
  readonly type?: 'A' | 'AAAA' | 'any' | undefined;
  /** The addresses there may be: another one fails. Default: any. */
  readonly addresses?: readonly string[] | undefined;
  /**
   * Makes what looks the name up, at each attempt. Default: a `Resolver` that asks the servers of
   * the system, twice within the time limit.
   */
  readonly resolver?: ((context: Pick<CheckContext, 'timeoutMs'>) => DnsResolver) | undefined;
}

const schema = z.strictObject({
  ...checkPolicy,
  ...responseTimeOptions,
  name: hostName.refine((name) => isIP(name) === 0, 'expected a name, not an address'),
  type: z.enum(['A', 'AAAA', 'any']).optional(),
  addresses: z
    .array(z.string().refine((text) => isIP(text) !== 0, 'expected an IPv4 or IPv6 address'))
    .min(1, 'expected one address or more')
    .optional(),
  resolver: callable<NonNullable<DnsOptions['resolver']>>().optional(),
} satisfies Shape<DnsOptions>);

/**
 * Passes when name servers have an address for a name. It asks them by itself, on UDP with a retry:
 * neither `/etc/hosts` nor a cache of this process is looked at, unlike with `fetch` and `connect`.
 * Tells how long it took (`responseTime`), and warns from `warn` on.
 *
 * Codes: `dns` (no such name, no such record, or the server refuses or cannot answer), `timeout`,
 * `bad_response` (an address that is not one of `addresses`), `threshold`.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function dns(options: DnsOptions): ExternalCheckSpec {
  const {
    name,
    type = 'any',
    addresses,
    resolver: makeResolver = systemResolver,
    warn,
    clock,
    ...policy
  } = parseOptions(schema, options, { of: 'dns' });
  const known = addresses && new Set(addresses.map(canonical));
  const look = async ({ signal, timeoutMs }: CheckContext): Promise<void> => {
    signal.throwIfAborted();
    const resolver = makeResolver({ timeoutMs });
    const cancel = (): void => {
      resolver.cancel?.();
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const found = await untilAborted(lookUp(resolver, name, type), signal);
      judge(found, known);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
  return {
    kind: 'system',
    ...policy,
    external: true,
    run: (context) => timed(() => look(context), { warn, clock }),
  };
}

/** The second try waits twice as long as the first, so both together are the limit. */
function systemResolver({ timeoutMs }: Pick<CheckContext, 'timeoutMs'>): DnsResolver {
  return new Resolver({ timeout: Math.max(1, Math.ceil(timeoutMs / 3)), tries: 2 });
}

async function lookUp(
  resolver: DnsResolver,
  name: string,
  type: NonNullable<DnsOptions['type']>,
): Promise<readonly string[]> {
  const answers = await Promise.allSettled([
    ...(type === 'AAAA' ? [] : [resolver.resolve4(name)]),
    ...(type === 'A' ? [] : [resolver.resolve6(name)]),
  ]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length > 0) return found;
  const errors: unknown[] = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [answer.reason] : [],
  );
  // A name that has no record of one kind says less than a server that does not answer.
  const error = errors.find((one) => errnoOf(one) !== 'ENODATA') ?? errors[0];
  const code = error === undefined ? 'ENODATA' : errnoOf(error);
  const outcome = code === 'ETIMEOUT' ? 'timeout' : 'dns';
  throw new CheckFailedError(outcome, `no address: ${code ?? 'the lookup failed'}`, {
    cause: error,
  });
}

function judge(found: readonly string[], known: ReadonlySet<string> | undefined): void {
  if (known === undefined || found.every((address) => known.has(canonical(address)))) return;
  throw new CheckFailedError('bad_response', 'an address is not one of the expected');
}

/** One spelling of an address. */
function canonical(address: string): string {
  const family = isIP(address);
  if (family === 0) return address;
  return new SocketAddress({ address, family: family === 4 ? 'ipv4' : 'ipv6' }).address;
}
