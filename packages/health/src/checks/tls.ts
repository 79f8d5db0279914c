import { isIP } from 'node:net';
import {
  connect,
  type DetailedPeerCertificate,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { type Clock, type Duration, systemClock } from '@ops/timeout';
import {
  durationMs,
  type Fault,
  parseOptions,
  type Shape,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import { type CheckPolicy, checkPolicy, withDefaults } from '../check-policy.ts';
import { CheckFailedError } from '../errors.ts';
import type { Measurement } from '../measurement.ts';
import { record } from '../record.ts';
import { codeOf, numberOf } from '../thresholds.ts';
import { openSocket } from './open-socket.ts';
import { hostName, noConnection, portNumber } from './tcp.ts';

/** Options of {@link tls}. */
export interface TlsOptions extends CheckPolicy {
  /** A name, or an IPv4 or IPv6 address without brackets. */
  readonly host: string;
  /** @default 443 */
  readonly port?: number | undefined;
  /** The name that is asked for, and that the certificate has to be for; no address. Default: `host`. */
  readonly servername?: string | undefined;
  /** Certificates in PEM that are trusted, in place of those that come with Node. */
  readonly ca?: string | readonly string[] | undefined;
  /**
   * Time left from which it warns. 14 days: who renews by ACME does so with a third of the lifetime
   * left, which is 30 days of 90 and 15 of 45, so by then a renewal has failed.
   * @default '14d'
   */
  readonly warn?: Duration | undefined;
  /**
   * Time left from which it fails. A certificate that is about to expire works, so the default is to
   * fail when it has expired.
   * @default 0
   */
  readonly fail?: Duration | undefined;
  /** Default: the real time. Whether it has expired is for TLS to say, by the time of the system. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

const DAY_MS = 86_400_000;
const left = durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional();

const schema = z.strictObject({
  ...checkPolicy,
  host: hostName,
  port: portNumber.optional(),
  servername: hostName
    .refine((name) => isIP(name) === 0, 'expected a name, not an address')
    .optional(),
  ca: z.union([z.string(), z.array(z.string()).readonly()]).optional(),
  warn: left,
  fail: left,
  clock: withMethods<Pick<Clock, 'now'>>('now').optional(),
} satisfies Shape<TlsOptions>);

/**
 * Passes when a TLS connection can be opened whose certificate is trusted, is for the name, and does
 * not expire soon. Of the chain the certificate that expires first counts. Tells the days left. The
 * connection is closed at once; protocols that begin in the clear (STARTTLS) are not spoken.
 *
 * Codes: `tls` (not trusted, expired, for another name, or no TLS at all), `threshold` (expires
 * soon), `refused`, `dns`, `timeout`.
 *
 * Runs every minute unless told otherwise: a handshake is work for the other side, and a connection
 * that failed once must not count for longer.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function tls(options: TlsOptions): ExternalCheckSpec {
  const {
    host,
    port = 443,
    servername,
    ca,
    fail = 0,
    warn = Math.max(fail, 14 * DAY_MS),
    clock = systemClock,
    ...policy
  } = parseOptions(schema, options, { of: 'tls', further: leftFaults });
  const trust: SecureContextOptions =
    ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] };
  // Without a name `host` is asked for, and an address is compared though it is not asked for.
  const asked = servername === undefined ? {} : { servername };
  return {
    ...withDefaults(policy, policy.ttl === undefined ? { every: '1m' } : {}),
    external: true,
    run: async ({ signal }) => {
      const socket = await open(() => connect({ host, port, ...asked, ...trust }), signal);
      try {
        const nowMs = clock.now();
        return judge(firstExpiryMs(socket, nowMs) - nowMs, { warn, fail });
      } finally {
        socket.destroy();
      }
    },
  };
}

function leftFaults(options: unknown): Fault[] {
  const { warn, fail } = record(options);
  const [most, least] = [numberOf(warn), numberOf(fail)];
  if (most === undefined || least === undefined || least <= most) return [];
  return [{ path: ['fail'], message: `expected at most warn, which is ${String(warn)}` }];
}

async function open(connectTo: () => TLSSocket, signal: AbortSignal): Promise<TLSSocket> {
  try {
    return await openSocket(connectTo, 'secureConnect', signal);
  } catch (error) {
    throw noConnection(error);
  }
}

/** A chain is three or four certificates; the end of one names itself as its issuer. */
const LONGEST_CHAIN = 10;

/**
 * When the certificate, or one of those it was issued by, expires. Issuers that have expired were
 * not needed, or there were no connection: servers go on sending cross-signed ones of old roots.
 */
function firstExpiryMs(socket: TLSSocket, nowMs: number): number {
  const own: DetailedPeerCertificate = socket.getPeerCertificate(true);
  const expiries = [Date.parse(own.valid_to)];
  let issuer: DetailedPeerCertificate | undefined = own.issuerCertificate;
  for (let length = 1; issuer !== undefined && length < LONGEST_CHAIN; length += 1) {
    const expiryMs = Date.parse(issuer.valid_to);
    if (expiryMs > nowMs) expiries.push(expiryMs);
    issuer = issuer.issuerCertificate;
  }
  const first = Math.min(...expiries);
  if (Number.isFinite(first)) return first;
  throw new CheckFailedError('tls', 'the certificate does not say when it expires');
}

function judge(leftMs: number, { warn, fail }: { warn: number; fail: number }): Measurement {
  const days = Math.floor((leftMs / DAY_MS) * 10) / 10;
  const status = leftMs <= fail ? 'fail' : leftMs <= warn ? 'warn' : 'pass';
  return {
    measurement: 'timeLeft',
    value: days,
    unit: 'days',
    status,
    code: codeOf(status),
    message: status === 'pass' ? undefined : `a certificate of the chain expires in ${days} days`,
  };
}
