import { describe, expect, it } from 'vitest';
import { createFetch, type Fetch } from '../../src/fetch/index.ts';
import { steppedClock } from './serve.ts';

/** As of another copy of undici: its methods refuse every other Response. */
class ForeignResponse {
  readonly #inner: Response;
  constructor(inner: Response) {
    this.#inner = inner;
  }
  get body(): unknown {
    return this.#inner.body;
  }
  get bodyUsed(): boolean {
    return this.#inner.bodyUsed;
  }
  get headers(): Headers {
    return this.#inner.headers;
  }
  get status(): number {
    return this.#inner.status;
  }
  text(): Promise<string> {
    return this.#inner.text();
  }
  clone(): ForeignResponse {
    return new ForeignResponse(this.#inner.clone());
  }
}
const foreign =
  (inner: ForeignResponse): Fetch =>
  async () =>
    inner as unknown as Response;

describe('a Response of another make', () => {
  it.each([undefined, '10s'] as const)('is read, cloned and streamed: idle %s', async (idle) => {
    const clock = steppedClock();
    const send = foreign(new ForeignResponse(new Response('abc')));
    const response = await createFetch({ clock, bodyIdleTimeout: idle, fetch: send })('http://a/');
    const copy = response.clone();
    expect(await response.text()).toBe('abc');
    expect(await new Response(copy.body).text()).toBe('abc');
    expect(clock.delays).toEqual([]);
  });

  it.each([undefined, '10s'] as const)(
    'may be a stream of chunks that others hold, too: idle %s',
    async (idle) => {
      const clock = steppedClock();
      const mine = new TextEncoder().encode('a');
      const chunks = [mine, new Uint8Array(), Buffer.from('b'), new TextEncoder().encode('c')];
      const send: Fetch = async () =>
        new Response(
          new ReadableStream({
            start(controller) {
              for (const chunk of chunks) controller.enqueue(chunk);
              controller.close();
            },
          }),
        );
      const fetch = createFetch({ clock, bodyIdleTimeout: idle, fetch: send });
      const response = await fetch('http://a/');
      const copy = response.clone();
      expect(await response.text()).toBe('abc');
      expect(await new Response(copy.body).text()).toBe('abc');
      expect([mine.byteLength, clock.delays]).toEqual([1, []]);
    },
  );

  it('times out all the same', async () => {
    const clock = steppedClock();
    const send = foreign(new ForeignResponse(new Response(new ReadableStream())));
    const response = await createFetch({ clock, bodyIdleTimeout: '1s', fetch: send })('http://a/');
    const text = response.text().catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await text).toMatchObject({ scope: 'body-idle' });
    expect(clock.delays).toEqual([]);
  });

  it('may come from another made fetch, whose limits end with the body, too', async () => {
    const clock = steppedClock();
    const send: Fetch = async () => new Response('abc');
    const inner = createFetch({ clock, timeout: '20s', bodyIdleTimeout: '1s', fetch: send });
    const fetch = createFetch({ clock, bodyIdleTimeout: '2s', fetch: inner });
    const response = await fetch('http://a/');
    expect(clock.delays.toSorted((a, b) => a - b)).toEqual([20_000, 30_000]);
    const copy = response.clone();
    expect(await response.text()).toBe('abc');
    expect(await new Response(copy.body).text()).toBe('abc');
    expect(clock.delays).toEqual([]);
    await (await fetch('http://a/')).body?.cancel();
    expect(clock.delays).toEqual([]);
  });

  it('may have a body that is no web stream', async () => {
    class OldResponse extends ForeignResponse {
      override get body(): unknown {
        return { pipe: () => {} };
      }
    }
    const clock = steppedClock();
    const send = foreign(new OldResponse(new Response('abc')));
    const fetch = createFetch({ clock, bodyIdleTimeout: '1s', fetch: send });
    expect(await (await fetch('http://a/')).text()).toBe('abc');
    await fetch('http://a/');
    await clock.advance(30_000);
    expect(clock.delays).toEqual([]);
  });
});
