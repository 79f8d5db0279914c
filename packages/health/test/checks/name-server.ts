import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { afterEach } from 'vitest';
import type { DnsResolver } from '../../src/checks/index.ts';

/** What is answered: addresses, an error of the protocol, or nothing at all. */
export type Answer = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'silence';

const CODES = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const open: (() => Promise<void>)[] = [];

/** A name server on UDP until the end of the test, and resolvers that ask it. */
export async function nameServer(
  answer: (name: string, type: 'A' | 'AAAA') => Answer,
): Promise<() => DnsResolver> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const reply = replyTo(query, answer);
    if (reply !== undefined) socket.send(reply, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => socket.close(() => resolve())));
  const { port } = socket.address();
  return () => {
    const resolver = new Resolver({ timeout: 10_000, tries: 1 });
    resolver.setServers([`127.0.0.1:${port}`]);
    return resolver;
  };
}

/** Call at the top of the test file. */
export function closeNameServersAfterEach(): void {
  afterEach(async () => {
    await Promise.all(open.splice(0).map((close) => close()));
  });
}

/** RFC 1035: a header of 12 bytes, the name in labels, two bytes each of type and class. */
function replyTo(query: Buffer, answer: Parameters<typeof nameServer>[0]): Buffer | undefined {
  const labels: string[] = [];
  let at = 12;
  while (query[at] !== 0) {
    const length = query[at] ?? 0;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1) === 28 ? 'AAAA' : 'A';
  const answered = answer(labels.join('.'), type);
  if (answered === 'silence') return undefined;
  const question = query.subarray(12, at + 5);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 + (typeof answered === 'string' ? CODES[answered] : 0), 2);
  header.writeUInt16BE(1, 4);
  const records = typeof answered === 'string' ? [] : answered.map(recordOf);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}

function recordOf(address: string): Buffer {
  const data =
    isIP(address) === 4
      ? Buffer.from(address.split('.').map(Number))
      : Buffer.from(
          address
            .split(':')
            .map((part) => part.padStart(4, '0'))
            .join(''),
          'hex',
        );
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0); // the name of the question
  record.writeUInt16BE(isIP(address) === 4 ? 1 : 28, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(data.length, 10);
  return Buffer.concat([record, data]);
}
