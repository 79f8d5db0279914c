import { withTimeout } from '@ops/timeout';
import type { Json } from '../channel.ts';
import { DeliveryError } from '../errors.ts';
import type { Mail, MailTransport } from './mail.ts';
import {
  type MailSender,
  parseSmtpOptions,
  type SmtpOptions,
  type SmtpServer,
} from './smtp-options.ts';

/**
 * Mails through an SMTP server, by nodemailer, which is loaded with the first mail.
 *
 * SMTP knows no idempotency: when the server's last answer is lost, the mail comes twice, with the
 * same `Message-ID`, by which many mailboxes drop it. Answers 4xx are retried, like lost
 * connections; 5xx is given up. A mail counts as delivered when the server took it for at least one
 * recipient: sending it again would reach those twice.
 *
 * @throws InvalidOptionsError naming every wrong option, without the values.
 */
export function smtp(options: SmtpOptions): MailTransport {
  const settings = parseSmtpOptions(options);
  const { timeoutMs, clock } = settings;
  return Object.freeze<MailTransport>({
    kind: 'smtp',
    render: contentOf,
    async send(payload, { signal }) {
      const sender =
        'server' in settings ? await senderFor(settings.server, timeoutMs) : settings.transport;
      try {
        await withTimeout(
          (limit) => sender.sendMail({ ...(payload as object), ...CLOSED, signal: limit.signal }),
          timeoutMs,
          { signal, clock },
        );
      } catch (error) {
        throw faultOf(error, timeoutMs);
      }
    },
  });
}

/** Nothing in a mail of ours is a path or an address to be read. */
const CLOSED = { disableFileAccess: true, disableUrlAccess: true };

function contentOf({ from, to, subject, text, html, messageId, headers }: Mail): Json {
  // Through JSON, as it will be stored: a name that is undefined is left out.
  return JSON.parse(JSON.stringify({ from, to, subject, text, html, messageId, headers })) as Json;
}

/** Has a connection for each mail: a kept one would be dead by the next alert. */
async function senderFor(server: SmtpServer, timeoutMs: number): Promise<MailSender> {
  const { createTransport } = await import('nodemailer').catch(() => {
    throw new DeliveryError('smtp() needs the package nodemailer: npm install nodemailer', {
      retryable: false,
    });
  });
  return createTransport({
    ...server,
    // Later than the limit on the whole: these end the connection where nodemailer, before its
    // version 10, knows no signal.
    connectionTimeout: timeoutMs + 1_000,
    greetingTimeout: timeoutMs + 1_000,
    socketTimeout: timeoutMs + 1_000,
    logger: false,
  });
}

/** Without the server's words, which may repeat addresses and names of users. */
function faultOf(error: unknown, timeoutMs: number): DeliveryError {
  const { code, responseCode: status, response } = factsOf(error);
  if (code === 'ERR_OPS_TIMEOUT') {
    return new DeliveryError(`SMTP: no answer within ${timeoutMs} ms (${code})`, {
      retryable: true,
    });
  }
  const named = code === undefined ? '' : ` (${code})`;
  if (status === undefined) {
    // A mail or a login that cannot be made will not be better next time.
    const retryable = code !== 'EMESSAGE' && code !== 'ENOAUTH';
    return new DeliveryError(`SMTP: the server could not be reached${named}`, { retryable });
  }
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1];
  return new DeliveryError(
    `SMTP: the server answered ${status}${enhanced ? ` ${enhanced}` : ''}${named}`,
    { retryable: status < 500, status },
  );
}

function factsOf(error: unknown): {
  readonly code: string | undefined;
  readonly responseCode: number | undefined;
  readonly response: string;
} {
  if (!(error instanceof Error)) return { code: undefined, responseCode: undefined, response: '' };
  const { code, responseCode, response } = error as Error & Record<string, unknown>;
  return {
    code: typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? code : undefined,
    responseCode:
      typeof responseCode === 'number' && responseCode >= 400 && responseCode < 600
        ? responseCode
        : undefined,
    response: typeof response === 'string' ? response : '',
  };
}
