import type { Clock, Duration } from '@ops/timeout';
import {
  durationMs,
  type OptionsOf,
  parseOptions,
  type Shape,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import { connectionShape } from './connection-options.ts';

/** What `smtp()` needs of a nodemailer transporter. */
export interface MailSender {
  /** Rejects with nodemailer's errors: `responseCode` is what the server answered. */
  sendMail(mail: object): Promise<unknown>;
}

/** Options of `smtp()`: a transporter of your own. It stays yours to close. */
export interface SmtpTransportOptions extends SmtpLimits {
  /** Made by `nodemailer.createTransport()`: a pool, OAuth2, DKIM, or another way to send. */
  readonly transport: MailSender;
}

/** Options of `smtp()`: a server. Each mail has a connection of its own. */
export interface SmtpServerOptions extends SmtpLimits {
  readonly host: string;
  /** @default 587, or 465 when `secure` */
  readonly port?: number | undefined;
  /**
   * TLS from the first byte. Otherwise STARTTLS.
   * @default true for port 465
   */
  readonly secure?: boolean | undefined;
  /**
   * Refuses to go on without TLS, so that neither password nor mail is sent in the clear.
   * @default true, but false for localhost
   */
  readonly requireTls?: boolean | undefined;
  readonly user?: string | undefined;
  /** A secret. */
  readonly password?: string | undefined;
}

/** Options of `smtp()`. Needs the package `nodemailer` unless it is given a transporter. */
export type SmtpOptions = SmtpTransportOptions | SmtpServerOptions;

interface SmtpLimits {
  /**
   * Time for one mail, connecting included; more than 0, at most an hour.
   * @default '20s'
   */
  readonly timeout?: Duration | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
}

export type SmtpSettings = {
  readonly timeoutMs: number;
  readonly clock: Clock | undefined;
} & ({ readonly transport: MailSender } | { readonly server: SmtpServer });

/** In nodemailer's names. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly requireTLS: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
}

const limits = {
  timeout: durationMs({ isMinExcluded: true, maxMs: 3_600_000 }).optional(),
  clock: connectionShape.clock,
};

const transportSchema = z.strictObject({
  transport: withMethods<MailSender>('sendMail'),
  ...limits,
} satisfies Shape<SmtpTransportOptions>);

const serverSchema = z
  .strictObject({
    host: z.string({ error: 'expected a host name' }).regex(/^[\w.:-]{1,255}$/, {
      error: 'expected a host name',
    }),
    port: z.int({ error: 'expected a port' }).min(1).max(65_535).optional(),
    secure: z.boolean().optional(),
    requireTls: z.boolean().optional(),
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    ...limits,
  } satisfies Shape<SmtpServerOptions>)
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    error: 'expected both user and password, or neither',
  });

const WORDING: OptionsOf = { of: 'smtp', secretKeys: 'all' };
const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

export function parseSmtpOptions(options: SmtpOptions): SmtpSettings {
  if (typeof options === 'object' && options !== null && 'transport' in options) {
    const { transport, timeout = 20_000, clock } = parseOptions(transportSchema, options, WORDING);
    return { transport, timeoutMs: timeout, clock };
  }
  const parsed = parseOptions(serverSchema, options, WORDING);
  const { host, user, password, timeout = 20_000, clock } = parsed;
  const secure = parsed.secure ?? parsed.port === 465;
  const { port = secure ? 465 : 587, requireTls = !LOOPBACK.has(host) } = parsed;
  const auth = user !== undefined && password !== undefined && { auth: { user, pass: password } };
  const server = { host, port, secure, requireTLS: requireTls, ...auth };
  return { server, timeoutMs: timeout, clock };
}
