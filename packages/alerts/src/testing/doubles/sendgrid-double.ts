import {
  type ArrivedRequest,
  clockOf,
  createDouble,
  type Double,
  type DoubleAnswer,
  type DoubleOptions,
  isObject,
  jsonAnswer,
  parseJson,
} from './double.ts';
import { isMailAddress, isSafeHeaders } from './mail-validation.ts';

/** A mail that was taken. The same request twice is two mails, as there. */
export interface SendGridDoubleMail {
  /** As in `X-Message-Id`. */
  readonly id: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly customArgs: Readonly<Record<string, string>>;
}

/** A SendGrid with one key. */
export interface SendGridDouble extends Double {
  readonly apiKey: string;
  /** What was taken, oldest first. */
  readonly mails: readonly SendGridDoubleMail[];
}

const API_KEY = ['SG', 'doubleXsecret', 'doubleXsecret'].join('.');
const URLS = new Set([
  'https://api.sendgrid.com/v3/mail/send',
  'https://api.eu.sendgrid.com/v3/mail/send',
]);
const MAX_BYTES = 30 * 1_024 * 1_024;
const RESERVED_HEADERS =
  /^(?:x-sg-id|x-sg-eid|received|dkim-signature|content-type|content-transfer-encoding|to|from|subject|reply-to|cc|bcc)$/i;

/**
 * SendGrid's `POST /v3/mail/send`. Answers 202 without a body and with `X-Message-Id`, 400 with the
 * list of faults, 401 for another key, 413 beyond 30 MB. It publishes no rate, so it has none but
 * what `fail('rate-limited')` makes.
 */
export function sendgridDouble(options: DoubleOptions = {}): SendGridDouble {
  const clock = clockOf(options);
  const mails: SendGridDoubleMail[] = [];

  function send({ headers, body }: ArrivedRequest): DoubleAnswer {
    if (headers['authorization'] !== `Bearer ${API_KEY}`) {
      const message = 'The provided authorization grant is invalid, expired, or revoked';
      return jsonAnswer(401, { errors: [{ message, field: null, help: null }] });
    }
    if (Buffer.byteLength(body) > MAX_BYTES) return { status: 413, body: '' };
    const mail = parseJson(body);
    const faults = isObject(mail) ? faultsOf(mail) : [['Bad Request', null] as const];
    if (!isObject(mail) || faults.length > 0) {
      const errors = faults.map(([message, field]) => ({ message, field, help: null }));
      return jsonAnswer(400, { errors });
    }
    const id = `double-${mails.length + 1}`;
    mails.push({ id, ...fieldsOf(mail) });
    return { status: 202, body: '', headers: { 'x-message-id': id } };
  }

  const double = createDouble({
    name: 'SendGrid',
    clock,
    owns: (url) => URLS.has(url.href),
    get rateLimited() {
      const reset = String(Math.ceil(clock.now() / 1_000) + 1);
      const errors = [{ message: 'too many requests', field: null, help: null }];
      return jsonAnswer(
        429,
        { errors },
        { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
      );
    },
    serverError: jsonAnswer(500, { errors: [{ message: 'Internal error', field: null }] }),
    answer: send,
  });
  return { ...double, apiKey: API_KEY, mails };
}

type Fields = Readonly<Record<string, unknown>>;
type Faults = (readonly [message: string, field: string | null])[];

function faultsOf(mail: Fields): Faults {
  const { personalizations, from, subject, content, headers = {}, custom_args: args = {} } = mail;
  const faults: Faults = [];
  const people: readonly unknown[] = Array.isArray(personalizations) ? personalizations : [];
  if (people.length === 0 || people.length > 1_000) {
    faults.push(['The personalizations field is required', 'personalizations']);
  }
  const recipients = recipientsOf(people);
  if (recipients.length === 0 || recipients.length > 1_000 || !recipients.every(isPerson)) {
    faults.push(['Does not contain a valid address.', 'personalizations.0.to.0.email']);
  }
  if (!isPerson(from)) faults.push(['The from object must be provided', 'from.email']);
  if (typeof subject !== 'string' || subject.trim() === '' || /[\r\n]/.test(subject)) {
    faults.push(['The subject is required', 'subject']);
  }
  if (!isContent(content)) faults.push(['The content is required, text/plain first', 'content']);
  const names = isObject(headers) ? Object.keys(headers) : [];
  if (!isSafeHeaders(headers) || names.some((name) => RESERVED_HEADERS.test(name))) {
    faults.push(['Invalid or reserved header', 'headers']);
  }
  const isArgs = isObject(args) && Object.values(args).every((value) => typeof value === 'string');
  if (!isArgs || Buffer.byteLength(JSON.stringify(args)) > 10_000) {
    faults.push(['custom_args are strings of at most 10000 bytes together', 'custom_args']);
  }
  return faults;
}

function recipientsOf(personalizations: readonly unknown[]): readonly unknown[] {
  return personalizations.flatMap((one): readonly unknown[] => {
    const to = isObject(one) ? one['to'] : undefined;
    return Array.isArray(to) ? to : [undefined];
  });
}

function isPerson(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { email, name } = value;
  const isNamed = name === undefined || (typeof name === 'string' && !/[\r\n]/.test(name));
  return isMailAddress(email) && !email.includes('<') && isNamed;
}

/** Plain text must come before HTML. */
function isContent(content: unknown): boolean {
  if (!Array.isArray(content) || content.length === 0) return false;
  const types = content.map((part: unknown) =>
    isObject(part) && typeof part['value'] === 'string' && part['value'] !== '' ? part['type'] : '',
  );
  return (
    types.every((type) => typeof type === 'string' && type !== '') &&
    types.indexOf('text/plain') <= 0
  );
}

function fieldsOf(mail: Fields): Omit<SendGridDoubleMail, 'id'> {
  const {
    personalizations,
    from,
    subject,
    content,
    headers,
    custom_args: customArgs,
  } = mail as {
    readonly personalizations: readonly { readonly to: readonly { readonly email: string }[] }[];
    readonly from: { readonly email: string };
    readonly subject: string;
    readonly content: readonly { readonly type: string; readonly value: string }[];
    readonly headers?: Readonly<Record<string, string>>;
    readonly custom_args?: Readonly<Record<string, string>>;
  };
  const part = (type: string): string | undefined =>
    content.find((one) => one.type === type)?.value;
  return {
    from: from.email,
    to: personalizations.flatMap(({ to }) => to.map(({ email }) => email)),
    subject,
    text: part('text/plain'),
    html: part('text/html'),
    headers: headers ?? {},
    customArgs: customArgs ?? {},
  };
}
