import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { email, type SmtpServerOptions, smtp } from '../../src/channels/index.ts';
import { deliver, failureOf, notificationOf } from './fixtures.ts';

const from = 'Ops <ops@example.com>';
const to = ['ann@example.com', 'bob@example.com'];

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly source: string;
}

interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly Received[];
}

async function listen(options: SMTPServerOptions = {}): Promise<Listening> {
  const mails: Received[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    onData(stream, { envelope }, done) {
      const sender = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
      const people = envelope.rcptTo.map(({ address }) => address);
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => {
        mails.push({ from: sender, to: people, source: Buffer.concat(pieces).toString() });
        done();
      });
    },
    ...options,
  });
  // A client that breaks off is an error to it.
  server.on('error', () => {});
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    port: (listening.address() as AddressInfo).port,
    mails,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function mailTo(port: number, options: Partial<SmtpServerOptions> = {}): ReturnType<typeof email> {
  return email({ via: smtp({ host: '127.0.0.1', port, ...options }), from, to });
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

describe('smtp', () => {
  it('sends the mail, with the same Message-ID every time, threaded by group', async () => {
    await using server = await listen();
    const mail = mailTo(server.port);
    await deliver(mail, notificationOf());
    await deliver(mail, notificationOf());
    await deliver(mail, notificationOf({ id: 'msg_2', kind: 'repeat' }));
    expect(server.mails).toHaveLength(3);
    const header = (index: number, name: string): string | undefined =>
      new RegExp(`^${name}: (.*)$`, 'im').exec(
        server.mails[index]?.source.replaceAll('\r', '') ?? '',
      )?.[1];
    expect(server.mails[0]).toMatchObject({ from: 'ops@example.com', to });
    expect(header(0, 'Message-ID')).toBe('<msg_1@example.com>');
    expect(header(1, 'Message-ID')).toBe('<msg_1@example.com>');
    expect(header(2, 'Message-ID')).toBe('<msg_2@example.com>');
    expect(header(0, 'References')).toMatch(/^<[\da-f]{32}@example\.com>$/);
    expect(header(2, 'References')).toBe(header(0, 'References'));
    expect(header(2, 'In-Reply-To')).toBe(header(0, 'In-Reply-To'));
    expect(header(0, 'Auto-Submitted')).toBe('auto-generated');
    expect(header(0, 'X-Auto-Response-Suppress')).toBe('All');
    expect(server.mails[0]?.source).toContain('multipart/alternative');
  });

  it('lets nothing out of an alert become a header', async () => {
    await using server = await listen();
    const service = 'billing\r\nBcc: evil@example.com\r\n\r\nhello';
    await deliver(mailTo(server.port), notificationOf({ service, group: 'g\r\nX-Evil: 1' }));
    expect(server.mails[0]?.to).toEqual(to);
    const [head = ''] = server.mails[0]?.source.split('\r\n\r\n') ?? [];
    expect(head.replaceAll(/\r\n[ \t]/g, ' ')).not.toMatch(/^(?:Bcc|X-Evil):/im);
  });

  it.each([
    [421, true],
    [450, true],
    [452, true],
    [550, false],
    [554, false],
  ])('answered %d is retryable: %s', async (code, retryable) => {
    await using server = await listen({
      onRcptTo: (_address, _session, done) => done(refusal(code, 'x5.7.1 ann@example.com')),
    });
    const error = await failureOf(deliver(mailTo(server.port), notificationOf()));
    expect(error).toMatchObject({ retryable, status: code });
    expect(error.message).toMatch(new RegExp(`^SMTP: the server answered ${code}`));
    expect(inspect(error, { depth: 10 })).not.toContain('ann@example.com');
  });

  it('has delivered when one of the recipients was refused', async () => {
    await using server = await listen({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('ann') ? refusal(550, 'unknown') : null),
    });
    await deliver(mailTo(server.port), notificationOf());
    expect(server.mails).toMatchObject([{ to: ['bob@example.com'] }]);
  });

  it('signs in, and gives up when it is not let in, without the password anywhere', async () => {
    await using server = await listen({
      authOptional: false,
      onAuth: ({ username, password }, _session, done) =>
        done(password === 'right' ? null : refusal(535, `no ${password}`), { user: username }),
    });
    await deliver(mailTo(server.port, { user: 'ops', password: 'right' }), notificationOf());
    expect(server.mails).toHaveLength(1);
    const wrong = mailTo(server.port, { user: 'ops', password: 's3cr3t' });
    const error = await failureOf(deliver(wrong, notificationOf()));
    expect(error).toMatchObject({
      retryable: false,
      status: 535,
      message: 'SMTP: the server answered 535 (EAUTH)',
    });
    expect(inspect([error, wrong], { depth: 10, showHidden: true })).not.toContain('s3cr3t');
  });

  it('does not go on without TLS where that is asked for', async () => {
    await using server = await listen();
    const mail = mailTo(server.port, { requireTls: true });
    expect(await failureOf(deliver(mail, notificationOf()))).toMatchObject({ retryable: false });
    expect(server.mails).toEqual([]);
  });

  it('tries again when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const error = await failureOf(deliver(mailTo(port), notificationOf()));
    expect(error).toMatchObject({ retryable: true, status: undefined });
    expect(error.message).toMatch(/^SMTP: the server could not be reached \(E[A-Z]+\)$/);
  });

  it('lets go of a server that never greets, on timeout and on abort', async () => {
    const sockets: import('node:net').Socket[] = [];
    const server = createServer((socket) => {
      // A client that breaks off is an error to it.
      socket.on('error', () => {});
      sockets.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await failureOf(deliver(mailTo(port, { timeout: 40 }), notificationOf()))).toMatchObject(
      {
        retryable: true,
        message: 'SMTP: no answer within 40 ms (ERR_OPS_TIMEOUT)',
      },
    );
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = failureOf(deliver(mailTo(port), notificationOf(), { signal }));
    await expect.poll(() => sockets.length).toBe(2);
    controller.abort();
    expect(await aborted).toMatchObject({ retryable: true });
    await expect.poll(() => sockets.every(({ destroyed }) => destroyed)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });

  it('takes a transporter of one’s own', async () => {
    const sent: object[] = [];
    const transport = { sendMail: async (mail: object) => void sent.push(mail) };
    await deliver(email({ via: smtp({ transport }), from, to }), notificationOf());
    expect(sent).toMatchObject([
      {
        from: { name: 'Ops', address: 'ops@example.com' },
        to: [{ address: 'ann@example.com' }, { address: 'bob@example.com' }],
        disableFileAccess: true,
      },
    ]);
  });

  it('says what is missing where nodemailer is not installed', async () => {
    vi.doMock('nodemailer', () => {
      throw new Error('not installed');
    });
    onTestFinished(() => vi.doUnmock('nodemailer'));
    vi.resetModules();
    const { smtp: fresh } = await import('../../src/channels/index.ts');
    const mail = email({ via: fresh({ host: 'localhost', port: 1 }), from, to });
    expect(await failureOf(deliver(mail, notificationOf()))).toMatchObject({
      retryable: false,
      message: 'smtp() needs the package nodemailer: npm install nodemailer',
    });
  });

  it.each([
    ['host', { host: 'a\r\nb' }],
    ['port', { host: 'localhost', port: 0 }],
    ['password', { host: 'localhost', user: 's3cr3t' }],
    ['transport', { transport: {} }],
    ['secret', { host: 'localhost', secret: 's3cr3t' }],
  ])('refuses a bad %s', (name, options) => {
    expect(() => smtp(options as never)).toThrow(name);
    expect(() => smtp(options as never)).not.toThrow('s3cr3t');
  });
});
