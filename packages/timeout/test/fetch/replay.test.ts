import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { createFetch, type Resilience } from '../../src/fetch/index.ts';
import { InvalidOptionsError } from '../../src/index.ts';
import { cut, reply, serveScript } from './serve.ts';

const fetch = createFetch({ retry: { retries: 2, backoff: () => 0 } });
const POST = { method: 'POST', resilience: { idempotent: true } } as const;
const failing = (): ReturnType<typeof serveScript> =>
  serveScript(reply(500), cut('before'), reply(200));

function form(): FormData {
  const data = new FormData();
  data.set('a', 'é');
  data.set('file', new Blob(['content']), 'name.txt');
  return data;
}

describe('bodies that can be sent again', () => {
  it.each([
    ['a string', () => 'a=é'],
    ['URLSearchParams', () => new URLSearchParams({ a: 'é' })],
    ['a Blob', () => new Blob(['a=é'])],
    ['an ArrayBuffer', () => new TextEncoder().encode('a=é').buffer],
    ['bytes', () => new TextEncoder().encode('a=é')],
    ['a DataView', () => new DataView(new TextEncoder().encode('a=é').buffer)],
  ])('%s', async (_, make) => {
    const { url, seen } = await failing();
    expect((await fetch(url, { ...POST, body: make() })).status).toBe(200);
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ body }) => decodeURIComponent(body)))).toEqual(new Set(['a=é']));
  });

  it('FormData, files too', async () => {
    const { url, seen } = await failing();
    expect((await fetch(url, { ...POST, body: form() })).status).toBe(200);
    expect(seen).toHaveLength(3);
    for (const { body } of seen) {
      expect(body).toContain('é');
      expect(body).toContain('content');
    }
  });

  it('a Request, whose body is used up as with fetch', async () => {
    const { url, seen } = await failing();
    const request = new Request(url, { method: 'PUT', body: 'all of it', headers: { 'x-a': 'b' } });
    expect((await fetch(request)).status).toBe(200);
    expect(seen.map(({ body, headers }) => [body, headers['x-a']])).toEqual(
      [1, 2, 3].map(() => ['all of it', 'b']),
    );
    expect(request.bodyUsed).toBe(true);
    await expect(fetch(request)).rejects.toBeInstanceOf(TypeError);
  });

  it('a Request is not cloned when nothing can be repeated', async () => {
    const { url } = await serveScript(reply(200));
    const request = new Request(url, { method: 'PUT', body: 'x' });
    const clone = vi.spyOn(request, 'clone');
    await createFetch()(request);
    expect(clone).not.toHaveBeenCalled();
    const bare = new Request(url);
    const cloneOfBare = vi.spyOn(bare, 'clone');
    await fetch(bare);
    expect(cloneOfBare).not.toHaveBeenCalled();
  });

  it('a body of init goes before that of the Request', async () => {
    const { url, seen } = await failing();
    const request = new Request(url, { method: 'PUT', body: 'of the request' });
    expect((await fetch(request, { method: 'PUT', body: 'of init' })).status).toBe(200);
    expect(seen.map(({ body }) => body)).toEqual(['of init', 'of init', 'of init']);
  });
});

describe('streams', () => {
  const stream = (): ReadableStream =>
    Readable.toWeb(Readable.from([Buffer.from('once')])) as ReadableStream;

  it('are sent once, whatever comes of it', async () => {
    const { url, seen } = await failing();
    const init = { ...POST, body: stream(), duplex: 'half' } as const;
    expect((await fetch(url, init)).status).toBe(500);
    const { url: cutting, seen: seenCut } = await serveScript(cut('before'), reply(200));
    await expect(fetch(cutting, { ...init, body: stream() })).rejects.toBeInstanceOf(TypeError);
    expect([seen.length, seenCut.length]).toEqual([1, 1]);
  });

  it('nor is anything else that may be read up', async () => {
    const { url, seen } = await failing();
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('once');
    }
    const body = pieces() as unknown as ReadableStream;
    expect((await fetch(url, { ...POST, body, duplex: 'half' } as never)).status).toBe(500);
    expect(seen.map((one) => one.body)).toEqual(['once']);
  });

  it('are made anew by resilience.body', async () => {
    const { url, seen } = await failing();
    const body = vi.fn(async () => stream());
    const resilience: Resilience = { idempotent: true, body };
    expect((await fetch(url, { method: 'POST', resilience })).status).toBe(200);
    expect(seen.map((one) => one.body)).toEqual(['once', 'once', 'once']);
    expect(body).toHaveBeenCalledTimes(3);
  });

  it('a body that cannot be made is the result, and is not tried again', async () => {
    const error = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    const body = vi.fn(async (): Promise<string> => Promise.reject(error));
    const resilience: Resilience = { body, idempotent: true };
    const outcome = fetch('http://localhost/', { method: 'POST', resilience });
    await expect(outcome).rejects.toBe(error);
    expect(body).toHaveBeenCalledTimes(1);
  });
});

describe('arguments', () => {
  it('a Request as init', async () => {
    const { url, seen } = await failing();
    const init = new Request('http://localhost/', {
      method: 'PUT',
      body: 'x',
      headers: { a: 'b' },
    });
    expect((await fetch(url, init as never)).status).toBe(200);
    expect(seen.map(({ method, body, headers }) => [method, body, headers['a']])).toEqual(
      [1, 2, 3].map(() => ['PUT', 'x', 'b']),
    );
  });

  it.each([
    [{ idempotency: true }, /idempotency: no such option/],
    [{ idempotencyKey: '' }, /idempotencyKey: expected/],
  ])('resilience %j is refused', async (resilience, message) => {
    const outcome = fetch('http://localhost/', { resilience: resilience as Resilience });
    await expect(outcome).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(outcome).rejects.toThrow(message);
  });
});

describe('Idempotency-Key', () => {
  it('is made once for all attempts, and anew for each call', async () => {
    const { url, seen } = await failing();
    const resilience: Resilience = { idempotencyKey: true };
    await fetch(url, { method: 'POST', body: 'x', headers: { 'x-a': 'b' }, resilience });
    await fetch(url, { method: 'POST', body: 'x', resilience });
    const keys = seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(4);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    expect(keys[3]).not.toBe(keys[0]);
    expect(seen[0]?.headers['x-a']).toBe('b');
  });

  it("is the caller's, if there is one", async () => {
    const { url, seen } = await serveScript(reply(200));
    await fetch(url, { method: 'POST', resilience: { idempotencyKey: 'mine' } });
    const headers = { 'Idempotency-Key': 'header' };
    await fetch(url, { method: 'POST', headers, resilience: { idempotencyKey: true } });
    await fetch(new Request(url, { method: 'POST', headers }), {
      resilience: { idempotencyKey: 'mine' },
    });
    expect(seen.map((one) => one.headers['idempotency-key'])).toEqual(['mine', 'header', 'header']);
  });

  it('leaves the headers of the caller alone', async () => {
    const { url } = await serveScript(reply(200));
    const headers = new Headers({ 'x-a': 'b' });
    await fetch(url, { method: 'POST', headers, resilience: { idempotencyKey: true } });
    expect([...headers]).toEqual([['x-a', 'b']]);
  });
});
