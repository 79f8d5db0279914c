/**
 * Makes X.509 certificates (RFC 5280) for tests: Node can read but not make them, and a fixture would
 * expire, or hold a private key for scanners to find.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A certificate with its key, in PEM, and what is needed to issue more with it. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly privateKey: KeyObject;
  readonly name: string;
}

/** What differs between the certificates of the tests. */
export interface CertificateOptions {
  readonly name: string;
  readonly notBefore?: Date;
  readonly notAfter: Date;
  /** Default: signed by itself, and allowed to issue others. */
  readonly issuer?: Certificate;
}

export function certificate(options: CertificateOptions): Certificate {
  const { name, notBefore = new Date('2020-01-01'), notAfter, issuer } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
  const extension =
    issuer === undefined
      ? sequence(
          oid('2.5.29.19'),
          tag(0x01, Buffer.of(0xff)),
          octets(sequence(tag(0x01, Buffer.of(0xff)))),
        )
      : sequence(oid('2.5.29.17'), octets(sequence(tag(0x82, Buffer.from(name)))));
  const toBeSigned = sequence(
    tag(0xa0, tag(0x02, Buffer.of(2))), // version 3
    tag(0x02, Buffer.of(1, ...Buffer.from(name).subarray(0, 16))), // serial number
    algorithm,
    distinguishedName(issuer?.name ?? name),
    sequence(time(notBefore), time(notAfter)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, sequence(extension)),
  );
  const signature = sign('sha256', toBeSigned, issuer?.privateKey ?? privateKey);
  const der = sequence(toBeSigned, algorithm, tag(0x03, Buffer.concat([Buffer.of(0), signature])));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    privateKey,
    name,
  };
}

function distinguishedName(name: string): Buffer {
  return sequence(tag(0x31, sequence(oid('2.5.4.3'), tag(0x0c, Buffer.from(name)))));
}

/** GeneralizedTime: YYYYMMDDHHMMSSZ. */
function time(date: Date): Buffer {
  return tag(0x18, Buffer.from(`${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap((part) => {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tag(0x06, Buffer.of(first * 40 + second, ...bytes));
}

const octets = (content: Buffer): Buffer => tag(0x04, content);
const sequence = (...content: Buffer[]): Buffer => tag(0x30, Buffer.concat(content));

function tag(type: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(type, ...size), content]);
}
