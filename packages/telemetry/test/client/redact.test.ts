import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/client/redact.ts';
import { plainJson } from '../../src/plain-json.ts';

const redactor = createRedactor(['password', 'Authorization', /token/]);
const redacted = (value: unknown): unknown =>
  JSON.parse(plainJson(value, Infinity, redactor) ?? 'null');
const R = '[Redacted]';

describe('keys', () => {
  it('are found at any depth, in any case, by name or by pattern', () => {
    const value = {
      Password: 1,
      list: [{ deep: { authorization: 'Bearer x' } }],
      accessToken: { all: 'of it' },
      passwords: 'not named',
      password_hint: 'nor this',
    };
    expect(redacted(value)).toEqual({
      Password: R,
      list: [{ deep: { authorization: R } }],
      accessToken: R,
      passwords: 'not named',
      password_hint: 'nor this',
    });
  });

  it('hide a value without reading it', () => {
    const value = {
      get password(): never {
        throw new Error('was read');
      },
    };
    expect(redacted(value)).toEqual({ password: R });
  });

  it('of the object that toJSON returns count too', () => {
    expect(redacted({ toJSON: () => ({ password: 1 }) })).toEqual({ password: R });
  });

  it('match a pattern again and again, whatever its flags', () => {
    const global = createRedactor([/se.ret/gy]);
    const keys = Array.from({ length: 6 }, () => global.replacementOf('SECRET'));
    expect(new Set(keys)).toEqual(new Set([R]));
  });

  it('are judged alike after more of them than are remembered', () => {
    for (let n = 0; n < 5_000; n += 1) {
      expect(redactor.replacementOf(`key${n}`)).toBeUndefined();
      expect(redactor.replacementOf('PASSWORD')).toBe(R);
    }
  });
});

describe('URLs', () => {
  it.each([
    ['https://a.test/b?token=s3cret&x=1#y', `https://a.test/b?token=${R}&x=1#y`],
    ['/reset?x=1&Reset_Token=s3cret', `/reset?x=1&Reset_Token=${R}`],
    ['https://a.test/#access_token=s3cret&x=1', `https://a.test/#access_token=${R}&x=1`],
    ['https://a.test/?tok%65n=s3cret', `https://a.test/?tok%65n=${R}`],
    ['https://a.test/?user[password]=s3cret', `https://a.test/?user[password]=${R}`],
    ['?a=1;password=s3cret', `?a=1;password=${R}`],
    ['GET "https://a.test/?password=s3cret" failed', `GET "https://a.test/?password=${R}" failed`],
    [
      'https://a.test/?next=%2Fb%3Ftoken%3Ds3cret%26y%3D1',
      `https://a.test/?next=${encodeURIComponent(`/b?token=${R}&y=1`)}`,
    ],
    ['postgres://u:s3cret@db:5432/x', `postgres://${R}@db:5432/x`],
    ['https://u:s3@cret@a.test/', `https://${R}@a.test/`],
    ['https://a.test/?q=100%&token=s3cret', `https://a.test/?q=100%&token=${R}`],
  ])('%s', (url, expected) => {
    expect(redacted({ url })).toEqual({ url: expected });
    expect(redacted([expected])).toEqual([expected]); // twice is the same
  });

  it.each(['a = b', 'mail me@a.test', 'https://a.test/?q=1&r=%zz', 'token=s3cret', '//a/b@c'])(
    'leave %s alone',
    (text) => {
      expect(redacted(text)).toBe(text);
    },
  );

  it('no secret parameter survives, wherever it is', () => {
    const word = fc.stringMatching(/^[a-z]{1,5}$/);
    const pair = fc.tuple(word, word).map(([a, b]) => `${a}=${b}`);
    const query = fc.tuple(fc.array(pair, { maxLength: 4 }), fc.nat(4));
    fc.assert(
      fc.property(query, ([pairs, at]) => {
        const all = pairs.toSpliced(at, 0, 'password=S3CRET').join('&');
        const once = `https://a.test/?${all}`;
        const twice = `https://b.test/?u=${encodeURIComponent(once)}`;
        const thrice = `https://c.test/?v=${encodeURIComponent(twice)}`;
        for (const url of [once, twice, thrice]) {
          expect(decodeURIComponent(JSON.stringify(redacted({ url })))).not.toContain('S3CRET');
        }
      }),
    );
  });

  it('costs no more for hostile text than for long text', () => {
    const shapes = ['://', '?a=', '&', '%25', '?a=%', '=', '://a@'];
    for (const shape of shapes) {
      const text = shape.repeat(20_000);
      expect(typeof redactor.scrub(text)).toBe('string');
    }
  });
});
