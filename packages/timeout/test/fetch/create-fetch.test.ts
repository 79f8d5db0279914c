import { getEventListeners } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createFetch } from '../../src/fetch/index.ts';
import { type Clock, InvalidOptionsError, TimeoutError } from '../../src/index.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`;
}

/** Runs the one timer that is set when told to. */
function handClock(): Clock & { ring(): void; readonly pending: number } {
  const timers = new Map<number, () => void>();
  let last = 0;
  return {
    now: () => 0,
    monotonic: () => 0,
    setTimeout(callback) {
      timers.set((last += 1), callback);
      return last;
    },
    clearTimeout: (timer) => {
      timers.delete(timer as number);
    },
    ring() {
      for (const callback of timers.values()) callback();
    },
    get pending() {
      return timers.size;
    },
  };
}

describe('createFetch', () => {
  it('resolves to the very response, and ends its timer when the body has been read', async () => {
    const url = await serve((_, response) => {
      response.setHeader('content-type', 'application/json').end('{"ok":true}');
    });
    const clock = handClock();
    const response = await createFetch({ clock })(url);
    expect(response).toBeInstanceOf(Response);
    expect(response.url).toBe(url);
    expect(response.status).toBe(200);
    expect(clock.pending).toBe(1);
    expect(await response.json()).toEqual({ ok: true });
    expect(response.bodyUsed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it.each(['arrayBuffer', 'blob', 'bytes', 'text'] as const)('reads %s()', async (reader) => {
    const url = await serve((_, response) => response.end('abc'));
    const clock = handClock();
    const body = await (await createFetch({ clock })(url))[reader]();
    expect(await new Response(body).text()).toBe('abc');
    expect(clock.pending).toBe(0);
  });

  it('streams the body, byte readers and iteration alike', async () => {
    const url = await serve((_, response) => {
      response.write('first,');
      response.end('second');
    });
    const clock = handClock();
    const fetch = createFetch({ clock });
    let iterated = '';
    for await (const chunk of (await fetch(url)).body ?? []) {
      iterated += new TextDecoder().decode(chunk);
    }
    expect(iterated).toBe('first,second');
    const reader = (await fetch(url)).body?.getReader({ mode: 'byob' });
    let bytes = '';
    for (;;) {
      const part = await reader?.read(new Uint8Array(4));
      if (part === undefined || part.done) break;
      bytes += new TextDecoder().decode(part.value);
    }
    expect(bytes).toBe('first,second');
    expect(clock.pending).toBe(0);
  });

  it('leaves text() usable after a look at body, as fetch does', async () => {
    const url = await serve((_, response) => response.end('abc'));
    const response = await createFetch()(url);
    expect(response.body).toBeInstanceOf(ReadableStream);
    expect(response.body).toBe(response.body);
    expect(await response.text()).toBe('abc');
    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
  });

  it('ends its timer at once when there is no body', async () => {
    const url = await serve((_, response) => response.writeHead(204).end());
    const clock = handClock();
    expect((await createFetch({ clock })(url)).body).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it('ends its timer when the body is cancelled', async () => {
    const url = await serve((_, response) => {
      response.write('first');
    });
    const clock = handClock();
    const response = await createFetch({ clock })(url);
    await response.body?.cancel();
    expect(clock.pending).toBe(0);
  });

  it('rejects when the headers do not come', async () => {
    const url = await serve(() => {});
    const clock = handClock();
    const outcome = createFetch({ timeout: '10s', clock })(url).catch((error: unknown) => error);
    clock.ring();
    const error = await outcome;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ scope: 'total', timeoutMs: 10_000 });
    expect(clock.pending).toBe(0);
  });

  it.each(['text', 'stream', 'clone'] as const)('cuts off a stalled body: %s', async (how) => {
    const url = await serve((_, response) => {
      response.write('first');
    });
    const clock = handClock();
    const response = await createFetch({ clock })(url);
    const read =
      how === 'stream'
        ? new Response(response.body).text()
        : (how === 'clone' ? response.clone() : response).text();
    const outcome = read.catch((error: unknown) => error);
    clock.ring();
    expect(await outcome).toBeInstanceOf(TimeoutError);
    expect(clock.pending).toBe(0);
  });

  it.each<[string, (response: Response) => Promise<Promise<unknown>[]>]>([
    ['text', async (response) => [response.text(), response.text()]],
    ['cancel', async (response) => [response.text(), Promise.resolve(response.body?.cancel())]],
    [
      'stream',
      async (response) => {
        const reader = response.body?.getReader();
        const ofLocked = await response.text().catch((error: unknown) => error);
        await reader?.read();
        return [Promise.resolve(reader?.read()), response.text(), Promise.reject(ofLocked)];
      },
    ],
  ])('goes on watching a body of which a second reading is refused: %s', async (_, begin) => {
    const url = await serve((_request, response) => {
      response.write('first');
    });
    const clock = handClock();
    const [first, ...others] = await begin(await createFetch({ clock })(url));
    const outcomes = Promise.allSettled(others);
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.pending).toBe(1);
    clock.ring();
    await expect(first).rejects.toBeInstanceOf(TimeoutError);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) });
    }
    expect(clock.pending).toBe(0);
  });

  it('waits for both bodies of a clone', async () => {
    const url = await serve((_, response) => response.end('abc'));
    const clock = handClock();
    const response = await createFetch({ clock })(url);
    const copy = response.clone();
    expect(await response.text()).toBe('abc');
    expect(clock.pending).toBe(1);
    expect(await copy.text()).toBe('abc');
    expect(clock.pending).toBe(0);
  });

  it("rejects with the caller's identical reason and leaves no listener on the signal", async () => {
    const url = await serve((request, response) => {
      if (request.url === '/path') response.write('first');
    });
    const fetch = createFetch();
    const waiting = new AbortController();
    const hung = fetch(url.replace('/path', '/hang'), { signal: waiting.signal });
    const reading = new AbortController();
    const stalled = (await fetch(url, { signal: reading.signal })).text();
    const outcomes = Promise.allSettled([hung, stalled]);
    waiting.abort('first reason');
    reading.abort('second reason');
    expect(await outcomes).toEqual([
      { status: 'rejected', reason: 'first reason' },
      { status: 'rejected', reason: 'second reason' },
    ]);
    expect(getEventListeners(waiting.signal, 'abort')).toEqual([]);
    expect(getEventListeners(reading.signal, 'abort')).toEqual([]);
  });

  it('obeys the signal of a Request, and init before it', async () => {
    const url = await serve(() => {});
    const fetch = createFetch();
    const request = new Request(url, { signal: AbortSignal.abort('of the request') });
    await expect(fetch(request)).rejects.toBe('of the request');
    await expect(fetch(request, { signal: AbortSignal.abort('of init') })).rejects.toBe('of init');
  });

  it("never hands the caller's signal to the underlying fetch", async () => {
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    const fetch = createFetch({
      fetch: async (_, init) => {
        seen.push(init?.signal);
        return new Response('x');
      },
    });
    await (await fetch('http://localhost/', { signal })).text();
    expect(seen[0]).toBeInstanceOf(AbortSignal);
    expect(seen[0]).not.toBe(signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('cuts off an underlying fetch and a body that ignore their signal', async () => {
    const clock = handClock();
    const deaf = createFetch({ clock, fetch: () => new Promise(() => {}) });
    const outcome = deaf('http://localhost/').catch((error: unknown) => error);
    clock.ring();
    expect(await outcome).toBeInstanceOf(TimeoutError);
    const silent = createFetch({ clock, fetch: async () => new Response(new ReadableStream()) });
    const text = (await silent('http://localhost/')).text().catch((error: unknown) => error);
    clock.ring();
    expect(await text).toBeInstanceOf(TimeoutError);
  });

  it('passes on the failure of the network and ends its timer', async () => {
    const url = await serve((request) => request.socket.destroy());
    const clock = handClock();
    await expect(createFetch({ clock })(url)).rejects.toBeInstanceOf(TypeError);
    expect(clock.pending).toBe(0);
  });

  it.each([0, -1, 'soon'])('refuses a timeout of %s at construction', (timeout) => {
    expect(() => createFetch({ timeout: timeout as number })).toThrow(InvalidOptionsError);
  });
});
