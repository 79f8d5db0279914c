import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalise, redactSecrets } from '../src/redact.ts';
import { anyText } from './any-text.ts';

describe('redactSecrets', () => {
  it.each([
    ['https://hooks.slack.com/services/T000/B000/s3cr3t', 's3cr3t'],
    ['connect postgres://app:s3cr3t@db.internal:5432/app failed', 's3cr3t'],
    ['connect postgres://app:s3/cr3t@db/app failed', 'cr3t'],
    ['GET https://api.example.com/v1?key=s3cr3t&x=1', 's3cr3t'],
    ['Authorization: Bearer s3cr3ts3cr3t', 's3cr3t'],
    ['authorization: Basic dXNlcjpwYXNz, next', 'dXNlcjpwYXNz'],
    ['{"password":"s3cr3t","user":"ann"}', 's3cr3t'],
    ["client_secret='s3cr3t with blanks'", 'blanks'],
    [String.raw`answered "{\"password\":\"s3cr3t with blanks\",\"user\":\"ann\"}"`, 'blanks'],
    [String.raw`{"password":"with \" s3cr3t"}`, 's3cr3t'],
    ['DB_PASS=s3cr3t', 's3cr3t'],
    ['API_KEY=s3cr3t', 's3cr3t'],
    ['cookie: a=1; session=s3cr3t; b=2', 's3cr3t'],
    ['key sk_live_4eC39HqLyjWDarjtT1zdp7dc refused', '4eC39'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'eyJhbGci'],
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'MfKQ9r8'],
    ['sent with SG.n0tL0ng.s3cr3t', 's3cr3t'],
    ['push by glpat-s3cr3ts3', 's3cr3ts3'],
    ['npm_s3cr3ts3cr refused', 's3cr3ts3'],
    ['socket xapp-1-s3cr3t', 's3cr3t'],
    ['mail to ann.lee+x@example.co.uk bounced', 'ann'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END', 'MIIabc'],
    ['opaque 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b', '9f86d081'],
  ])('takes the secret out of %s', (text, secret) => {
    expect(text).toContain(secret);
    expect(redactSecrets(text)).not.toContain(secret);
  });

  it('leaves ordinary words, hosts and paths', () => {
    for (const text of [
      'connect ECONNREFUSED db.internal',
      'The token expired',
      '3 passed: ok, bypass: on',
      'Unexpected token < in JSON',
      'ENOENT: no such file /var/lib/app/config/defaults/settings.json',
      'https://api.example.com',
    ]) {
      expect(redactSecrets(text)).toBe(text);
    }
  });
});

describe('normalise', () => {
  it.each([
    ['order 4711 failed', 'order 4712 failed', 'order # failed'],
    ['user_123 gone', 'user_9 gone', 'user_# gone'],
    ['cus_9f3kXw2P declined', 'cus_77aXw2Pq declined', 'cus_# declined'],
    ['connect 10.0.0.1:5432', 'connect 10.0.0.22:80', 'connect #'],
    [
      'job 0b6f9e0e-52ad-4f4e-9d3a-1c8f2a8b1c11',
      'job aaaaaaaa-52ad-4f4e-9d3a-1c8f2a8b1c12',
      'job #',
    ],
    ['at 2026-01-02T03:04:05.678Z', 'at 2026-11-12T13:14:15Z', 'at #'],
    ['hash 9f86d08', 'hash 0xa1b2c3', 'hash #'],
    ['took 1.5s', 'took 12s', 'took #s'],
  ])('makes one of %s and %s', (one, other, normal) => {
    expect(normalise(one, 200)).toBe(normal);
    expect(normalise(other, 200)).toBe(normal);
  });

  it('keeps names with a digit', () => {
    expect(normalise('OAuth2 and S3 over IPv6', 200)).toBe('OAuth2 and S3 over IPv6');
  });

  it('gives one line of at most the length asked for, whatever comes', () => {
    expect(normalise('a\r\n\u001b[31mFAKE\u202e\u0000', 200)).toBe('a [#mFAKE');
    fc.assert(
      fc.property(anyText(400), (text) => {
        const normal = normalise(text, 50);
        expect(normal.length).toBeLessThanOrEqual(50);
        expect(normal).not.toMatch(/[\p{Cc}\n\r]/u);
        expect(normalise(text, 50)).toBe(normal);
      }),
    );
  });
});
